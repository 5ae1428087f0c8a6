/** Asks before something that cannot be taken back, and keeps the error where the question was. */
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Modal from '@cloudscape-design/components/modal';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { type ReactNode, useState } from 'react';
import { useText } from '../i18n';
import { Failure } from './Failure';

interface Props {
  title: string;
  action: string;
  /** The words for leaving everything as it is. Where the question is about cancelling, "Cancel" would say both. */
  dismiss?: string;
  failed: string;
  onConfirm: () => Promise<void>;
  onClose: () => void;
  /** A function gets the way to confirm from within, such as by Enter in a field. */
  children: ReactNode | ((confirm: () => void) => ReactNode);
  disabledReason?: string;
}

export function Confirm({ title, action, dismiss, failed, onConfirm, onClose, children, disabledReason }: Props) {
  const { t } = useText();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const run = async () => {
    if (busy || disabledReason) return;
    setBusy(true);
    setError(undefined);
    try {
      await onConfirm();
      onClose();
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal
      visible
      header={title}
      onDismiss={onClose}
      closeAriaLabel={t('common.close')}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={onClose}>
              {dismiss ?? t('common.cancel')}
            </Button>
            <Button variant="primary" loading={busy} disabled={Boolean(disabledReason)} disabledReason={disabledReason} onClick={() => void run()}>
              {action}
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="m">
        {error !== undefined && <Failure error={error} what={failed} />}
        {typeof children === 'function' ? children(() => void run()) : children}
      </SpaceBetween>
    </Modal>
  );
}
