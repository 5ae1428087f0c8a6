/** Saves something large: how far it is and a way to stop it stand where the button was. */
import Button from '@cloudscape-design/components/button';
import ProgressBar from '@cloudscape-design/components/progress-bar';
import { useText } from '../i18n';
import type { Saving } from './useSaving';

interface Props {
  label: string;
  saving: Saving;
  disabled?: boolean;
  disabledReason?: string;
  onClick: () => void;
}

export function SaveButton({ label, saving, disabled, disabledReason, onClick }: Props) {
  const { t } = useText();
  if (saving.progress === undefined) {
    return (
      <Button iconName="download" disabled={disabled} disabledReason={disabledReason} onClick={onClick}>
        {label}
      </Button>
    );
  }
  return (
    <span className="qd-saving">
      <ProgressBar variant="standalone" value={saving.progress} ariaLabel={label} />
      <Button iconName="close" ariaLabel={t('results.stopSaving')} onClick={saving.cancel}>
        {t('common.cancel')}
      </Button>
    </span>
  );
}
