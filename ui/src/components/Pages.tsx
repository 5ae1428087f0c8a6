import Pagination from '@cloudscape-design/components/pagination';
import type { Paged } from '../api/paging';
import { useText } from '../i18n';

/** Paging over opaque tokens: pages seen can be gone back to, and the end is open while there is a token. */
export function Pages<T>({ paged }: { paged: Paged<T> }) {
  const { t } = useText();
  if (paged.pages <= 1 && paged.page === 0) return null;
  return (
    <Pagination
      currentPageIndex={paged.page + 1}
      pagesCount={Math.max(1, paged.pages)}
      openEnd={paged.openEnd}
      disabled={paged.loading}
      ariaLabels={{ pageLabel: (page) => t('common.page', { page }), nextPageLabel: t('common.nextPage'), previousPageLabel: t('common.previousPage') }}
      onChange={({ detail }) => paged.go(detail.currentPageIndex - 1)}
    />
  );
}
