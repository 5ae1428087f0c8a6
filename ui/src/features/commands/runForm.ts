/** What a person has entered on "Run a command", what is wrong with it, and the request it makes. */
import type { Command, SendCommandInput, Target } from '../../api/operations';
import type { TagField } from '../../components/TagFields';
import type { TextKey } from '../../i18n';
import { fromWire, type ParameterRule, problemOf, toWire } from './parameters';

/** `before`: as an earlier command had them, which the form can show but not say in its own fields. */
export type TargetMode = 'ids' | 'tags' | 'tagKeys' | 'before';
export type Targeting = Pick<SendCommandInput, 'InstanceIds' | 'Targets'>;

/** What an earlier command asked for beside the fields of the form; sent again as it was. */
const KEPT = ['OutputS3Region', 'OutputS3BucketName', 'OutputS3KeyPrefix', 'ServiceRoleArn', 'NotificationConfig', 'CloudWatchOutputConfig', 'AlarmConfiguration'] as const;
export type Kept = Pick<SendCommandInput, (typeof KEPT)[number]>;

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
  /** Targets of an earlier command that no other mode can hold. */
  before?: Targeting;
  kept: Kept;
  comment: string;
  timeout: string;
  concurrency: string;
  errors: string;
  /** SHA-256 of the content that is to run; what differs is refused. */
  hash?: string;
}

export const DEFAULT_VERSION = '$DEFAULT';
/** Nodes by id in one command, and in one run of this form, which sends as many commands as that takes. */
export const IDS_OF_A_COMMAND = 50;
export const MOST_IDS = 500;
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
    kept: {},
    comment: '',
    timeout: '3600',
    concurrency: '50',
    errors: '0',
  };
}

/** An empty list or structure is how an answer says that there is none. */
function isThere(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.values(value).some(isThere);
  return value !== undefined && value !== null && value !== '' && value !== false;
}

export function targetingOf(command: Pick<Command, 'InstanceIds' | 'Targets'>): Targeting {
  return {
    ...(command.InstanceIds?.length ? { InstanceIds: command.InstanceIds } : {}),
    ...(command.Targets?.length ? { Targets: command.Targets } : {}),
  };
}

export function keptOf(command: Command): Kept {
  const { ServiceRole, ...others } = command;
  const given: Kept = { ...others, ServiceRoleArn: ServiceRole };
  return Object.fromEntries(KEPT.filter((name) => isThere(given[name])).map((name) => [name, given[name]])) as Kept;
}

export function targetWords(target: Target): string {
  return `${target.Key ?? ''} = ${(target.Values ?? []).join(', ')}`;
}

function sameTargets(a: Targeting | undefined, b: Targeting): boolean {
  const plain = (one: Targeting | undefined) => JSON.stringify([one?.InstanceIds ?? [], (one?.Targets ?? []).map((target) => [target.Key ?? '', target.Values ?? []])]);
  return plain(a) === plain(b);
}

/** The fields that could hold the targets, by the look of the first one. */
function guess(wanted: Targeting): Partial<RunForm> {
  const targets = wanted.Targets ?? [];
  if (targets.length === 0) return { mode: 'ids', ids: wanted.InstanceIds ?? [] };
  if (targets[0]?.Key === 'tag-key') return { mode: 'tagKeys', tagKeys: (targets[0].Values ?? []).join(', ') };
  return { mode: 'tags', tags: targets.flatMap(({ Key = '', Values = [] }) => Values.map((value) => ({ key: Key.replace(/^tag:/, ''), value }))) };
}

/** Targets are combined with "and": a form that kept only some of them would run on more nodes than the earlier command did. */
export function withTargets(form: RunForm, wanted: Targeting): RunForm {
  const guessed = { ...form, ...guess(wanted) };
  if (sameTargets(targetsOf(guessed), wanted)) return guessed;
  const only = wanted.Targets?.length === 1 && !wanted.InstanceIds ? wanted.Targets[0] : undefined;
  const ids = only?.Key?.toLowerCase() === 'instanceids' ? (only.Values ?? []) : [];
  return isThere(wanted) ? { ...form, mode: 'before', before: wanted, ids } : { ...form, ids };
}

/** The form as it was when an earlier command was sent. */
export function formOf(command: Command): RunForm {
  const form = emptyForm(command.DocumentName ?? '', command.DocumentVersion || undefined, []);
  form.given = command.Parameters ?? {};
  form.comment = command.Comment ?? '';
  form.timeout = String(command.TimeoutSeconds ?? form.timeout);
  form.concurrency = command.MaxConcurrency ?? form.concurrency;
  form.errors = command.MaxErrors ?? form.errors;
  form.kept = keptOf(command);
  return withTargets(form, targetingOf(command));
}

/** The form of an earlier command, for other nodes than it had. */
export function onNodes(form: RunForm, ids: string[]): RunForm {
  return { ...form, mode: 'ids', ids, before: undefined };
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

/** A value whose key is missing: left out, it would widen the targets. */
function lacksKey(tags: TagField[]): boolean {
  return tags.some(({ key, value }) => key.trim() === '' && value !== '');
}

/** The nodes asked for, or undefined while there are none to ask for. */
export function targetsOf(form: RunForm): Targeting | undefined {
  if (form.mode === 'before') return form.before;
  if (form.mode === 'ids') return form.ids.length > 0 ? { InstanceIds: form.ids } : undefined;
  if (form.mode === 'tags' && lacksKey(form.tags)) return undefined;
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
  if (form.mode === 'before') return form.before ? undefined : 'run.needNodes';
  if (form.mode === 'ids') return form.ids.length === 0 ? 'run.needNodes' : form.ids.length > MOST_IDS ? 'run.tooManyNodes' : undefined;
  if (form.mode === 'tagKeys') return listed(form.tagKeys).length === 0 ? 'run.needTagKeys' : undefined;
  if (lacksKey(form.tags)) return 'nodes.tagNeedsKey';
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

/** The requests that the form makes: one, or for more nodes by id than one takes, as many as it takes. */
export function inputsOf(form: RunForm, parameters: ParameterRule[]): SendCommandInput[] {
  if (form.mode !== 'ids' || form.ids.length <= IDS_OF_A_COMMAND) return [inputOf(form, parameters)];
  const parts: string[][] = [];
  for (let at = 0; at < form.ids.length; at += IDS_OF_A_COMMAND) parts.push(form.ids.slice(at, at + IDS_OF_A_COMMAND));
  return parts.map((ids) => inputOf({ ...form, ids }, parameters));
}

export function inputOf(form: RunForm, parameters: ParameterRule[]): SendCommandInput {
  const values = parameters.flatMap((parameter): [string, string[]][] => {
    const value = toWire(parameter, fieldOf(form, parameter));
    return value === undefined ? [] : [[parameter.name, value]];
  });
  return {
    DocumentName: form.document,
    ...(form.version === DEFAULT_VERSION ? {} : { DocumentVersion: form.version }),
    ...(form.hash ? { DocumentHash: form.hash, DocumentHashType: 'Sha256' as const } : {}),
    ...targetsOf(form),
    ...(values.length > 0 ? { Parameters: Object.fromEntries(values) } : {}),
    ...(form.comment ? { Comment: form.comment } : {}),
    TimeoutSeconds: Number(form.timeout),
    MaxConcurrency: form.concurrency,
    MaxErrors: form.errors,
    ...form.kept,
  };
}
