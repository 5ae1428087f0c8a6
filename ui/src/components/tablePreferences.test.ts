import { describe, expect, it, vi } from 'vitest';

vi.mock('../host', () => ({ host: {} }));
const { displayOf, readPreferences } = await import('./tablePreferences');

const initial = { pageSize: 20, visible: ['name', 'status'], order: [], widths: {}, wrapLines: false };
const sizes = [10, 20, 50];

describe('what was stored', () => {
  it('comes back as it was', () => {
    const stored = { pageSize: 50, visible: ['name', 'tag:팀'], order: ['tag:팀', 'name'], widths: { name: 240 }, wrapLines: true };
    expect(readPreferences(JSON.parse(JSON.stringify(stored)), initial, sizes)).toEqual(stored);
  });
  it('of an earlier version is read without order and widths', () => {
    expect(readPreferences({ pageSize: 10, visible: ['name'], wrapLines: false }, initial, sizes)).toEqual({ pageSize: 10, visible: ['name'], order: [], widths: {}, wrapLines: false });
  });
  it('and is damaged is as at first, part by part', () => {
    expect(readPreferences({ pageSize: 1e9, visible: 'x', order: [1], widths: { a: 'wide' }, wrapLines: 'no' }, initial, sizes)).toEqual({ ...initial, visible: [] });
    for (const value of [null, 'x', 7, []]) expect(readPreferences(value, initial, sizes).pageSize).toBe(20);
  });
});

describe('columns', () => {
  const columns = [{ id: 'name', fixed: true }, { id: 'id' }, { id: 'status' }, { id: 'tag:x' }];
  it('stand in the order chosen, new ones at the end', () => {
    expect(displayOf(columns, { order: ['status', 'name'], visible: ['status', 'tag:x'] })).toEqual([
      { id: 'status', visible: true },
      { id: 'name', visible: true },
      { id: 'id', visible: false },
      { id: 'tag:x', visible: true },
    ]);
  });
  it('that are gone are passed over', () => {
    expect(displayOf(columns, { order: ['gone', 'id'], visible: ['gone'] }).map(({ id }) => id)).toEqual(['id', 'name', 'status', 'tag:x']);
  });
});
