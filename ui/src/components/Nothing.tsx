import type { ReactNode } from 'react';
import type { Paged } from '../api/paging';
import { useText } from '../i18n';
import { Empty } from './Empty';

/** What an empty table says. "There is nothing yet" is true only of a list that was read: not after a failure, and not of the list before. */
export function Nothing({ paged, children }: { paged: Pick<Paged<unknown>, 'error' | 'stale'>; children: ReactNode }) {
  const { t } = useText();
  if (paged.error !== null) return <Empty title={t('common.notRead')} hint={t('common.notReadHint')} />;
  return paged.stale ? <Empty title={t('common.loading')} /> : <>{children}</>;
}
