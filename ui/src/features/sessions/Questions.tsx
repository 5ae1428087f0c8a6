/** What a terminal asks before it does it: lines that would run, a link out of it, shells that would end. */
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Modal from '@cloudscape-design/components/modal';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useEffect } from 'react';
import { Confirm } from '../../components/Confirm';
import { host } from '../../host';
import { useText } from '../../i18n';
import { useStore } from '../../lib/store';
import { asOneLine, type Paste } from './paste';
import { pasteInto, question, type Question, shownTab, terminalOf } from './workspace';

const SHOWN_LINES = 12;

export function Questions() {
  const { t } = useText();
  const asked = useStore(question);
  const close = () => question.set(undefined);
  useEffect(() => {
    if (asked) return undefined;
    // Back to the terminal, after the dialog gave the focus back to where it was.
    const timer = setTimeout(() => terminalOf(shownTab()?.active ?? '')?.focus());
    return () => clearTimeout(timer);
  }, [asked]);
  if (!asked) return null;
  if (asked.kind === 'paste') return <PasteQuestion asked={asked} onClose={close} />;
  if (asked.kind === 'link') {
    return (
      <Confirm title={t('terminal.linkAsk')} action={t('terminal.linkOpen')} failed={t('terminal.linkFailed')} onClose={close} onConfirm={() => host.openExternal(asked.url)}>
        <div className="qd-anywhere qd-id">{asked.url}</div>
      </Confirm>
    );
  }
  return (
    <Confirm
      title={t('terminal.closeAsk', { count: asked.panes.length })}
      action={t('terminal.closeEnd')}
      dismiss={t('terminal.closeKeep')}
      failed={t('terminal.closeFailed')}
      onClose={close}
      onConfirm={async () => asked.close()}
    >
      {t('terminal.closeText')}
    </Confirm>
  );
}

function PasteQuestion({ asked, onClose }: { asked: Extract<Question, { kind: 'paste' }>; onClose: () => void }) {
  const { t, bytes } = useText();
  const { paste, from, receivers } = asked;
  const lines = paste.text.replace(/\r$/, '').split('\r');
  const send = (what: Paste) => {
    onClose();
    pasteInto(from, what);
  };
  return (
    <Modal
      visible
      size="large"
      header={t('terminal.pasteAsk', { count: paste.lines })}
      closeAriaLabel={t('common.close')}
      onDismiss={onClose}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={onClose}>
              {t('common.cancel')}
            </Button>
            {paste.lines > 1 && <Button onClick={() => send(asOneLine(paste))}>{t('terminal.pasteOneLine')}</Button>}
            <Button variant="primary" onClick={() => send(paste)}>
              {t('terminal.paste')}
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="s">
        {receivers > 1 && <Alert type="warning">{t('terminal.pasteToMany', { count: receivers })}</Alert>}
        {paste.cleaned && <Alert type="warning">{t('terminal.pasteCleaned')}</Alert>}
        <div>{t('terminal.pasteText', { size: bytes(paste.bytes) })}</div>
        <pre className="qd-paste">{lines.slice(0, SHOWN_LINES).map((line) => line.slice(0, 200)).join('\n')}</pre>
        {lines.length > SHOWN_LINES && <div>{t('terminal.pasteMore', { count: lines.length - SHOWN_LINES })}</div>}
      </SpaceBetween>
    </Modal>
  );
}
