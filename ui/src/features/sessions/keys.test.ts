import { expect, it } from 'vitest';
import { actionOf, keysOf, type TerminalAction } from './keys';

const press = (code: string, modifiers = '') => ({
  code,
  ctrlKey: modifiers.includes('c'),
  shiftKey: modifiers.includes('s'),
  metaKey: modifiers.includes('m'),
  altKey: modifiers.includes('a'),
});

it.each([
  ['KeyC', 'c'],
  ['KeyD', 'c'],
  ['KeyK', 'c'],
  ['KeyV', 'c'],
  ['KeyR', 'cs'],
  ['KeyC', ''],
  ['ArrowLeft', 'c'],
  ['PageUp', ''],
  ['KeyC', 'ca'],
])('%s with "%s" is the shell\'s', (code, modifiers) => expect(actionOf(press(code, modifiers), false)).toBeUndefined());

it.each([
  ['KeyC', 'cs', 'copy'],
  ['Insert', 's', 'paste'],
  ['Insert', 'c', 'copy'],
  ['KeyK', 'cs', 'console'],
  ['ArrowDown', 'cs', 'down'],
  ['PageDown', 'c', 'nextTab'],
  ['Equal', 'c', 'zoomIn'],
  ['Equal', 'cs', 'zoomIn'],
  ['Digit0', 'c', 'zoomReset'],
])('%s with "%s" is the page\'s: %s', (code, modifiers, action) => expect(actionOf(press(code, modifiers), false)).toBe(action));

it('on a Mac Control is the shell\'s and Command the page\'s', () => {
  expect(actionOf(press('KeyC', 'c'), true)).toBeUndefined();
  expect(actionOf(press('KeyC', 'm'), true)).toBe('copy');
  expect(actionOf(press('ArrowLeft', 'm'), true)).toBeUndefined();
});
it('every action says its keys', () => {
  const actions: TerminalAction[] = ['copy', 'left', 'zoomIn', 'zoomOut', 'zoomReset', 'nextTab', 'previousTab', 'splitDown'];
  for (const mac of [true, false]) for (const action of actions) expect(keysOf(action, mac).length, action).toBeGreaterThan(1);
});
