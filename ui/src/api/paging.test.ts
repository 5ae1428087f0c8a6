import { expect, it } from 'vitest';
import { readUpTo } from './paging';

const pages = (count: number) => async (token: string | undefined) => {
  const page = Number(token ?? 0);
  return { items: [page * 2, page * 2 + 1], nextToken: page + 1 < count ? String(page + 1) : '' };
};

it('reads all pages, and says when there was more than it may take', async () => {
  expect(await readUpTo(pages(3), 6)).toEqual({ items: [0, 1, 2, 3, 4, 5], count: 6, cut: false });
  expect(await readUpTo(pages(3), 5)).toEqual({ items: [0, 1, 2, 3, 4], count: 5, cut: true });
  expect(await readUpTo(pages(3), 4)).toEqual({ items: [0, 1, 2, 3], count: 4, cut: true });
});

it('hands on page by page, and stops when told to', async () => {
  const seen: number[][] = [];
  expect(await readUpTo(pages(3), 5, undefined, undefined, async (items) => void seen.push(items))).toEqual({ items: [], count: 5, cut: true });
  expect(seen).toEqual([[0, 1], [2, 3], [4]]);
  const stop = new AbortController();
  await expect(readUpTo(pages(3), 6, () => stop.abort(new Error('enough')), stop.signal)).rejects.toThrow('enough');
});
