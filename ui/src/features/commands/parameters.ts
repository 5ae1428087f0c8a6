/**
 * The parameters a document declares, as a form needs them: what to ask, what to accept, and how to put it on the wire.
 *
 * DescribeDocument leaves out most rules, so they are read from the content. Source: ssm documents, `parameters`
 * (types, allowedValues, allowedPattern, min/max, displayType); on the wire every value is a list of strings.
 */
export type ParameterType = 'String' | 'StringList' | 'Integer' | 'Boolean' | 'StringMap' | 'MapList';
const TYPES: ParameterType[] = ['String', 'StringList', 'Integer', 'Boolean', 'StringMap', 'MapList'];

export interface ParameterRule {
  name: string;
  type: ParameterType;
  description: string;
  required: boolean;
  /** As the form shows it. */
  default: string;
  allowedValues: string[];
  allowedPattern?: string;
  minItems?: number;
  maxItems?: number;
  minChars?: number;
  maxChars?: number;
  multiline: boolean;
}

export interface DocumentSummary {
  parameters: ParameterRule[];
  /** Step names as output is kept under: the plugin's name for schema 1.2, the step's for 2.x. */
  steps: string[];
  plugins: string[];
}

type Json = Record<string, unknown>;

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function text(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** A default or a wire value as the text of its form field. Lists of strings are one line each, maps are JSON. */
export function toField(type: ParameterType, value: unknown): string {
  if (type === 'StringList' && Array.isArray(value)) return value.map(text).join('\n');
  if ((type === 'StringMap' || type === 'MapList') && value !== undefined && value !== '') return typeof value === 'string' ? value : JSON.stringify(value, null, 2);
  return text(value);
}

/** A bound; some authors write it as text, and the hub takes it so. */
function whole(value: unknown): number | undefined {
  if (typeof value === 'string' && /^\d+$/.test(value)) return Number(value);
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : undefined;
}

function rule(name: string, declared: Json): ParameterRule {
  const type = TYPES.find((known) => known === declared.type) ?? 'String';
  return {
    name,
    type,
    description: text(declared.description),
    required: declared.default === undefined,
    default: toField(type, declared.default),
    allowedValues: Array.isArray(declared.allowedValues) ? declared.allowedValues.map(text) : [],
    allowedPattern: typeof declared.allowedPattern === 'string' ? declared.allowedPattern : undefined,
    minItems: whole(declared.minItems),
    maxItems: whole(declared.maxItems),
    minChars: whole(declared.minChars),
    maxChars: whole(declared.maxChars),
    multiline: declared.displayType === 'textarea',
  };
}

/** Reads a Command document's content as JSON. Throws on what is not JSON. */
export function readDocument(content: string): DocumentSummary {
  const document: unknown = JSON.parse(content);
  if (!isObject(document)) throw new SyntaxError('The document is not an object.');
  const declared = isObject(document.parameters) ? document.parameters : {};
  const parameters = Object.entries(declared).map(([name, value]) => rule(name, isObject(value) ? value : {}));
  const steps = Array.isArray(document.mainSteps) ? document.mainSteps.filter(isObject) : [];
  const plugins = isObject(document.runtimeConfig) ? Object.keys(document.runtimeConfig) : [];
  return {
    // What must be filled in comes first; otherwise the document's own order.
    parameters: [...parameters.filter((item) => item.required), ...parameters.filter((item) => !item.required)],
    steps: steps.length > 0 ? steps.map((step) => text(step.name)) : plugins,
    plugins: steps.length > 0 ? [...new Set(steps.map((step) => text(step.action)))] : plugins,
  };
}

export type ScriptLanguage = 'shell' | 'powershell' | 'python' | 'text';

/** The language of a script by its first line: `#!/usr/bin/env python3`, `#! /bin/bash -e`, `#!/usr/bin/env -S pwsh`. */
function byShebang(script: string): ScriptLanguage | undefined {
  const [, words] = /^#!\s*([^\r\n]+)/.exec(script) ?? [];
  if (words === undefined) return undefined;
  const program = words
    .split(/\s+/)
    .map((word) => word.split('/').at(-1) ?? '')
    .find((word) => word !== '' && word !== 'env' && !word.startsWith('-') && !word.includes('='));
  if (program === undefined) return undefined;
  if (/^(?:ba|da|z|k|a|fi)?sh$/.test(program)) return 'shell';
  if (/^(?:python|pypy)[\d.]*$/.test(program)) return 'python';
  return /^(?:pwsh|powershell)(?:\.exe)?(?:-preview)?$/.test(program) ? 'powershell' : 'text';
}

/** Which colours a script gets, if the parameter is one: the list of lines that a shell or PowerShell plugin runs. */
export function scriptLanguage(parameter: ParameterRule, plugins: string[], script = ''): ScriptLanguage | undefined {
  if (parameter.type !== 'StringList' || !(parameter.multiline || parameter.name === 'commands') || parameter.allowedValues.length > 0) return undefined;
  if (plugins.includes('aws:runShellScript')) return byShebang(script) ?? 'shell';
  return plugins.some((plugin) => plugin === 'aws:runPowerShellScript' || plugin === 'aws:psModule') ? 'powershell' : undefined;
}

/** The lines of a field. One line break at the very end is how editors close the last line, not a line of its own. */
export function linesOf(field: string): string[] {
  if (field === '') return [];
  const lines = field.replace(/\r\n/g, '\n').split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

/** What is sent for a field, or undefined to leave the parameter to its default. */
export function toWire(parameter: ParameterRule, field: string): string[] | undefined {
  if (field === parameter.default && !parameter.required) return undefined;
  if (parameter.type === 'StringList') return linesOf(field);
  return [parameter.type === 'Integer' ? field.trim() : field];
}

export function fromWire(parameter: ParameterRule, values: string[]): string {
  return parameter.type === 'StringList' ? values.join('\n') : (values[0] ?? '');
}

export interface Problem {
  rule: 'required' | 'allowed' | 'pattern' | 'minItems' | 'maxItems' | 'minChars' | 'maxChars' | 'integer' | 'boolean' | 'map' | 'mapList';
  value?: string;
  limit?: number;
}

/** Patterns are written for Java and Go; one that this engine cannot read is left to the hub. */
function matchesWhole(pattern: string, value: string): boolean {
  try {
    return new RegExp(`^(?:${pattern})$`, 's').test(value);
  } catch {
    return true;
  }
}

function problemOfEach(parameter: ParameterRule, value: string): Problem | undefined {
  if (parameter.allowedValues.length > 0 && !parameter.allowedValues.includes(value)) return { rule: 'allowed', value };
  if (parameter.allowedPattern && !matchesWhole(parameter.allowedPattern, value)) return { rule: 'pattern', value: parameter.allowedPattern };
  // In UTF-16 units, as the hub counts.
  const { length } = value;
  if (parameter.minChars !== undefined && length < parameter.minChars) return { rule: 'minChars', limit: parameter.minChars };
  if (parameter.maxChars !== undefined && length > parameter.maxChars) return { rule: 'maxChars', limit: parameter.maxChars };
  return undefined;
}

function problemOfCount(parameter: ParameterRule, count: number): Problem | undefined {
  if (parameter.minItems !== undefined && count < parameter.minItems) return { rule: 'minItems', limit: parameter.minItems };
  return parameter.maxItems !== undefined && count > parameter.maxItems ? { rule: 'maxItems', limit: parameter.maxItems } : undefined;
}

function problemOfJson(parameter: ParameterRule, field: string): Problem | undefined {
  try {
    const value: unknown = JSON.parse(field);
    if (parameter.type === 'StringMap' && !isObject(value)) return { rule: 'map' };
    if (parameter.type === 'MapList' && !(Array.isArray(value) && value.every(isObject))) return { rule: 'mapList' };
    const items = Array.isArray(value) ? (value as unknown[]) : [value];
    if (parameter.type === 'MapList') {
      const wrong = problemOfCount(parameter, items.length);
      if (wrong) return wrong;
    }
    for (const item of items) {
      const wrong = problemOfEach(parameter, JSON.stringify(item));
      if (wrong) return wrong;
    }
    return undefined;
  } catch {
    return { rule: parameter.type === 'StringMap' ? 'map' : 'mapList' };
  }
}

/** What is wrong with a field, if anything; the same rules as the hub, so that a person learns of it while typing. */
export function problemOf(parameter: ParameterRule, field: string): Problem | undefined {
  const values = parameter.type === 'StringList' ? linesOf(field) : [field];
  const empty = parameter.type === 'StringList' ? values.every((line) => line.trim() === '') : field.trim() === '';
  if (empty && parameter.required) return { rule: 'required' };
  if (field === parameter.default) return undefined;
  if (parameter.type === 'Integer') return /^-?\d+$/.test(field.trim()) ? problemOfEach(parameter, field.trim()) : { rule: 'integer' };
  if (parameter.type === 'Boolean') return ['true', 'false'].includes(field) ? undefined : { rule: 'boolean' };
  if (parameter.type === 'StringMap' || parameter.type === 'MapList') return problemOfJson(parameter, field);
  if (parameter.type === 'StringList') {
    const wrong = problemOfCount(parameter, values.length);
    if (wrong) return wrong;
  }
  for (const value of values) {
    const problem = problemOfEach(parameter, value);
    if (problem) return problem;
  }
  return undefined;
}
