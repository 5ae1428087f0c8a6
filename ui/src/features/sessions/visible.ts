/** Bytes that a key sends, so that a person can read them: `^C`, `ESC [ A`, `한 (ED 95 9C)`. */

const NAMES: Record<number, string> = { 9: 'Tab', 13: 'Enter (^M)', 27: 'ESC', 32: 'Space', 127: 'DEL' };

export function visible(text: string): string {
  return [...text]
    .map((character) => {
      const code = character.codePointAt(0) ?? 0;
      if (NAMES[code]) return NAMES[code];
      if (code < 32) return `^${String.fromCharCode(code + 64)}`;
      if (code < 127) return character;
      const bytes = [...new TextEncoder().encode(character)].map((byte) => byte.toString(16).toUpperCase().padStart(2, '0'));
      return `${character} (${bytes.join(' ')})`;
    })
    .join(' ');
}
