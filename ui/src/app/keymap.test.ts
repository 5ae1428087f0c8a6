import { expect, it } from 'vitest';
import { caps, objection, type Press, spell } from './keymap';
import { PAGES } from './pages';

const press = (code: string, key: string, held: Partial<Press> = {}): Press => ({ code, key, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...held });

it.each([
  [press('KeyK', 'k', { ctrlKey: true }), 'Mod K'],
  [press('KeyK', 'ㅏ', { metaKey: true }), 'Mod K'],
  [press('KeyG', 'ㅎ'), 'G'],
  [press('KeyG', 'G', { shiftKey: true }), undefined],
  [press('Slash', '?', { shiftKey: true }), '?'],
  [press('Minus', '?', { shiftKey: true }), '?'],
  [press('BracketLeft', '['), '['],
  [press('KeyN', 'N', { ctrlKey: true, shiftKey: true }), 'Mod Shift N'],
  [press('Minus', '_', { ctrlKey: true, shiftKey: true }), undefined],
  [press('KeyK', 'k', { altKey: true }), undefined],
  [press('Enter', 'Enter', { ctrlKey: true }), 'Mod Enter'],
  [press('ArrowDown', 'ArrowDown'), undefined],
])('%j is %s', (given, expected) => expect(spell(given)).toBe(expected));

it('shows keys as they stand on the keyboard', () => {
  expect(caps('Mod K', false)).toEqual(['Ctrl', 'K']);
  expect(caps('Mod K', true)).toEqual(['⌘', 'K']);
  expect(caps('G N', true)).toEqual(['G', 'N']);
});

it('takes no key that belongs to somebody else', () => {
  expect(objection('Mod K', [])).toBeUndefined();
  expect(objection('Mod K', ['Mod K'])).toContain('taken');
  for (const taken of ['Mod T', 'Mod P', 'Mod C']) expect(objection(taken, [])).toContain('belongs');
  for (const odd of ['K', 'N', 'mod k', 'G n', '']) expect(objection(odd, [])).toContain('not how');
});

it('gives each page keys of its own', () => {
  const keys = PAGES.filter((page) => page.shortcut).map((page) => `G ${page.shortcut.toUpperCase()}`);
  keys.forEach((one, at) => expect(objection(one, [...keys.slice(0, at), 'G T']), one).toBeUndefined());
});
