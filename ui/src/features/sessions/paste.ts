/**
 * What a paste is, before it reaches a shell: text from anywhere, of which every line end is a command that runs.
 */

/** When a person is asked before a paste goes out. */
export type PasteWarning = 'lines' | 'plain-lines' | 'never';

export interface Paste {
  /** The text that is sent, its line ends as a keyboard has them. */
  text: string;
  lines: number;
  /** Bytes in UTF-8. */
  bytes: number;
  /** Control characters, other than tab and line ends, were taken out. */
  cleaned: boolean;
}

/** Longest paste, in UTF-16 units: beyond it a file transfer is what is meant. */
export const MAX_PASTE = 8 * 1024 * 1024;

/** One message to the session. */
const CHUNK = 8 * 1024;

const START = '\u001b[200~';
const END = '\u001b[201~';

/**
 * Reads text from the clipboard. Control characters go: an escape sequence in a paste could end the bracket and run what follows,
 * and nobody sees it in what they copied.
 */
export function readPaste(raw: string): Paste {
  const unified = raw.slice(0, MAX_PASTE).replace(/\r\n?/g, '\n');
  // oxlint-disable-next-line no-control-regex -- these are the characters that are meant
  const clean = unified.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '');
  // A final line end runs the last line; it is counted with it, not as a line of its own.
  const lines = clean === '' ? 0 : clean.replace(/\n$/, '').split('\n').length;
  return { text: clean.replaceAll('\n', '\r'), lines, bytes: new TextEncoder().encode(clean).length, cleaned: clean.length !== unified.length };
}

/** Whether to ask first. A program that takes pastes as a whole (`bracketed`) runs nothing of them by itself. */
export function mustAsk(paste: Paste, bracketed: boolean, warning: PasteWarning): boolean {
  const runs = paste.lines > 1 || paste.text.endsWith('\r');
  if (!runs || warning === 'never') return false;
  return warning === 'lines' || !bracketed;
}

/** The same text as one line: line ends and the blanks around them become one space. */
export function asOneLine(paste: Paste): Paste {
  return readPaste(paste.text.replace(/[ \t]*\r+[ \t]*/g, ' ').trim());
}

/** What is sent, in pieces: a piece at a time, each after the one before was taken, so that it can be stopped between two. */
export function* piecesOf(paste: Paste, bracketed: boolean): Generator<string> {
  const whole = bracketed ? `${START}${paste.text}${END}` : paste.text;
  let at = 0;
  while (at < whole.length) {
    let to = Math.min(at + CHUNK, whole.length);
    // Not between the halves of one character.
    const last = whole.charCodeAt(to - 1);
    if (to < whole.length && last >= 0xd800 && last <= 0xdbff) to -= 1;
    yield whole.slice(at, to);
    at = to;
  }
}

/** What must still be sent when a bracketed paste is stopped in the middle: without it the program waits for the rest. */
export function afterStop(bracketed: boolean): string {
  return bracketed ? END : '';
}
