/** What stands around a terminal in its pane: whose it is, a paste under way, how its session ended. */
import Button from '@cloudscape-design/components/button';
import ProgressBar from '@cloudscape-design/components/progress-bar';
import { useBlocked } from '../../app/useBlocked';
import { useText } from '../../i18n';
import type { Broadcast } from './broadcast';
import type { LiveTerminal, TerminalView } from './liveTerminal';
import { StateMark } from './TabStrip';
import { closePane, openTab, toggleExcluded } from './workspace';

export function PaneHead({ terminal, view, cast }: { terminal: LiveTerminal; view: TerminalView; cast: Broadcast }) {
  const { t } = useText();
  const { label } = terminal.request;
  const out = cast.excluded.has(terminal.id);
  return (
    <div className="qd-pane-head">
      <StateMark view={view} />
      <span className="qd-pane-name">{label}</span>
      {view.title && <span className="qd-pane-title">{view.title}</span>}
      {cast.on && (
        <button type="button" className="qd-pane-button" aria-pressed={out} onClick={() => toggleExcluded(terminal.id)}>
          {t(out ? 'terminal.leftOut' : 'terminal.leaveOut')}
          <span className="qd-unseen">{label}</span>
        </button>
      )}
      <button type="button" className="qd-pane-button" aria-label={t('terminal.closePane', { name: label })} onClick={() => closePane(terminal.id)}>
        {'✕'}
      </button>
    </div>
  );
}

export function PastingBar({ terminal, pasting }: { terminal: LiveTerminal; pasting: { done: number; total: number } }) {
  const { t } = useText();
  return (
    <div className="qd-pane-bar">
      <div className="qd-pane-grow">
        <ProgressBar value={(pasting.done / pasting.total) * 100} label={t('terminal.pasting')} />
      </div>
      <Button onClick={() => terminal.stopPaste()}>{t('terminal.stopPaste')}</Button>
    </div>
  );
}

/** Why the session is cut or over, and the way on. */
export function EndBar({ terminal, view }: { terminal: LiveTerminal; view: TerminalView }) {
  const { t } = useText();
  const blocked = useBlocked();
  const { session } = view;
  if (session.state === 'reconnecting') {
    return (
      <div className="qd-pane-bar" role="status">
        <span className="qd-pane-grow">{session.node ? t('terminal.nodeAway') : session.reason ? t('terminal.reconnectingWhy', { reason: session.reason }) : t('terminal.reconnecting')}</span>
      </div>
    );
  }
  if (session.state !== 'closed') return null;
  const code = session.exitCode === undefined ? '' : t('terminal.exitCode', { code: session.exitCode });
  return (
    <div className="qd-pane-bar" role="status">
      <span className="qd-pane-grow">
        <strong>{t('terminal.ended')}</strong> {code} {session.reason}
      </span>
      <Button disabled={Boolean(blocked)} disabledReason={blocked} onClick={() => terminal.reconnect()}>
        {t('terminal.reconnect')}
      </Button>
      <Button disabled={Boolean(blocked)} disabledReason={blocked} onClick={() => openTab([terminal.request])}>
        {t('terminal.newSame')}
      </Button>
    </div>
  );
}
