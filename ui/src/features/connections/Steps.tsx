/** What came of trying a connection, step by step. */
import Box from '@cloudscape-design/components/box';
import StatusIndicator, { type StatusIndicatorProps } from '@cloudscape-design/components/status-indicator';
import type { Checked, CheckStep } from '../../host';
import { type TextKey, useText } from '../../i18n';
import { saidKey } from './draft';

const TYPES: Record<CheckStep['state'], StatusIndicatorProps.Type> = { good: 'success', warning: 'warning', failed: 'error', skipped: 'stopped' };

export function Steps({ checked }: { checked: Checked }) {
  const { t, maybe } = useText();
  const detailOf = (step: CheckStep) => {
    if (step.step !== 'clock') return step.detail;
    return t('connection.seconds', { count: Math.abs(Number(step.detail) || 0) });
  };
  return (
    <ul className="qd-steps" aria-label={t('connection.result')}>
      {checked.steps.map((step) => (
        <li key={step.step}>
          <StatusIndicator type={TYPES[step.state]}>{t(`connection.step.${step.step}`)}</StatusIndicator>
          <Box color="text-body-secondary" variant="span">
            {t(saidKey(step, (key) => maybe(key, '') !== '') as TextKey, { detail: detailOf(step), code: step.code })}
          </Box>
        </li>
      ))}
    </ul>
  );
}
