import Box from '@cloudscape-design/components/box';
import Spinner from '@cloudscape-design/components/spinner';
import { useText } from '../i18n';

export function Loading() {
  const { t } = useText();
  return (
    <Box padding="xxl" textAlign="center" color="text-body-secondary">
      <Spinner size="large" />
      <Box padding={{ top: 's' }}>{t('common.loading')}</Box>
    </Box>
  );
}
