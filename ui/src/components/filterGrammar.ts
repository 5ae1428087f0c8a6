/**
 * The filter of a list, between its three forms: the text of an address, Cloudscape's tokens, and what the hub is asked.
 *
 * As text: `status=Online,ConnectionLost tag:role!=web name:seoul rack`. Conditions are set apart by spaces and hold all
 * together; values are set apart by commas and one of them is enough; words without a condition are looked for anywhere.
 * What has a meaning of its own stands in double quotes, in which `\` takes the next character as it is.
 */
import type { PropertyFilterProps } from '@cloudscape-design/components/property-filter';

/** `:` is "contains", `!:` its contrary; `<` and `>` compare versions and times. */
export type FilterOperator = '=' | '!=' | ':' | '!:' | '<' | '>';

/** One condition, as the hub reads it. */
export interface FilterEntry {
  key: string;
  op: FilterOperator;
  values: string[];
}

export interface ListFilter {
  entries: FilterEntry[];
  /** Looked for in whatever identifies a row. */
  search: string;
}

export const NO_FILTER: ListFilter = { entries: [], search: '' };
/** More than anyone types, and what the hub takes. */
const MAX_ENTRIES = 20;
const MAX_VALUES = 100;
const OPERATORS: readonly FilterOperator[] = ['!=', '!:', '=', ':', '<', '>'];
const TAG = 'tag:';
const SPECIAL = /[\s"\\,=:!<>]/;

/** Which keys a list knows; a tag's key is whatever people call it. */
export type KnownKey = (key: string) => boolean;

function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, (found) => `\\${found}`)}"`;
}

function word(text: string): string {
  return text === '' || SPECIAL.test(text) ? quoted(text) : text;
}

/** Reads a word or a quoted text at `at`; a word ends before any of `stops`. */
function readText(text: string, at: number, stops: RegExp): { value: string; end: number } {
  if (text[at] !== '"') {
    let end = at;
    while (end < text.length && !stops.test(text[end] ?? '')) end += 1;
    return { value: text.slice(at, end), end };
  }
  let value = '';
  let end = at + 1;
  while (end < text.length && text[end] !== '"') {
    if (text[end] === '\\' && end + 1 < text.length) end += 1;
    value += text[end];
    end += 1;
  }
  return { value, end: Math.min(end + 1, text.length) };
}

/** A condition that begins at `at`, if one does. */
function readEntry(text: string, at: number, known: KnownKey): { entry: FilterEntry; end: number } | undefined {
  let key: string;
  let end: number;
  if (text.startsWith(TAG, at)) {
    const name = readText(text, at + TAG.length, /[\s"=:!<>]/);
    if (name.value === '') return undefined;
    key = TAG + name.value;
    ({ end } = name);
  } else {
    const name = readText(text, at, /[\s"=:!<>]/);
    key = name.value;
    ({ end } = name);
    if (text[at] === '"' || !known(key)) return undefined;
  }
  const op = OPERATORS.find((operator) => text.startsWith(operator, end));
  if (!op) return undefined;
  end += op.length;
  const values: string[] = [];
  for (;;) {
    const read = readText(text, end, /[\s,]/);
    if (!values.includes(read.value)) values.push(read.value);
    ({ end } = read);
    if (text[end] !== ',') break;
    end += 1;
  }
  return { entry: { key, op, values: values.slice(0, MAX_VALUES) }, end };
}

export function parseFilter(text: string, known: KnownKey): ListFilter {
  const entries: FilterEntry[] = [];
  const words: string[] = [];
  let at = 0;
  while (at < text.length) {
    if (/\s/.test(text[at] ?? '')) {
      at += 1;
      continue;
    }
    const condition = readEntry(text, at, known);
    if (condition) {
      if (entries.length < MAX_ENTRIES) entries.push(condition.entry);
      at = condition.end;
      continue;
    }
    const free = readText(text, at, /[\s"]/);
    if (free.value !== '') words.push(free.value);
    at = Math.max(free.end, at + 1);
  }
  return { entries, search: words.join(' ') };
}

export function formatFilter({ entries, search }: ListFilter): string {
  const conditions = entries.map(({ key, op, values }) => {
    const name = key.startsWith(TAG) ? TAG + word(key.slice(TAG.length)) : key;
    return `${name}${op}${values.map(word).join(',')}`;
  });
  return [...conditions, ...(search === '' ? [] : [SPECIAL.test(search) ? quoted(search) : search])].join(' ');
}

/** A condition typed by hand where no property is offered for it, as `tag:role = web`: the spaces around the operator are meant. */
function typedEntry(text: string, known: KnownKey): FilterEntry | undefined {
  const match = /^\s*(tag:"(?:[^"\\]|\\.)*"|tag:[^=!<>]*?[^=!<>:\s]|[A-Za-z]+)\s*(!=|!:|=|:|<|>)\s*(.*?)\s*$/s.exec(text);
  if (!match) return undefined;
  const [, name = '', op = '=', value = ''] = match;
  const key = name.startsWith(`${TAG}"`) ? TAG + readText(name, TAG.length, /$^/).value : name;
  return key.startsWith(TAG) || known(key) ? { key, op: op as FilterOperator, values: [value] } : undefined;
}

/** A token is a condition. Alternatives chosen one after the other, as two tokens `status = …`, are alternatives still. */
export function fromTokens(query: PropertyFilterProps.Query, known: KnownKey): ListFilter {
  const entries: FilterEntry[] = [];
  const words: string[] = [];
  const add = (entry: FilterEntry) => {
    const same = entry.op === '=' ? entries.find((other) => other.key === entry.key && other.op === '=') : undefined;
    if (!same) entries.push({ ...entry, values: entry.values.slice(0, MAX_VALUES) });
    else for (const value of entry.values) if (!same.values.includes(value)) same.values.push(value);
  };
  for (const token of query.tokens) {
    const values = (Array.isArray(token.value) ? token.value : [token.value ?? '']).map(String);
    if (token.propertyKey) {
      if (values.length > 0) add({ key: token.propertyKey, op: token.operator as FilterOperator, values });
      continue;
    }
    const text = values.join(' ');
    const typed = typedEntry(text, known);
    if (typed) add(typed);
    else if (text.trim()) words.push(text.trim());
  }
  return { entries: entries.slice(0, MAX_ENTRIES), search: words.join(' ') };
}

/** Equality is a choice among values (`enum`); every other comparison has one value a token. */
export function toTokens({ entries, search }: ListFilter): PropertyFilterProps.Query {
  const tokens: PropertyFilterProps.Token[] = entries.flatMap(({ key, op, values }): PropertyFilterProps.Token[] =>
    op === '=' || op === '!=' ? [{ propertyKey: key, operator: op, value: values }] : values.length === 1 ? [{ propertyKey: key, operator: op, value: values[0] }] : [{ propertyKey: key, operator: op, value: values }],
  );
  if (search) tokens.push({ operator: ':', value: search });
  return { tokens, operation: 'and' };
}

export function isEmptyFilter({ entries, search }: ListFilter): boolean {
  return entries.length === 0 && search === '';
}
