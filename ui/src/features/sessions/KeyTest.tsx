/** What a key sends to a shell, without a shell: where a key does nothing on a node, this says whether it leaves this machine. */
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Modal from '@cloudscape-design/components/modal';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { Terminal } from '@xterm/xterm';
import '@xterm/xterm/css/xterm.css';
import { useEffect, useRef, useState } from 'react';
import { isDark, preferences } from '../../app/preferences';
import { useText } from '../../i18n';
import { Composition, listen } from './composition';
import { actionOf, keysOf, type TerminalAction } from './keys';
import { TERMINAL_FONTS, terminalTheme } from './terminalTheme';
import { visible } from './visible';

interface Seen {
  at: number;
  key: string;
  sent: string;
}
const KEPT = 8;
const ACTIONS: TerminalAction[] = ['copy', 'paste', 'search', 'newTab', 'closePane', 'splitRight', 'splitDown', 'broadcast', 'left', 'nextTab', 'previousTab', 'zoomIn', 'zoomOut', 'zoomReset', 'console'];

/** A terminal without a session in `box`, of which every key is noted. Returns the way to stop. */
function test(box: HTMLElement, label: string, note: (seen: Seen) => void): () => void {
  const terminal = new Terminal({ cols: 40, rows: 2, fontFamily: TERMINAL_FONTS, fontSize: 13, theme: terminalTheme(isDark(preferences.get())) });
  let key = '';
  let count = 0;
  const sent = (text: string) => {
    count += 1;
    note({ at: count, key, sent: text });
  };
  terminal.open(box);
  terminal.onData(sent);
  terminal.attachCustomKeyEventHandler((event) => {
    if (event.type !== 'keydown') return event.type === 'keyup';
    key = [event.ctrlKey && 'Ctrl', event.altKey && 'Alt', event.shiftKey && 'Shift', event.metaKey && 'Meta', event.code].filter(Boolean).join(' + ');
    if (event.isComposing || event.keyCode === 229) return false;
    return actionOf(event) === undefined;
  });
  const { textarea } = terminal;
  textarea?.setAttribute('aria-label', label);
  if (textarea) textarea.style.whiteSpace = 'pre';
  const listening = textarea && listen({ textarea, container: box }, new Composition({ send: sent, preview: () => undefined }));
  terminal.focus();
  return () => {
    listening?.stop();
    terminal.dispose();
  };
}

export function KeyTest({ onClose }: { onClose: () => void }) {
  const { t } = useText();
  const place = useRef<HTMLDivElement>(null);
  const [seen, setSeen] = useState<Seen[]>([]);
  useEffect(() => {
    let stop: (() => void) | undefined;
    // Once the dialog is drawn, which gives the field its size, and has put the focus on its first button.
    const timer = setTimeout(() => {
      if (place.current) stop = test(place.current, t('terminal.keyTestField'), (entry) => setSeen((now) => [entry, ...now].slice(0, KEPT)));
    }, 100);
    return () => {
      clearTimeout(timer);
      stop?.();
    };
  }, [t]);
  return (
    <Modal
      visible
      size="large"
      header={t('terminal.keyTest')}
      closeAriaLabel={t('common.close')}
      onDismiss={onClose}
      footer={
        <Box float="right">
          <Button variant="primary" onClick={onClose}>
            {t('common.close')}
          </Button>
        </Box>
      }
    >
      <SpaceBetween size="m">
        <div>{t('terminal.keyTestHint')}</div>
        {/* Escape is a key to test here, not the way out of the dialog. */}
        {/* oxlint-disable-next-line jsx-a11y/no-static-element-interactions */}
        <div className="qd-key-field" ref={place} onKeyDown={(event) => event.stopPropagation()} />
        <table className="qd-key-table">
          <thead>
            <tr>
              <th scope="col">{t('terminal.keyPressed')}</th>
              <th scope="col">{t('terminal.keySent')}</th>
            </tr>
          </thead>
          <tbody aria-live="polite">
            {seen.map((entry) => (
              <tr key={entry.at}>
                <td>{entry.key}</td>
                <td>
                  <code>{visible(entry.sent)}</code>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
        <Box variant="h3">{t('terminal.ownKeys')}</Box>
        <dl className="qd-shortcuts qd-own-keys">
          {ACTIONS.map((action) => (
            <div key={action}>
              <dt>
                {keysOf(action).map((key) => (
                  <kbd key={key}>{key}</kbd>
                ))}
              </dt>
              <dd>{t(`terminal.action.${action as Exclude<TerminalAction, 'right' | 'up' | 'down'>}`)}</dd>
            </div>
          ))}
        </dl>
      </SpaceBetween>
    </Modal>
  );
}
