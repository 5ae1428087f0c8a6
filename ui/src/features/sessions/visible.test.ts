import { expect, it } from 'vitest';
import { visible } from './visible';

it.each([
  ['\u0003', '^C'],
  ['\u001b[1;5C', 'ESC [ 1 ; 5 C'],
  ['\r', 'Enter (^M)'],
  ['한', '한 (ED 95 9C)'],
  ['a', 'a'],
])('%j reads %s', (sent, text) => expect(visible(sent)).toBe(text));
