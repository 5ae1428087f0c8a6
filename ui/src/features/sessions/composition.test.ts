import { beforeEach, describe, expect, it } from 'vitest';
import { Composition, difference } from './composition';

let sent = '';
let shown: string[] = [];
let composition: Composition;
/** What a shell's line would hold: DELETE takes the last character back. */
const line = () => {
  const out: string[] = [];
  for (const character of sent) {
    if (character === '\u007f') out.pop();
    else out.push(character);
  }
  return out.join('');
};

beforeEach(() => {
  sent = '';
  shown = [];
  composition = new Composition({ send: (text) => (sent += text), preview: (text) => shown.push(text) });
});

describe('the difference', () => {
  it.each([
    ['', '한', '한'],
    ['하', '한', '\u007f한'],
    ['한', '한ㄱ', 'ㄱ'],
    ['ab', 'a', '\u007f'],
    ['a😀', 'a😁', '\u007f😁'],
    ['x', 'x', ''],
  ])('from %s to %s', (before, after, change) => expect(difference(before, after)).toBe(change));
});

describe('composition', () => {
  it('sends a syllable once, when it is done', () => {
    composition.start('');
    for (const text of ['ㅎ', '하', '한']) {
      composition.update(text);
      composition.input('insertCompositionText', text);
    }
    expect(sent).toBe('');
    composition.end();
    composition.flush('한');
    composition.input('insertFromComposition', '한');
    expect(sent).toBe('한');
    expect(shown).toEqual(['ㅎ', '하', '한', '']);
  });
  it('keeps a final consonant that moves to the next syllable: 앙 and ㅏ are 아아', () => {
    composition.start('');
    composition.update('앙');
    composition.end();
    // The input method rewrites the field before the next one begins.
    composition.start('아');
    composition.update('아');
    composition.end();
    composition.flush('아아');
    expect(line()).toBe('아아');
  });
  it('mends what was sent too early', () => {
    composition.start('');
    composition.end();
    composition.flush('앙');
    composition.input('insertText', '아아');
    expect(line()).toBe('아아');
  });
  it('of nothing, after Backspace, sends nothing', () => {
    composition.start('');
    composition.update('ㅇ');
    composition.update('');
    composition.end();
    composition.flush('');
    expect(sent).toBe('');
  });
  it('one after the other loses none', () => {
    let field = '';
    for (const syllable of '안녕하세요있갔깠없') {
      composition.start(field);
      composition.update(syllable);
      composition.end();
      field += syllable;
    }
    composition.flush(field);
    expect(sent).toBe('안녕하세요있갔깠없');
  });
});

describe('without composition events', () => {
  it('a syllable that is replaced as it grows arrives whole', () => {
    for (const field of ['ㅎ', '하', '한', '한ㄱ', '한그', '한글', '한글 ']) composition.input(field.endsWith('ㄱ') || field.length === 1 ? 'insertText' : 'insertReplacementText', field);
    expect(line()).toBe('한글 ');
  });
});

it('a blank is a blank, whatever the field makes of it', () => {
  composition.input('insertText', 'ls\u00a0');
  composition.input('insertText', 'ls -');
  expect(sent).toBe('ls -');
});

describe('what is not text', () => {
  it('is not sent again: its key was', () => {
    composition.input('insertText', 'ls');
    composition.input('insertLineBreak', 'ls\n');
    composition.input('deleteContentBackward', 'l');
    expect(sent).toBe('ls');
    composition.input('insertText', 'la');
    expect(sent).toBe('lsa');
  });
  it('a field that the terminal emptied takes nothing back', () => {
    composition.input('insertText', '가');
    composition.flush('');
    composition.input('insertText', '나');
    expect(sent).toBe('가나');
  });
});
