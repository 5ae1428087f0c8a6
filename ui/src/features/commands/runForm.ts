/** What a person has entered on "Run a command", what is wrong with it, and the request it makes. */
import type { Command, SendCommandInput, Target } from '../../api/operations';
import type { TagField } from '../../components/TagFields';
import type { TextKey } from '../../i18n';
import { fromWire, type ParameterRule, problemOf, toWire } from './parameters';

export type TargetMode = 'ids' | 'tags' | 'tagKeys';

export interface RunForm {
  document: string;
  version: string;
  /** Fields touched, by parameter; the rest are as the document or the earlier command has them. */
  fields: Record<string, string>;
  /** Values of an earlier command, as they were sent. */
  given: Record<string, string[]>;
  mode: TargetMode;
  ids: string[];
  tags: TagField[];
  tagKeys: string;
  comment: string;
  timeout: string;
  concurrency: string;
  errors: string;
}

export const DEFAULT_VERSION = '$DEFAULT';
const MOST_IDS = 50;
const MOST_TARGETS = 5;

export function emptyForm(document: string, version: string | undefined, ids: string[]): RunForm {
  return {
    document,
    version: version ?? DEFAULT_VERSION,
    fields: {},
    given: {},
    mode: 'ids',
    ids,
    tags: [{ key: '', value: '' }],
    tagKeys: '',
    comment: '',
    timeout: '3600',
    concurrency: '50',
    errors: '0',
  };
}

/** The form as it was when an earlier command was sent. */
export function formOf(command: Command): RunForm {
  const form = emptyForm(command.DocumentName ?? '', command.DocumentVersion || undefined, command.InstanceIds ?? []);
  form.given = command.Parameters ?? {};
  form.comment = command.Comment ?? '';
  form.timeout = String(command.TimeoutSeconds ?? form.timeout);
  form.concurrency = command.MaxConcurrency ?? form.concurrency;
  form.errors = command.MaxErrors ?? form.errors;
  const targets = command.Targets ?? [];
  const ids = targets.find((target) => target.Key?.toLowerCase() === 'instanceids');
  const keys = targets.find((target) => target.Key === 'tag-key');
  const tags = targets.filter((target) => target.Key?.startsWith('tag:'));
  if (ids) form.ids = ids.Values ?? [];
  else if (tags.length > 0) {
    form.mode = 'tags';
    form.tags = tags.flatMap((target) => (target.Values ?? []).map((value) => ({ key: target.Key?.slice(4) ?? '', value })));
  } else if (keys) {
    form.mode = 'tagKeys';
    form.tagKeys = (keys.Values ?? []).join(', ');
  }
  return form;
}

export function fieldOf(form: RunForm, parameter: ParameterRule): string {
  const touched = form.fields[parameter.name];
  if (touched !== undefined) return touched;
  const given = form.given[parameter.name];
  return given ? fromWire(parameter, given) : parameter.default;
}

function listed(text: string): string[] {
  return [...new Set(text.split(',').map((part) => part.trim()).filter(Boolean))];
}

function tagTargets(tags: TagField[]): Target[] {
  const byKey = new Map<string, string[]>();
  for (const { key, value } of tags) {
    const name = key.trim();
    if (name) byKey.set(name, [...(byKey.get(name) ?? []), value]);
  }
  return [...byKey].map(([key, values]) => ({ Key: `tag:${key}`, Values: [...new Set(values)] }));
}

/** The nodes asked for, or undefined while there are none to ask for. */
export function targetsOf(form: RunForm): { InstanceIds: string[] } | { Targets: Target[] } | undefined {
  if (form.mode === 'ids') return form.ids.length > 0 ? { InstanceIds: form.ids } : undefined;
  const targets = form.mode === 'tags' ? tagTargets(form.tags) : [{ Key: 'tag-key', Values: listed(form.tagKeys) }].filter((target) => target.Values.length > 0);
  return targets.length > 0 ? { Targets: targets } : undefined;
}

export interface FormProblems {
  targets?: TextKey;
  concurrency?: TextKey;
  errors?: TextKey;
  timeout?: TextKey;
  comment?: TextKey;
  parameters: string[];
}

function targetProblem(form: RunForm): TextKey | undefined {
  if (form.mode === 'ids') return form.ids.length === 0 ? 'run.needNodes' : form.ids.length > MOST_IDS ? 'run.tooManyNodes' : undefined;
  if (form.mode === 'tagKeys') return listed(form.tagKeys).length === 0 ? 'run.needTagKeys' : undefined;
  const targets = tagTargets(form.tags);
  return targets.length === 0 ? 'run.needTags' : targets.length > MOST_TARGETS ? 'run.tooManyTags' : undefined;
}

/** Patterns and bounds of the API (semantics 1.5, 2.1.4). */
export function problemsOf(form: RunForm, parameters: ParameterRule[]): FormProblems {
  const seconds = Number(form.timeout);
  return {
    targets: targetProblem(form),
    concurrency: /^([1-9][0-9]*|[1-9][0-9]%|[1-9]%|100%)$/.test(form.concurrency) && form.concurrency.length <= 7 ? undefined : 'run.concurrencyInvalid',
    errors: /^([1-9][0-9]*|0|[1-9][0-9]%|[0-9]%|100%)$/.test(form.errors) && form.errors.length <= 7 ? undefined : 'run.errorsInvalid',
    timeout: /^\d+$/.test(form.timeout) && seconds >= 30 && seconds <= 2_592_000 ? undefined : 'run.timeoutInvalid',
    comment: [...form.comment].length <= 100 ? undefined : 'run.commentInvalid',
    parameters: parameters.filter((parameter) => problemOf(parameter, fieldOf(form, parameter))).map((parameter) => parameter.name),
  };
}

export function isSound(problems: FormProblems): boolean {
  const { parameters, ...rest } = problems;
  return parameters.length === 0 && Object.values(rest).every((problem) => problem === undefined);
}

export function inputOf(form: RunForm, parameters: ParameterRule[]): SendCommandInput {
  const values = parameters.flatMap((parameter): [string, string[]][] => {
    const value = toWire(parameter, fieldOf(form, parameter));
    return value === undefined ? [] : [[parameter.name, value]];
  });
  return {
    DocumentName: form.document,
    ...(form.version === DEFAULT_VERSION ? {} : { DocumentVersion: form.version }),
    ...targetsOf(form),
    ...(values.length > 0 ? { Parameters: Object.fromEntries(values) } : {}),
    ...(form.comment ? { Comment: form.comment } : {}),
    TimeoutSeconds: Number(form.timeout),
    MaxConcurrency: form.concurrency,
    MaxErrors: form.errors,
  };
}
