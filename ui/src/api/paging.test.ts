import { expect, it } from 'vitest';
import { readUpTo } from './paging';

const pages = (count: number) => async (token: string | undefined) => {
  const page = Number(token ?? 0);
  return { items: [page * 2, page * 2 + 1], nextToken: page + 1 < count ? String(page + 1) : '' };
};

it('reads all pages, and says when there was more than it may take', async () => {
  expect(await readUpTo(pages(3), 6)).toEqual({ items: [0, 1, 2, 3, 4, 5], cut: false });
  expect(await readUpTo(pages(3), 5)).toEqual({ items: [0, 1, 2, 3, 4], cut: true });
  expect(await readUpTo(pages(3), 4)).toEqual({ items: [0, 1, 2, 3], cut: true });
});
