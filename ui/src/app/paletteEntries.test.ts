import { describe, expect, it, vi } from 'vitest';

vi.stubGlobal('window', { matchMedia: () => ({ matches: false, addEventListener() {} }) });
vi.stubGlobal('localStorage', { getItem: () => null, setItem() {} });
const { ranked } = await import('./paletteEntries');
const { afterUse, weightAt } = await import('./used');
type Entry = Parameters<typeof ranked>[0][number];

const entry = (id: string, group: Entry['group'], match = id): Entry => ({ id, group, text: id, match, run: () => undefined });
const some = [entry('Nodes', 'go'), entry('Run a command', 'go'), entry('web-01', 'node'), entry('web-02', 'node'), entry('AWS-RunShellScript', 'document'), entry('casino', 'node')];
const ids = (query: string, weight: (id: string) => number = () => 0) => ranked(some, query, weight).map(({ id }) => id);

describe('what the palette finds', () => {
  it('is everything while nothing is typed, what is used first', () => {
    expect(ids('')).toEqual(['Nodes', 'Run a command', 'web-01', 'web-02', 'casino', 'AWS-RunShellScript']);
    expect(ids('', (id) => (id === 'web-02' ? 3 : 0))[0]).toBe('web-02');
    expect(ranked(some, '', (id) => (id === 'web-02' ? 3 : 0))[0]?.group).toBe('recent');
  });
  it('puts the group of the best fit first', () => {
    expect(ids('run')).toEqual(['Run a command', 'AWS-RunShellScript']);
    expect(ids('web')).toEqual(['web-01', 'web-02']);
  });
  it('moves up what is used, not past what fits much better', () => {
    expect(ids('web', (id) => (id === 'web-02' ? 2 : 0))).toEqual(['web-02', 'web-01']);
    expect(ids('no', (id) => (id === 'casino' ? 8 : 0))[0]).toBe('Nodes');
  });
});

describe('the table of what is used', () => {
  const week = 7 * 86_400_000;
  it('halves every week', () => {
    expect(weightAt([4, 0], week)).toBe(2);
    expect(weightAt(undefined, week)).toBe(0);
    expect(weightAt([4, week], 0)).toBe(4);
  });
  it('forgets what is used least', () => {
    let table = {};
    for (let n = 0; n < 300; n += 1) table = afterUse(table, `n${n}`, n * 60_000);
    expect(Object.keys(table)).toHaveLength(200);
    expect(table).toHaveProperty('n299');
    expect(table).not.toHaveProperty('n0');
  });
});
