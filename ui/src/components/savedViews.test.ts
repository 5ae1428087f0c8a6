import { expect, it, vi } from 'vitest';

vi.mock('../host', () => ({ host: {} }));
const { MAX_VIEWS, readViews, withView } = await import('./savedViews');

const initial = { pageSize: 20, visible: ['name'], order: [], widths: {}, wrapLines: false };
const view = (name: string, q = 'status=Online') => ({ name, q, columns: initial });
const read = (value: unknown) => readViews(JSON.stringify(value), initial, [20]);

it('come back as they were saved', () => {
  const views = [{ ...view('운영 서버'), sort: 'name', order: 'desc' as const }, view('web')];
  expect(read(views)).toEqual(views);
});
it('are one less when one is damaged, and none when all is', () => {
  expect(read([view('a'), { name: '', q: 'x' }, { name: 'b' }, 7, view('c')]).map(({ name }) => name)).toEqual(['a', 'c']);
  expect(readViews('{', initial, [20])).toEqual([]);
  expect(read({ name: 'a' })).toEqual([]);
  expect(readViews(undefined, initial, [20])).toEqual([]);
});
it('have bounds', () => {
  expect(read(Array.from({ length: 200 }, (_, n) => view(`v${n}`))).length).toBe(MAX_VIEWS);
});
it('are replaced by one of the same name, however it was composed', () => {
  const views = withView([view('서버', 'old'), view('a')], view('서버'.normalize('NFD'), 'new'));
  expect(views.map(({ q }) => q)).toEqual(['status=Online', 'new']);
});
