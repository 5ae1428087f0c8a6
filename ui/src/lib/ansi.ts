/**
 * Terminal colours in output that is shown as text: colours and bold become spans, every other escape goes.
 *
 * A carriage return inside a line means that what follows overwrote it (progress bars), so the last part is shown.
 */
export interface Span {
  text: string;
  /** 0-15, as in the 16-colour palette. */
  colour?: number;
  bold?: boolean;
}

// oxlint-disable-next-line no-control-regex -- escape sequences start with a control character
const ESCAPE = /\u001b(?:\[([0-9;:?<=>]*)[ -/]*([@-~])|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[PX^_][^\u001b]*(?:\u001b\\)?|[ -/]*[0-~])/g;
// oxlint-disable-next-line no-control-regex -- what is left of control characters is not shown
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g;

function next(style: Omit<Span, 'text'>, parameters: string): Omit<Span, 'text'> {
  let now = { ...style };
  const codes = parameters === '' ? [0] : parameters.split(';').map(Number);
  for (let i = 0; i < codes.length; i += 1) {
    const code = codes[i] ?? 0;
    if (code === 0) now = {};
    else if (code === 1) now.bold = true;
    else if (code === 22) now.bold = undefined;
    else if (code >= 30 && code <= 37) now.colour = code - 30;
    else if (code >= 90 && code <= 97) now.colour = code - 82;
    else if (code === 39) now.colour = undefined;
    else if (code === 38 || code === 48) {
      // 256 colours take one more number, true colour three: the first 16 are ours, the rest have no place here.
      const kind = codes[i + 1];
      const colour = codes[i + 2] ?? 0;
      if (code === 38 && kind === 5) now.colour = colour < 16 ? colour : undefined;
      i += kind === 5 ? 2 : kind === 2 ? 4 : 0;
    }
  }
  return now;
}

export function plain(line: string): string {
  return line.replace(ESCAPE, '').replace(CONTROL, '');
}

export function spans(line: string): Span[] {
  const shown = line.replace(/\r+$/, '');
  const last = shown.slice(shown.lastIndexOf('\r') + 1);
  if (!last.includes('\u001b')) return [{ text: last.replace(CONTROL, '') }];
  const out: Span[] = [];
  let style: Omit<Span, 'text'> = {};
  let from = 0;
  const add = (text: string) => {
    const clean = text.replace(CONTROL, '');
    if (clean) out.push({ text: clean, ...style });
  };
  for (const match of last.matchAll(ESCAPE)) {
    add(last.slice(from, match.index));
    if (match[2] === 'm' && !/[?<=>]/.test(match[1] ?? '')) style = next(style, match[1] ?? '');
    from = match.index + match[0].length;
  }
  add(last.slice(from));
  return out.length > 0 ? out : [{ text: '' }];
}
