import Button from '@cloudscape-design/components/button';
import { type ErrorComponentProps, useRouter } from '@tanstack/react-router';
import { useEffect } from 'react';
import { Empty } from '../components/Empty';
import { Failure } from '../components/Failure';
import { useText } from '../i18n';
import { noteIncident } from './incidents';
import { Page } from './page';
import { useOpen } from './router';

export function RouteError({ error }: ErrorComponentProps) {
  const { t } = useText();
  const router = useRouter();
  useEffect(() => noteIncident('page', error), [error]);
  return <Failure error={error} what={t('errors.page')} onRetry={() => void router.invalidate()} />;
}

export function NotFoundPage() {
  const { t } = useText();
  const open = useOpen();
  return (
    <Page title={t('errors.notFound')}>
      <Empty title={t('errors.notFound')} hint={t('errors.notFoundHint')} action={<Button onClick={() => open('/')}>{t('errors.toOverview')}</Button>} />
    </Page>
  );
}
