import { describe, expect, it } from 'vitest';
import { type Layout, moveBorder, neighbour, panesOf, readLayout, removePane, renamed, splitPane, tiles } from './layout';

const one: Layout = { pane: 'a' };
const two = splitPane(one, 'a', 'row', 'b');
/** a | (b / c) */
const three = splitPane(two, 'b', 'column', 'c');

describe('splitting', () => {
  it('divides a pane in halves', () => expect(two).toEqual({ direction: 'row', parts: [{ pane: 'a' }, { pane: 'b' }], shares: [0.5, 0.5] }));
  it('joins the row that is there', () => {
    const wider = splitPane(two, 'a', 'row', 'x');
    expect(panesOf(wider)).toEqual(['a', 'x', 'b']);
    expect(wider).toMatchObject({ shares: [0.25, 0.25, 0.5] });
  });
  it('nests where the direction changes', () => expect(panesOf(three)).toEqual(['a', 'b', 'c']));
  it('leaves everything when the pane is not there', () => expect(splitPane(three, 'nobody', 'row', 'x')).toEqual(three));
});

describe('closing', () => {
  it('gives the room to what is beside it', () => expect(removePane(three, 'b')).toEqual({ ...two, parts: [{ pane: 'a' }, { pane: 'c' }] }));
  it('shares the room of one of three', () => {
    const left = removePane(splitPane(two, 'a', 'row', 'x'), 'b');
    expect(left).toMatchObject({ shares: [0.5, 0.5] });
  });
  it('leaves nothing of the last', () => expect(removePane(one, 'a')).toBeUndefined());
});

describe('borders', () => {
  it('move by a share of their split', () => expect(moveBorder(two, [], 0, 0.25)).toMatchObject({ shares: [0.75, 0.25] }));
  it('stop where a pane would vanish', () => {
    const moved = moveBorder(two, [], 0, 5) as { shares: number[] };
    expect(moved.shares[0]).toBeCloseTo(0.95);
    expect(moved.shares[1]).toBeCloseTo(0.05);
  });
  it('are found by their path', () => expect(moveBorder(three, [1], 0, -0.25)).toMatchObject({ parts: [{ pane: 'a' }, { shares: [0.25, 0.75] }] }));
  it('that are not there change nothing', () => expect(moveBorder(two, [], 4, 0.1)).toEqual(two));
});

describe('going from pane to pane', () => {
  it('follows the eye', () => {
    expect(neighbour(three, 'a', 'right')).toBe('b');
    expect(neighbour(three, 'c', 'up')).toBe('b');
    expect(neighbour(three, 'c', 'left')).toBe('a');
  });
  it('ends at the edge', () => {
    expect(neighbour(three, 'a', 'left')).toBeUndefined();
    expect(neighbour(three, 'nobody', 'left')).toBeUndefined();
  });
});

describe('tiles', () => {
  it('are a grid', () => {
    expect(tiles([])).toBeUndefined();
    expect(tiles(['a'])).toEqual(one);
    expect(tiles(['a', 'b', 'c', 'd', 'e'])).toMatchObject({ direction: 'column', parts: [{ parts: [{ pane: 'a' }, { pane: 'b' }, { pane: 'c' }] }, { parts: [{ pane: 'd' }, { pane: 'e' }] }] });
  });
});

describe('a stored layout', () => {
  it('comes back as it was', () => expect(readLayout(JSON.parse(JSON.stringify(three)))).toEqual(three));
  it('takes other panes', () => expect(panesOf(renamed(three, (pane) => `${pane}${pane}`))).toEqual(['aa', 'bb', 'cc']));
  it.each([[null], [7], [{}], [{ pane: '' }], [{ direction: 'row', parts: [{ pane: 'a' }] }], [{ direction: 'up', parts: [{ pane: 'a' }, { pane: 'b' }] }], [{ direction: 'row', parts: [{ pane: 'a' }, null] }]])(
    'that is damaged is none: %j',
    (value) => expect(readLayout(value)).toBeUndefined(),
  );
  it('with shares that make no sense gets even ones', () => expect(readLayout({ direction: 'row', parts: [{ pane: 'a' }, { pane: 'b' }], shares: [-1, 'x'] })).toEqual(two));
  it('of endless depth is none', () => {
    let deep: unknown = { pane: 'a' };
    for (let at = 0; at < 40; at += 1) deep = { direction: 'row', parts: [deep, { pane: `p${at}` }], shares: [0.5, 0.5] };
    expect(readLayout(deep)).toBeUndefined();
  });
});
