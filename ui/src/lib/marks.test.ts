import { expect, it } from 'vitest';
import { marks } from './marks';

const hits = (line: string, query: string) => marks(line, query).filter((part) => part.hit).map((part) => part.text);

it('finds every place, whatever the case', () => {
  expect(marks('Error: no error', 'ERROR')).toEqual([{ text: 'Error', hit: true }, { text: ': no ', hit: false }, { text: 'error', hit: true }]);
});
it('finds Hangul and accents however they are composed', () => {
  expect(hits('결과: 완료'.normalize('NFD'), '완료')).toEqual(['완료']);
  expect(hits('caf\u00e9', 'CAFE\u0301')).toEqual(['caf\u00e9']);
});
it('loses no text, found or not', () => {
  for (const line of ['', 'abc', 'İstanbul', 'aXbX']) expect(marks(line, 'x').map((part) => part.text).join('')).toBe(line);
});
