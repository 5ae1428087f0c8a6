/**
 * How keys are written and recognised: `G N` (one after the other), `Mod K` (Ctrl, on a Mac ⌘), `Mod Shift N`, `?`, `[`.
 *
 * Letters are taken by their place on the keyboard, so that they work while the Korean layout is on. A key that an input method
 * takes part in belongs to the input method, and a key without Ctrl belongs to whoever types.
 */

/** What of a key press matters here; a `KeyboardEvent` is one. */
export interface Press {
  key: string;
  code: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  shiftKey: boolean;
}

/** Keys that browsers, webviews and input methods keep for themselves, or that people have in their fingers. */
const TAKEN = new Set(['Mod T', 'Mod W', 'Mod N', 'Mod R', 'Mod L', 'Mod P', 'Mod S', 'Mod F', 'Mod A', 'Mod C', 'Mod V', 'Mod X', 'Mod Z', 'Mod Y', 'Mod Space', 'Mod +', 'Mod -', 'Mod 0']);

/** One press in our spelling, or undefined when it is none that keys are made of. */
export function spell(press: Press): string | undefined {
  if (press.altKey) return undefined;
  const letter = /^Key([A-Z])$/.exec(press.code)?.[1];
  const digit = /^Digit(\d)$/.exec(press.code)?.[1];
  if (press.ctrlKey || press.metaKey) {
    if (press.key === 'Enter') return 'Mod Enter';
    if (!letter) return undefined;
    return press.shiftKey ? `Mod Shift ${letter}` : `Mod ${letter}`;
  }
  if (press.key === '?' || press.key === '/') return press.key;
  if (press.shiftKey) return undefined;
  if (press.code === 'BracketLeft') return '[';
  if (press.code === 'BracketRight') return ']';
  return letter ?? digit;
}

/** The keys as they stand on caps. */
export function caps(keys: string, mac: boolean): string[] {
  return keys.split(' ').map((key) => (key === 'Mod' ? (mac ? '⌘' : 'Ctrl') : key === 'Shift' && mac ? '⇧' : key));
}

/** What is wrong with keys for a new action, beside those that have keys already; undefined when nothing is. */
export function objection(keys: string, others: readonly string[]): string | undefined {
  if (!/^(Mod (Shift )?[A-Z]|Mod Enter|G [A-Z]|[?/[\]])$/.test(keys)) return `${keys} is not how keys are written`;
  if (TAKEN.has(keys)) return `${keys} belongs to the browser or to what people type`;
  return others.includes(keys) ? `${keys} is taken` : undefined;
}
