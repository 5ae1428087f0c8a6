/** What may stand where the cursor is, for the document editor. */
import { FLOW_INPUTS, OLD_TOP_KEYS, PARAMETER_KEYS, PLUGINS, STEP_KEYS, TOP_KEYS, VALUES } from './schema';
import { type Format, type Place, placeAt } from './place';

export interface Suggestion {
  label: string;
  /** `plugin` says beside the name who runs it. */
  kind: 'key' | 'value' | 'plugin' | 'pluginElsewhere' | 'parameter';
  /** What is written for it. */
  text: string;
}

export interface Suggestions {
  from: number;
  options: Suggestion[];
}

/** Names of the declared parameters, found by their types: the text around them may be broken. */
export function declaredParameters(text: string, format: Format): string[] {
  if (format === 'JSON') {
    const declared = /"parameters"\s*:\s*\{([\s\S]*?)\}\s*,?\s*"(?:mainSteps|runtimeConfig|description|schemaVersion)"/.exec(text)?.[1] ?? text;
    return [...declared.matchAll(/"([A-Za-z0-9]+)"\s*:\s*\{\s*"/g)].map((match) => match[1] ?? '').filter((name) => name !== 'parameters' && name !== 'default');
  }
  const names: string[] = [];
  let column: number | undefined;
  let inside = false;
  for (const line of text.split('\n')) {
    const [, indent = '', key] = /^( *)["']?([A-Za-z0-9]+)["']?:/.exec(line) ?? [];
    if (key === undefined) continue;
    if (indent.length === 0) {
      inside = key === 'parameters';
      column = undefined;
    } else if (inside) {
      column ??= indent.length;
      if (indent.length === column) names.push(key);
    }
  }
  return names;
}

function keysAt({ path, item }: Place, whole: string): string[] {
  const [first, second, third] = path;
  if (first === undefined) return /["']?runtimeConfig["']?\s*:/.test(whole) || /["']?schemaVersion["']?\s*:\s*["']?1\.2/.test(whole) ? OLD_TOP_KEYS : TOP_KEYS;
  if (first === 'parameters' && path.length === 2) return PARAMETER_KEYS;
  if (first === 'mainSteps' && second === '[]') {
    if (third === undefined) return STEP_KEYS;
    if (third === 'inputs' && path.length === 3) return [...inputsOf(/["']?action["']?\s*:\s*["']?(aws:\w+)/.exec(item)?.[1]), ...FLOW_INPUTS];
    if (third === 'precondition' && path.length === 3) return ['StringEquals'];
  }
  if (first === 'runtimeConfig' && path.length === 1) return PLUGINS.map((plugin) => plugin.name);
  if (first === 'runtimeConfig' && path.length === 2) return ['properties'];
  if (first === 'runtimeConfig' && third === 'properties') return ['id', ...inputsOf(second)];
  return [];
}

function inputsOf(plugin: string | undefined): string[] {
  return PLUGINS.find((one) => one.name === plugin)?.inputs ?? [];
}

function valuesAt({ path, key }: Place): Suggestion[] {
  const [first, second, third] = path;
  if (key === 'action' && first === 'mainSteps' && third === undefined) {
    return PLUGINS.map(({ name, ours }) => ({ label: name, kind: ours ? 'plugin' : 'pluginElsewhere', text: name }));
  }
  const known = key !== undefined && (path.length === 0 ? key === 'schemaVersion' : first === 'parameters' ? PARAMETER_KEYS.includes(key) : second !== undefined);
  if (known && key !== undefined) return (VALUES[key] ?? []).map((value) => ({ label: value, kind: 'value', text: value }));
  if (path.includes('precondition')) return ['platformType', 'Linux', 'Windows', 'MacOS'].map((value) => ({ label: value, kind: 'value', text: value }));
  return [];
}

/** How a suggestion is written where it goes. */
function written(suggestion: Suggestion, place: Place, format: Format): string {
  const isKey = suggestion.kind === 'key';
  if (format === 'YAML') return isKey ? `${suggestion.text}: ` : /^\d/.test(suggestion.text) ? `'${suggestion.text}'` : suggestion.text;
  if (place.quoted) return suggestion.text;
  return isKey ? `"${suggestion.text}": ` : `"${suggestion.text}"`;
}

export function suggestionsAt(text: string, at: number, format: Format): Suggestions | undefined {
  const open = /\{\{\s*(\w*)$/.exec(text.slice(Math.max(0, at - 200), at));
  if (open) {
    const options = declaredParameters(text, format).map((name): Suggestion => ({ label: name, kind: 'parameter', text: name }));
    return options.length > 0 ? { from: at - (open[1] ?? '').length, options } : undefined;
  }
  const place = placeAt(text, at, format);
  const found: Suggestion[] = place.role === 'key' ? keysAt(place, text).map((key) => ({ label: key, kind: 'key', text: key })) : valuesAt(place);
  if (found.length === 0) return undefined;
  return { from: place.from, options: found.map((one) => ({ ...one, text: written(one, place, format) })) };
}
