import { expect, it } from 'vitest';
import { csv } from './csv';

it('starts with a byte order mark and ends lines as spreadsheets expect', () => {
  expect(csv(['이름', 'n'], [['서버', 1]])).toBe('\uFEFF이름,n\r\n서버,1\r\n');
});
it('quotes commas, quotes and line breaks', () => {
  expect(csv(['a'], [['x,y'], ['say "hi"'], ['two\nlines']])).toContain('"x,y"\r\n"say ""hi"""\r\n"two\nlines"');
});
it('makes formulas text, but leaves numbers alone', () => {
  expect(csv(['a', 'b'], [['=1+1', -5]])).toContain("'=1+1,-5");
});
