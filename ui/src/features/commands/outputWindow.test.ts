import { describe, expect, it } from 'vitest';
import { OutputWindow } from './outputWindow';

const bytes = (text: string) => new TextEncoder().encode(text);
const linesOf = (window: OutputWindow) => Array.from({ length: window.lineCount }, (_, index) => window.line(index));

describe('OutputWindow', () => {
  it('joins chunks that cut lines and characters', () => {
    const window = new OutputWindow();
    const all = bytes('첫째 줄\n둘째 줄\n끝');
    for (let at = 0; at < all.length; at += 4) window.take(at, all.slice(at, at + 4), all.length, false);
    expect(linesOf(window)).toEqual(['첫째 줄', '둘째 줄', '끝']);
    expect(window.atEnd).toBe(true);
  });

  it('does not count the closing line break as a line', () => {
    const window = new OutputWindow();
    window.take(0, bytes('a\n\nb\n'), 5, true);
    expect(linesOf(window)).toEqual(['a', '', 'b']);
  });

  it('finds the line of a byte that it holds', () => {
    const window = new OutputWindow();
    window.take(100, bytes('first\nsecond\n\nlast'), 119, true);
    expect([100, 105, 106, 112, 113, 114, 117].map((offset) => window.lineAt(offset))).toEqual([0, 0, 1, 1, 2, 3, 3]);
    expect([99, 118, 500].map((offset) => window.lineAt(offset))).toEqual([undefined, undefined, undefined]);
  });

  it('lets go of the oldest lines when it is full', () => {
    const window = new OutputWindow(20);
    window.take(0, bytes('line 1\nline 2\n'), 28, false);
    window.take(14, bytes('line 3\nline 4\n'), 28, false);
    expect(linesOf(window)).toEqual(['line 3', 'line 4']);
    expect(window.start).toBe(14);
    expect(window.atEnd).toBe(true);
  });

  it('lets go of the newest lines when it is read backwards', () => {
    const window = new OutputWindow(14);
    window.take(14, bytes('line 3\nline 4\n'), 28, true);
    expect(window.take(0, bytes('line 1\nline 2\n'), 28, true)).toBe(2);
    expect(linesOf(window)).toEqual(['line 1', 'line 2']);
    expect(window.atEnd).toBe(false);
  });

  it('tells how many lines went above when more come below', () => {
    const window = new OutputWindow(20);
    window.take(0, bytes('line 1\nline 2\nli'), 35, false);
    expect(window.take(16, bytes('ne 3\nline 4\n'), 35, false)).toBe(-2);
    expect(linesOf(window)).toEqual(['line 3', 'line 4']);
    expect(window.take(28, bytes('x\n'), 35, false)).toBe(0);
  });

  it('leaves out what it holds already', () => {
    const window = new OutputWindow();
    window.take(7, bytes('line 2\nline 3\n'), 28, false);
    expect(window.take(14, bytes('line 3\n'), 28, false)).toBe(0);
    expect(window.take(14, bytes('line 3\nline 4\n'), 28, true)).toBe(0);
    expect(window.take(0, bytes('line 1\nline 2\n'), 28, true)).toBe(1);
    expect(linesOf(window)).toEqual(['line 1', 'line 2', 'line 3', 'line 4']);
  });

  it('bounds the number of lines as well as of bytes', () => {
    const window = new OutputWindow(1_000, 3);
    window.take(0, bytes('\n'.repeat(100)), 100, false);
    expect(window.lineCount).toBe(3);
  });

  it('starts anew with a chunk that touches neither end', () => {
    const window = new OutputWindow();
    window.take(0, bytes('a\n'), 1_000, true);
    window.take(500, bytes('b\n'), 1_000, true);
    expect(linesOf(window)).toEqual(['b']);
    expect(window.start).toBe(500);
  });

  it('shows a line of megabytes as its beginning', () => {
    const window = new OutputWindow();
    window.take(0, bytes('x'.repeat(100_000)), 100_000, true);
    expect(window.line(0).length).toBeLessThan(9_000);
  });

  it('shows invalid UTF-8 without failing', () => {
    const window = new OutputWindow();
    window.take(0, Uint8Array.of(0xff, 0x41, 0xc3), 3, true);
    expect(window.line(0)).toBe('\uFFFDA\uFFFD');
  });
});
