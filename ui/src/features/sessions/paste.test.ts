import { describe, expect, it } from 'vitest';
import { afterStop, asOneLine, mustAsk, piecesOf, readPaste } from './paste';

describe('a paste', () => {
  it('has the line ends of a keyboard', () => {
    expect(readPaste('a\r\nb\nc\rd')).toEqual({ text: 'a\rb\rc\rd', lines: 4, bytes: 7, cleaned: false });
    expect(readPaste('ls\n')).toMatchObject({ text: 'ls\r', lines: 1 });
    expect(readPaste('')).toMatchObject({ text: '', lines: 0, bytes: 0 });
  });
  it('is counted in bytes, not in letters', () => expect(readPaste('한글').bytes).toBe(6));
  it('cannot end its bracket or move the cursor', () => {
    const paste = readPaste('echo \u001b[201~\nrm -rf /\u0003\u009b2J\t다');
    expect(paste.text).toBe('echo [201~\rrm -rf /2J\t다');
    expect(paste.cleaned).toBe(true);
  });
  it('as one line keeps its words apart', () => {
    expect(asOneLine(readPaste('one \n  two\n\nthree\n')).text).toBe('one two three');
  });
});

describe('the question', () => {
  const several = readPaste('a\nb');
  it('comes where lines would run', () => {
    expect(mustAsk(several, false, 'plain-lines')).toBe(true);
    expect(mustAsk(several, true, 'plain-lines')).toBe(false);
    expect(mustAsk(several, true, 'lines')).toBe(true);
    expect(mustAsk(several, false, 'never')).toBe(false);
  });
  it('does not come for one line', () => expect(mustAsk(readPaste('uptime'), false, 'lines')).toBe(false));
  it('comes for one line that would run by itself', () => expect(mustAsk(readPaste('reboot\n'), false, 'lines')).toBe(true));
});

describe('the pieces', () => {
  it('are the whole in order, in brackets where asked', () => {
    const paste = readPaste(`${'x'.repeat(20_000)}\n끝`);
    const pieces = [...piecesOf(paste, true)];
    expect(pieces.length).toBeGreaterThan(2);
    expect(pieces.join('')).toBe(`\u001b[200~${paste.text}\u001b[201~`);
    expect([...piecesOf(paste, false)].join('')).toBe(paste.text);
  });
  it('never cut a character', () => {
    for (const pad of ['', 'a']) {
      for (const piece of piecesOf(readPaste(pad + '😀'.repeat(9_000)), false)) expect(new TextDecoder().decode(new TextEncoder().encode(piece))).toBe(piece);
    }
  });
  it('of a paste that is stopped leave no bracket open', () => {
    expect(afterStop(true)).toBe('\u001b[201~');
    expect(afterStop(false)).toBe('');
  });
});
