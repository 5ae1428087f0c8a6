import { expect, it } from 'vitest';
import { csv, csvLines, csvStart } from './csv';

it('starts with a byte order mark and ends lines as spreadsheets expect', () => {
  expect(csv(['이름', 'n'], [['서버', 1]])).toBe('\uFEFF이름,n\r\n서버,1\r\n');
});
it('quotes commas, quotes and line breaks', () => {
  expect(csv(['a'], [['x,y'], ['say "hi"'], ['two\nlines']])).toContain('"x,y"\r\n"say ""hi"""\r\n"two\nlines"');
});
it('makes formulas text, but leaves numbers alone', () => {
  expect(csv(['a', 'b'], [['=1+1', -5]])).toContain("'=1+1,-5");
  for (const start of ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']) {
    expect(csvLines([[`${start}cmd|' /C calc'!A0`]]).replace(/^"/, '').startsWith(`'${start}`), JSON.stringify(start)).toBe(true);
  }
  expect(csvLines([['web-01', 'a=b', 'x@y']])).toBe('web-01,a=b,x@y\r\n');
});
it('keeps every script as it is', () => {
  for (const text of ['플랫폼 팀', 'ㅎㅏㄴㄱㅡㄹ', '한글', '👩‍💻🇰🇷', 'مرحبا', 'שלום', '日本語', 'Ω≈ç√', '\u202Eabc']) expect(csvLines([[text]])).toBe(`${text}\r\n`);
});
it('is the same in parts as at once', () => {
  const rows = Array.from({ length: 10 }, (_, n) => [`n${n}`, n]);
  expect(csvStart(['a', 'b']) + csvLines(rows.slice(0, 4)) + csvLines(rows.slice(4))).toBe(csv(['a', 'b'], rows));
});
