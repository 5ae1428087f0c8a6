/**
 * Whether what was typed is the word that was asked for. Composed and decomposed Hangul are the same word to a person, and a
 * space at either end comes with a paste; anything else counts.
 */
export function isTyped(word: string, typed: string): boolean {
  const plain = (text: string) => text.normalize('NFC').trim().replace(/\s+/g, ' ');
  return plain(word) !== '' && plain(typed) === plain(word);
}
