/**
 * Where in a document the cursor is: below which keys, and whether a key or a value is being written. Read from the text
 * before it, line by line for YAML and sign by sign for JSON, because a document that is being written is broken most of the time.
 */
export interface Place {
  /** Keys above, outermost first; `[]` is an item of a list. */
  path: string[];
  role: 'key' | 'value';
  /** The key whose value is being written. */
  key?: string;
  /** Where the word being written begins. */
  from: number;
  /** JSON: it is inside quotes. */
  quoted: boolean;
  /** The text of the innermost item of a list that holds the cursor, or of the whole document. */
  item: string;
}

export type Format = 'JSON' | 'YAML';

export function placeAt(text: string, at: number, format: Format): Place {
  return format === 'YAML' ? inYaml(text, at) : inJson(text, at);
}

interface Line {
  /** Column of the first dash; -1 without one. */
  dash: number;
  /** Column at which the key, or what stands in its place, begins. */
  column: number;
  key?: string;
  /** What follows the colon. */
  value: string;
}

function readLine(line: string): Line {
  const [, indent = '', dashes = '', rest = ''] = /^( *)((?:- +|-$)*)(.*)$/.exec(line) ?? [];
  const [, , key, value = ''] = /^(["']?)([\w$.:-]*[\w$.-])\1\s*:(?:\s+(.*))?$/.exec(rest) ?? [];
  return { dash: dashes === '' ? -1 : indent.length, column: indent.length + dashes.length, key, value: key === undefined ? rest : value };
}

function inYaml(text: string, at: number): Place {
  const before = text.slice(0, at).split('\n');
  const typed = before.pop() ?? '';
  const here = readLine(typed);
  const path: string[] = [];
  let column = here.column;
  // An item stands under a key of the same column or less; a key under one of less.
  let sameColumn = false;
  if (here.dash >= 0) {
    path.unshift('[]');
    column = here.dash;
    sameColumn = true;
  }
  let itemFrom = here.dash >= 0 ? before.length : -1;
  let itemColumn = here.dash;
  for (let index = before.length - 1; index >= 0; index -= 1) {
    const line = readLine(before[index] ?? '');
    if ((before[index] ?? '').trim() === '' || (line.key === undefined && line.dash < 0)) continue;
    const above = line.key !== undefined && (line.column < column || (sameColumn && line.column === column && line.dash < 0));
    const beside = line.dash >= 0 && line.column === column && !sameColumn;
    if (!above && !beside) continue;
    if (above) path.unshift(line.key ?? '');
    column = line.column;
    sameColumn = false;
    if (line.dash >= 0) {
      path.unshift('[]');
      column = line.dash;
      sameColumn = true;
      if (itemFrom < 0) [itemFrom, itemColumn] = [index, line.dash];
    }
  }
  const isValue = here.key !== undefined && /:\s/.test(typed);
  const word = /[\w$.:/-]*$/.exec(isValue ? here.value : typed)?.[0] ?? '';
  return { path, role: isValue ? 'value' : 'key', key: isValue ? here.key : undefined, from: at - word.length, quoted: false, item: itemFrom < 0 ? text : yamlItem(text.split('\n').slice(itemFrom), itemColumn) };
}

/** The lines of an item, up to the next line that stands no deeper than its dash. */
function yamlItem(lines: string[], dash: number): string {
  const end = lines.findIndex((line, index) => index > 0 && line.trim() !== '' && (/^ */.exec(line)?.[0].length ?? 0) <= dash);
  return lines.slice(0, end < 0 ? lines.length : end).join('\n');
}

interface Open {
  kind: '{' | '[';
  /** Under which key of the one around it. */
  under: string;
  from: number;
  key?: string;
  /** In a map: a value comes next. */
  afterColon: boolean;
}

function inJson(text: string, at: number): Place {
  const open: Open[] = [];
  let quoteFrom = -1;
  let last = '';
  for (let index = 0; index < at; index += 1) {
    const sign = text[index] ?? '';
    const top = open.at(-1);
    if (quoteFrom >= 0) {
      if (sign === '\\') index += 1;
      else if (sign === '"') {
        last = text.slice(quoteFrom + 1, index);
        quoteFrom = -1;
      }
    } else if (sign === '"') quoteFrom = index;
    else if (sign === '{' || sign === '[') open.push({ kind: sign, under: top?.kind === '{' ? (top.key ?? '') : '[]', from: index, afterColon: false });
    else if (sign === '}' || sign === ']') open.pop();
    else if (sign === ':' && top?.kind === '{') Object.assign(top, { key: last, afterColon: true });
    else if (sign === ',' && top) Object.assign(top, { key: undefined, afterColon: false });
  }
  const top = open.at(-1);
  const quoted = quoteFrom >= 0;
  const word = quoted ? text.slice(quoteFrom + 1, at) : (/[\w$.:/-]*$/.exec(text.slice(0, at))?.[0] ?? '');
  const isValue = top === undefined || top.kind === '[' || top.afterColon;
  const inner = open.findLast((one) => one.under === '[]' && one.kind === '{' && one !== open[0]);
  return {
    path: open.slice(1).map((one) => one.under),
    role: isValue ? 'value' : 'key',
    key: top?.kind === '{' && isValue ? top.key : undefined,
    from: at - word.length,
    quoted,
    item: inner ? jsonItem(text, inner.from) : text,
  };
}

/** The text of a map from its brace to the one that closes it, or to the end where none does. */
function jsonItem(text: string, from: number): string {
  let depth = 0;
  let inString = false;
  for (let index = from; index < text.length; index += 1) {
    const sign = text[index];
    if (inString) {
      if (sign === '\\') index += 1;
      else if (sign === '"') inString = false;
    } else if (sign === '"') inString = true;
    else if (sign === '{') depth += 1;
    else if (sign === '}' && (depth -= 1) === 0) return text.slice(from, index + 1);
  }
  return text.slice(from);
}
