import { expect, it } from 'vitest';
import { isTyped } from './typed';

it.each([
  ['web-01', 'web-01', true],
  ['web-01', ' web-01\n', true],
  ['web-01', 'Web-01', false],
  ['web-01', 'web-0', false],
  ['web-01', '', false],
  ['', '', false],
  ['서버', '서버'.normalize('NFD'), true],
  ['a  b', 'a b', true],
])('%j is confirmed by %j: %s', (word, typed, expected) => expect(isTyped(word, typed)).toBe(expected));
