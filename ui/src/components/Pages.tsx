import Pagination from '@cloudscape-design/components/pagination';
import type { Paged } from '../api/paging';

/** Paging over opaque tokens: pages seen can be gone back to, and the end is open while there is a token. */
export function Pages<T>({ paged }: { paged: Paged<T> }) {
  return (
    <Pagination
      currentPageIndex={paged.page + 1}
      pagesCount={Math.max(1, paged.pages)}
      disabled={paged.loading}
      onChange={({ detail }) => paged.go(detail.currentPageIndex - 1)}
    />
  );
}
