/** What happened, why, and what to try. The only way an error is shown on a page. */
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import { adviceFor, asFailure, wordsOf } from '../api/errors';
import { useText } from '../i18n';

export function Failure({ error, what, onRetry }: { error: unknown; what: string; onRetry?: () => void }) {
  const { t, maybe } = useText();
  const failure = asFailure(error);
  const { text, detail } = wordsOf(failure, maybe);
  return (
    <Alert
      type="error"
      header={what}
      action={onRetry && <Button onClick={onRetry}>{t('common.retry')}</Button>}
    >
      <div className="qd-message">{text}</div>
      {detail && <div className="qd-message">{detail}</div>}
      <div>{t(`errors.advice.${adviceFor(failure.code)}`)}</div>
      <Box variant="small" color="text-body-secondary">
        {failure.requestId ? t('errors.codeAndRequest', { code: failure.code, request: failure.requestId }) : t('errors.code', { code: failure.code })}
      </Box>
    </Alert>
  );
}
