import { describe, expect, it } from 'vitest';
import { type FilterEntry, formatFilter, fromTokens, parseFilter, toTokens } from './filterGrammar';

const KEYS = ['status', 'name', 'address', 'agentVersion', 'platform'];
const known = (key: string) => KEYS.includes(key);
const parse = (text: string) => parseFilter(text, known);

describe('the text of a filter', () => {
  it('is conditions, alternatives and words', () => {
    expect(parse('status=Online,ConnectionLost tag:role!=web name:seoul rack 7')).toEqual({
      entries: [
        { key: 'status', op: '=', values: ['Online', 'ConnectionLost'] },
        { key: 'tag:role', op: '!=', values: ['web'] },
        { key: 'name', op: ':', values: ['seoul'] },
      ],
      search: 'rack 7',
    });
  });
  it('takes what looks like a condition of an unknown key as words', () => {
    expect(parse('http://x=y web')).toEqual({ entries: [], search: 'http://x=y web' });
    expect(parse('tag:=x')).toEqual({ entries: [], search: 'tag:=x' });
    expect(parse('"status=Online"')).toEqual({ entries: [], search: 'status=Online' });
  });
  const nasty = ['', ' ', '서울 1번', '"', '\\', '\\"', 'a,b', 'x=y', '!:', 'tag:role=web', 'عربى', '👩‍💻 팀', 'a\nb', "it's", '<>', 'ㅎㅏㄴ', '-', ',', '=1+1'];
  it('comes back as it was, whatever keys and values are', () => {
    for (const value of nasty) {
      for (const op of ['=', '!=', ':', '!:', '<', '>'] as const) {
        const entries: FilterEntry[] = [{ key: 'name', op, values: [value, `${value}2`] }];
        if (value.trim() !== '' && !/^[\s]/.test(value)) entries.push({ key: `tag:${value}`, op, values: [value] });
        const filter = { entries, search: value.trim() };
        expect(parse(formatFilter(filter)), JSON.stringify(filter)).toEqual(filter);
      }
    }
  });
  it('reads any text to an end, also one that is cut off', () => {
    const text = 'status="Onl\\"ine",b tag:"my key"!:x "free text';
    for (let length = 0; length <= text.length; length += 1) expect(() => parse(text.slice(0, length))).not.toThrow();
    expect(parse(text).search).toBe('free text');
  });
  it('has bounds', () => {
    expect(parse('name=a '.repeat(500)).entries.length).toBe(20);
    expect(parse(`name=${Array.from({ length: 500 }, (_, n) => n).join(',')}`).entries[0]?.values.length).toBe(100);
  });
});

describe('tokens', () => {
  const tokens = (...list: { propertyKey?: string; operator: string; value: unknown }[]) => fromTokens({ operation: 'and', tokens: list as never }, known);
  it('are conditions, and come back as they were', () => {
    const filter = parse('status=Online,ConnectionLost tag:role!=web,db name:seoul agentVersion<1.2 서울');
    expect(fromTokens(toTokens(filter), known)).toEqual(filter);
    expect(toTokens(filter).tokens[0]).toEqual({ propertyKey: 'status', operator: '=', value: ['Online', 'ConnectionLost'] });
  });
  it('of one property and "is" are alternatives, others hold together', () => {
    expect(tokens({ propertyKey: 'status', operator: '=', value: ['Online'] }, { propertyKey: 'status', operator: '=', value: ['Online', 'ConnectionLost'] }).entries).toEqual([
      { key: 'status', op: '=', values: ['Online', 'ConnectionLost'] },
    ]);
    expect(tokens({ propertyKey: 'name', operator: ':', value: 'a' }, { propertyKey: 'name', operator: ':', value: 'b' }).entries.length).toBe(2);
  });
  it('that are typed by hand may be conditions', () => {
    const typed = (value: string) => tokens({ operator: ':', value });
    expect(typed('tag:role=web').entries).toEqual([{ key: 'tag:role', op: '=', values: ['web'] }]);
    expect(typed(' tag:my role != a=b ').entries).toEqual([{ key: 'tag:my role', op: '!=', values: ['a=b'] }]);
    expect(typed('tag:kubernetes.io/x:y = z').entries).toEqual([{ key: 'tag:kubernetes.io/x', op: ':', values: ['y = z'] }]);
    expect(typed('tag:"a:b"=c').entries).toEqual([{ key: 'tag:a:b', op: '=', values: ['c'] }]);
    expect(typed('tag:env=').entries).toEqual([{ key: 'tag:env', op: '=', values: [''] }]);
    expect(typed('status=Online').entries).toEqual([{ key: 'status', op: '=', values: ['Online'] }]);
    expect(typed('tag:=x')).toEqual({ entries: [], search: 'tag:=x' });
    expect(typed('tag:role')).toEqual({ entries: [], search: 'tag:role' });
    expect(typed('10.0.0.1')).toEqual({ entries: [], search: '10.0.0.1' });
  });
});
