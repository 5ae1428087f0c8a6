import { describe, expect, it } from 'vitest';
import { readCast, readEvent, readHeader, readSize } from './asciicast';

const HEADER = '{"version":2,"width":100,"height":30,"duration":4.5,"title":"x"}';

describe('a recording', () => {
  it('is read line by line', () => {
    const cast = readCast(`${HEADER}\n[0.1,"o","$ "]\n[0.5,"i","l"]\n[0.6,"r","80x24"]\n`);
    expect(cast?.header).toEqual({ width: 100, height: 30, duration: 4.5 });
    expect(cast?.events).toEqual([
      { at: 0.1, kind: 'o', data: '$ ' },
      { at: 0.5, kind: 'i', data: 'l' },
      { at: 0.6, kind: 'r', data: '80x24' },
    ]);
  });
  it('goes on from where it was read to', () => {
    const cast = readCast('[7,"o","more"]\n', { width: 80, height: 24 }, 5);
    expect(cast?.events).toEqual([{ at: 7, kind: 'o', data: 'more' }]);
  });
  it('never goes back in time', () => expect(readCast(`${HEADER}\n[3,"o","a"]\n[2,"o","b"]`)?.events.map((event) => event.at)).toEqual([3, 3]));
  it('with damaged lines keeps the others', () => expect(readCast(`${HEADER}\nnonsense\n[1,"o"]\n[-1,"o","x"]\n[1,"m","mark"]\n[2,"o","ok"]`)?.events).toHaveLength(1));
  it('without a header is none', () => {
    expect(readCast('[1,"o","x"]')).toBeUndefined();
    expect(readCast('')).toBeUndefined();
  });
});

it('a header of another version is none, and sides that make no sense are usual ones', () => {
  expect(readHeader('{"version":3}')).toBeUndefined();
  expect(readHeader('{"version":2,"width":-4,"height":1e9}')).toEqual({ width: 80, height: 24, duration: undefined });
});
it.each(['null', '{}', '[null,"o","x"]', '[1,2,3]', '['])('%s is no event', (line) => expect(readEvent(line)).toBeUndefined());
it('sizes are bounded', () => {
  expect(readSize('120x40')).toEqual({ cols: 120, rows: 40 });
  for (const bad of ['0x0', '9999x1', 'x', '12', '1x2x3']) expect(readSize(bad), bad).toBeUndefined();
});
