/** The tabs of a window's terminals. A list of buttons and not tabs in ARIA's sense: each has a second button that closes it. */
import Icon from '@cloudscape-design/components/icon';
import Spinner from '@cloudscape-design/components/spinner';
import { useText } from '../../i18n';
import { useStore } from '../../lib/store';
import { panesOf } from './layout';
import type { LiveTerminal, TerminalView } from './liveTerminal';
import { closeTab, showTab, type Tab, terminalOf, type Workspace } from './workspace';

export function TabStrip({ state }: { state: Workspace }) {
  const { t } = useText();
  if (state.tabs.length === 0) return null;
  return (
    <ul className="qd-tabs" aria-label={t('terminal.tabs')}>
      {state.tabs.map((tab) => {
        const terminal = terminalOf(tab.active);
        return terminal && <TabItem key={tab.id} tab={tab} terminal={terminal} shown={tab.id === state.shown} />;
      })}
    </ul>
  );
}

function TabItem({ tab, terminal, shown }: { tab: Tab; terminal: LiveTerminal; shown: boolean }) {
  const { t } = useText();
  const view = useStore(terminal.view);
  const others = panesOf(tab.layout).length - 1;
  const name = others > 0 ? t('terminal.andMore', { name: terminal.request.label, count: others }) : terminal.request.label;
  return (
    <li className={shown ? 'qd-tab qd-tab-shown' : 'qd-tab'}>
      <button type="button" className="qd-tab-name" aria-current={shown ? 'true' : undefined} title={view.title || undefined} onClick={() => showTab(tab.id)}>
        <StateMark view={view} />
        <span className="qd-tab-text">{name}</span>
        {view.unseen && !shown && <span className="qd-tab-unseen" role="img" aria-label={t('terminal.unseen')} />}
      </button>
      <button type="button" className="qd-tab-close" aria-label={t('terminal.closeTab', { name })} onClick={() => closeTab(tab.id)}>
        <Icon name="close" size="small" />
      </button>
    </li>
  );
}

/** How the session stands, as a mark with its words. */
export function StateMark({ view }: { view: TerminalView }) {
  const { t } = useText();
  const { state } = view.session;
  const words = t(`terminal.state.${state}`);
  if (state === 'connecting' || state === 'waiting' || state === 'reconnecting') {
    return (
      <span className="qd-tab-state">
        <Spinner />
        <span className={state === 'reconnecting' ? undefined : 'qd-unseen'}>{words}</span>
      </span>
    );
  }
  return <span className={`qd-tab-dot qd-tab-dot-${state}`} role="img" aria-label={words} title={words} />;
}
