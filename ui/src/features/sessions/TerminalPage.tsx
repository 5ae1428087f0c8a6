/** Shells on nodes: tabs, panes beside each other, one keyboard for many. */
import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import ButtonDropdown from '@cloudscape-design/components/button-dropdown';
import SpaceBetween from '@cloudscape-design/components/space-between';
import ToggleButton from '@cloudscape-design/components/toggle-button';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { getNodes } from '../../api/extension';
import { lineOf } from '../../api/errors';
import { useActions } from '../../app/actions';
import { flash, flashes } from '../../app/flash';
import { isDialogOpen } from '../../app/keys';
import { Page } from '../../app/page';
import { paletteOpen } from '../../app/Palette';
import { useBlocked } from '../../app/useBlocked';
import { CodeBlock } from '../../components/CodeBlock';
import { Empty } from '../../components/Empty';
import { host } from '../../host';
import { useText } from '../../i18n';
import { useStore } from '../../lib/store';
import { nodeName } from '../nodes/columns';
import { ASK_FROM, type Broadcast } from './broadcast';
import { BroadcastBar, BroadcastQuestion } from './BroadcastBar';
import { actionOf, type TerminalAction } from './keys';
import { KeyTest } from './KeyTest';
import { panesOf } from './layout';
import { SavedLayouts } from './SavedLayouts';
import type { PaneRequest } from './liveTerminal';
import { NodePicker, type Place } from './NodePicker';
import { Questions } from './Questions';
import { SplitView } from './SplitView';
import { TabStrip } from './TabStrip';
import { TerminalSettings } from './TerminalSettings';
import { zoom } from './terminalSettings';
import '../../theme/sessions.css';
import * as space from './workspace';

export interface TerminalSearch {
  /** Nodes to open a terminal on. The address forgets them once they are open. */
  nodes?: string[];
}

const BY_CLI = 'aws ssm start-session --target mi-0123456789abcdef0';

type Dialog = 'pick' | 'settings' | 'keys' | 'layouts' | 'broadcast';

/** Names of nodes by their ids; the id itself where it cannot be read. */
async function requestsFor(ids: string[]): Promise<PaneRequest[]> {
  const names = new Map<string, string>();
  try {
    const answer = await getNodes({ filter: [{ Key: 'InstanceIds', Values: ids.slice(0, 50) }], sort: 'name', order: 'asc', max: 50 });
    for (const node of answer.nodes) names.set(node.InstanceId, nodeName(node));
  } catch {
    // A terminal named by an id is still that terminal.
  }
  return ids.map((target) => ({ target, label: names.get(target) ?? target }));
}

/** Opens what the address asks for, once. */
function useAsked(blocked: string | undefined): void {
  const navigate = useNavigate();
  const { nodes } = useSearch({ strict: false }) as TerminalSearch;
  const asked = useRef(false);
  useEffect(() => {
    if (!nodes || nodes.length === 0 || asked.current || blocked !== undefined) return;
    asked.current = true;
    void (async () => {
      await space.beginWorkspace();
      const requests = await requestsFor(nodes);
      space.openTab(requests);
      asked.current = false;
      await navigate({ to: '/terminal', search: {} as never, replace: true });
    })();
  }, [nodes, navigate, blocked]);
}

/** Room from here to the bottom of the window. */
function useFill(): React.RefObject<HTMLDivElement | null> {
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const fit = () => {
      const element = box.current;
      if (!element) return;
      const top = element.getBoundingClientRect().top + window.scrollY;
      element.style.blockSize = `${Math.max(280, window.innerHeight - top - 16)}px`;
    };
    fit();
    // What stands above comes and goes: messages, and the page's own head once its fonts are there.
    const timer = setInterval(fit, 400);
    const stop = flashes.subscribe(() => requestAnimationFrame(fit));
    window.addEventListener('resize', fit);
    return () => {
      clearInterval(timer);
      stop();
      window.removeEventListener('resize', fit);
    };
  }, []);
  return box;
}

