import { expect, it } from 'vitest';
import { plain, spans } from './ansi';

it('turns colours into spans', () => {
  expect(spans('a \u001b[31mred\u001b[0m b')).toEqual([{ text: 'a ' }, { text: 'red', colour: 1 }, { text: ' b' }]);
  expect(spans('\u001b[1;92mok\u001b[m')).toEqual([{ text: 'ok', bold: true, colour: 10 }]);
});
it('steps over colours it has no place for', () => {
  expect(spans('\u001b[38;2;1;31;3mx\u001b[38;5;200my')).toEqual([{ text: 'x' }, { text: 'y', colour: undefined }]);
});
it('shows what overwrote a progress bar', () => {
  expect(spans(' 10%\r 50%\r100%\r')).toEqual([{ text: '100%' }]);
});
it('drops titles, cursor moves and stray controls', () => {
  expect(plain('\u001b]0;title\u0007a\u001b[2Kb\u001b[?25lc\u0000d\u001b(Be')).toBe('abcde');
});
it('leaves Hangul and tabs alone', () => {
  expect(spans('가\t나')).toEqual([{ text: '가\t나' }]);
});