/** Turns the broadcast on or off; from a number of terminals on, a person confirms first. */
function useBroadcast(ask: () => void): (next?: Partial<Broadcast>) => void {
  return useCallback(
    (next) => {
      const now = space.broadcast.get();
      const wanted = { ...now, ...(next ?? { on: !now.on }) };
      const count = space.broadcastMembers(space.workspace.get(), wanted).length;
      const before = space.broadcastMembers(space.workspace.get(), now).length;
      if (wanted.on && count >= ASK_FROM && count > before) {
        pending = wanted;
        ask();
      } else space.broadcast.set(wanted);
    },
    [ask],
  );
}
let pending: Broadcast | undefined;

async function copySelection(): Promise<void> {
  const active = space.shownTab()?.active;
  await (active === undefined ? undefined : space.terminalOf(active)?.copy());
}

const PLAIN: Partial<Record<TerminalAction, () => void>> = {
  copy: () => void copySelection().catch(() => undefined),
  search: () => space.searchOpen.set((now) => (now === undefined ? space.shownTab()?.active : undefined)),
  closePane: () => space.closePane(),
  splitRight: () => space.split('row'),
  splitDown: () => space.split('column'),
  nextTab: () => space.stepTab(1),
  previousTab: () => space.stepTab(-1),
  left: () => space.goTo('left'),
  right: () => space.goTo('right'),
  up: () => space.goTo('up'),
  down: () => space.goTo('down'),
  zoomIn: () => zoom(1),
  zoomOut: () => zoom(-1),
  zoomReset: () => zoom(0),
  // Without Shift these keys are the shell's.
  console: () => paletteOpen.set(true),
};

function useKeys(pick: () => void, toggleBroadcast: () => void): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      const action = actionOf(event);
      // A paste comes as such; the browser makes it from the same keys.
      if (!action || action === 'paste' || isDialogOpen()) return;
      const run = action === 'newTab' ? pick : action === 'broadcast' ? toggleBroadcast : PLAIN[action];
      if (!run) return;
      event.preventDefault();
      event.stopPropagation();
      run();
    };
    window.addEventListener('keydown', onKeyDown, true);
    return () => window.removeEventListener('keydown', onKeyDown, true);
  }, [pick, toggleBroadcast]);
}

export function TerminalPage() {
  const { t } = useText();
  if (host.terminal) return <Terminals />;
  return (
    <Page
      title={t('terminal.title')}
      description={t('terminal.description')}
      actions={
        <Button variant="primary" disabled disabledReason={t('terminal.inBrowser')}>
          {t('terminal.new')}
        </Button>
      }
    >
      <SpaceBetween size="m">
        <Alert type="info" header={t('terminal.inBrowserTitle')}>
          {t('terminal.inBrowser')}
        </Alert>
        <CodeBlock text={BY_CLI} />
      </SpaceBetween>
    </Page>
  );
}

function Terminals() {
  const { t, maybe } = useText();
  const blocked = useBlocked();
  const state = useStore(space.workspace);
  const cast = useStore(space.broadcast);
  const [dialog, setDialog] = useState<Dialog>();
  const [ready, setReady] = useState(false);
  const fill = useFill();
  const pick = useCallback(() => setDialog('pick'), []);
  const setBroadcast = useBroadcast(useCallback(() => setDialog('broadcast'), []));
  const toggleBroadcast = useCallback(() => setBroadcast(), [setBroadcast]);
  useKeys(pick, toggleBroadcast);
  useAsked(blocked);
  useEffect(() => {
    void space.beginWorkspace().then(() => setReady(true));
  }, []);
  const tab = space.shownTab(state);
  const active = tab?.active;
  useEffect(() => {
    if (active !== undefined && !isDialogOpen()) space.terminalOf(active)?.focus();
  }, [active, dialog]);
  const open = (requests: PaneRequest[], place: Place) => {
    if (place === 'tiles') space.openTab(requests);
    else if (place === 'tabs') space.openTabs(requests);
    else for (const request of requests) space.split(place, request);
  };
  const nothing = tab ? undefined : ('terminal.noneOpen' as const);
  const none = nothing && t(nothing);
  const tear = () =>
    space.tearOff().catch((error: unknown) => flash({ type: 'error', text: 'errors.flash', values: { what: t('terminal.tearOffFailed'), message: lineOf(error, maybe) } }));
  useActions([
    { id: 'terminal.new', text: 'terminal.new', also: 'shell 셸', blocked: () => (blocked ? 'run.readOnly' : undefined), run: pick },
    { id: 'terminal.right', text: 'terminal.splitRight', blocked: () => nothing, run: () => space.split('row') },
    { id: 'terminal.down', text: 'terminal.splitDown', blocked: () => nothing, run: () => space.split('column') },
    { id: 'terminal.broadcast', text: 'terminal.action.broadcast', also: 'sync 동시', blocked: () => nothing, run: toggleBroadcast },
    { id: 'terminal.tearOff', text: 'terminal.tearOff', also: 'window 창', blocked: () => nothing, run: () => void tear() },
    { id: 'terminal.layouts', text: 'terminal.layouts', run: () => setDialog('layouts') },
    { id: 'terminal.keyTest', text: 'terminal.keyTest', run: () => setDialog('keys') },
    { id: 'terminal.settings', text: 'terminal.settings', also: 'font 글꼴', run: () => setDialog('settings') },
  ]);
  const menu = (id: string) => {
    if (id === 'right') space.split('row');
    else if (id === 'down') space.split('column');
    else if (id === 'window') void tear();
    else setDialog(id as Dialog);
  };
  return (
    <Page
      title={t('terminal.title')}
      actions={
        <SpaceBetween direction="horizontal" size="xs">
          <ToggleButton
            pressed={cast.on}
            disabled={none !== undefined}
            disabledReason={none}
            iconName="multiscreen"
            pressedIconName="multiscreen"
            onChange={({ detail }) => setBroadcast({ on: detail.pressed })}
          >
            {t('terminal.broadcast')}
          </ToggleButton>
          <Button iconName="search" ariaLabel={t('terminal.search')} disabled={none !== undefined} disabledReason={none} onClick={PLAIN.search} />
          <ButtonDropdown
            items={[
              { id: 'right', text: t('terminal.splitRight'), disabled: none !== undefined, disabledReason: none },
              { id: 'down', text: t('terminal.splitDown'), disabled: none !== undefined, disabledReason: none },
              { id: 'window', text: t('terminal.tearOff'), disabled: none !== undefined, disabledReason: none },
              { id: 'layouts', text: t('terminal.layouts') },
              { id: 'keys', text: t('terminal.keyTest') },
              { id: 'settings', text: t('terminal.settings') },
            ]}
            onItemClick={({ detail }) => menu(detail.id)}
          >
            {t('terminal.more')}
          </ButtonDropdown>
          <Button variant="primary" iconName="add-plus" disabled={Boolean(blocked)} disabledReason={blocked} onClick={pick}>
            {t('terminal.new')}
          </Button>
        </SpaceBetween>
      }
    >
      <div className="qd-terminals" ref={fill}>
        <TabStrip state={state} />
        {cast.on && <BroadcastBar state={state} value={cast} onChange={setBroadcast} />}
        <div className="qd-terminals-stage">
          {state.tabs.map((item) => (
            <div key={item.id} className={item.id === state.shown ? 'qd-stage' : 'qd-stage qd-stage-behind'} inert={item.id !== state.shown}>
              <SplitView tab={item} layout={item.layout} shown={item.id === state.shown} alone={panesOf(item.layout).length === 1} />
            </div>
          ))}
          {ready && !tab && (
            <Empty
              title={t('terminal.none')}
              hint={t('terminal.noneHint')}
              action={
                <Button disabled={Boolean(blocked)} disabledReason={blocked} onClick={pick}>
                  {t('terminal.new')}
                </Button>
              }
            />
          )}
        </div>
      </div>
      {dialog === 'pick' && <NodePicker canSplit={tab !== undefined} onOpen={open} onClose={() => setDialog(undefined)} />}
      {dialog === 'settings' && <TerminalSettings onClose={() => setDialog(undefined)} />}
      {dialog === 'keys' && <KeyTest onClose={() => setDialog(undefined)} />}
      {dialog === 'layouts' && <SavedLayouts tab={tab} onClose={() => setDialog(undefined)} />}
      {dialog === 'broadcast' && pending && (
        <BroadcastQuestion
          count={space.broadcastMembers(state, pending).length}
          onClose={() => setDialog(undefined)}
          onConfirm={() => {
            if (pending) space.broadcast.set(pending);
          }}
        />
      )}
      <Questions />
    </Page>
  );
}
