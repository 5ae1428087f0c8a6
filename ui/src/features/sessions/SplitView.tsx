/** A tab's panes in their rows and columns, with borders that move by pointer and by arrow keys. */
import { Fragment, useEffect, useLayoutEffect, useRef } from 'react';
import { useText } from '../../i18n';
import { useStore } from '../../lib/store';
import { isSplit, type Layout, panesOf, type Split } from './layout';
import type { LiveTerminal } from './liveTerminal';
import { EndBar, PaneHead, PastingBar } from './PaneBars';
import { SearchBar } from './SearchBar';
import { activate, broadcast, broadcastMembers, resize, searchOpen, type Tab, terminalOf, workspace } from './workspace';

interface Props {
  tab: Tab;
  layout: Layout;
  /** The tab is in view. */
  shown: boolean;
  /** The only pane of its tab. */
  alone: boolean;
  path?: number[];
}

const NO_PATH: number[] = [];

export function SplitView({ tab, layout, shown, alone, path = NO_PATH }: Props) {
  if (!isSplit(layout)) {
    const terminal = terminalOf(layout.pane);
    return terminal ? <Pane terminal={terminal} active={tab.active === layout.pane} shown={shown} alone={alone} /> : null;
  }
  return (
    <div className={`qd-split qd-split-${layout.direction}`}>
      {layout.parts.map((part, index) => (
        <Fragment key={panesOf(part).join()}>
          <div className="qd-split-part" style={{ flexGrow: layout.shares[index] }}>
            <SplitView tab={tab} layout={part} shown={shown} alone={false} path={[...path, index]} />
          </div>
          {index < layout.parts.length - 1 && <Border tab={tab.id} split={layout} path={path} at={index} />}
        </Fragment>
      ))}
    </div>
  );
}

const STEP = 0.03;

function Border({ tab, split, path, at }: { tab: string; split: Split; path: number[]; at: number }) {
  const { t } = useText();
  const last = useRef<number>(undefined);
  const beside = split.direction === 'row';
  const share = Math.round(((split.shares[at] ?? 0) / ((split.shares[at] ?? 0) + (split.shares[at + 1] ?? 1))) * 100);
  return (
    // A separator that can be moved is a control: ARIA calls it so, and gives it these keys.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <div
      className="qd-split-border"
      role="separator"
      aria-label={t('terminal.border')}
      aria-orientation={beside ? 'vertical' : 'horizontal'}
      aria-valuenow={share}
      tabIndex={0} // oxlint-disable-line jsx-a11y/no-noninteractive-tabindex
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        last.current = beside ? event.clientX : event.clientY;
        event.preventDefault();
      }}
      onPointerMove={(event) => {
        const whole = event.currentTarget.parentElement;
        if (last.current === undefined || !whole) return;
        const now = beside ? event.clientX : event.clientY;
        resize(tab, path, at, (now - last.current) / (beside ? whole.clientWidth : whole.clientHeight));
        last.current = now;
      }}
      onPointerUp={() => {
        last.current = undefined;
      }}
      onKeyDown={(event) => {
        const less = beside ? 'ArrowLeft' : 'ArrowUp';
        const more = beside ? 'ArrowRight' : 'ArrowDown';
        if (event.key !== less && event.key !== more) return;
        event.preventDefault();
        resize(tab, path, at, event.key === less ? -STEP : STEP);
      }}
    />
  );
}

function Pane({ terminal, active, shown, alone }: { terminal: LiveTerminal; active: boolean; shown: boolean; alone: boolean }) {
  const place = useRef<HTMLDivElement>(null);
  const view = useStore(terminal.view);
  const cast = useStore(broadcast);
  const state = useStore(workspace);
  const searching = useStore(searchOpen) === terminal.id;
  const takesPart = cast.on && broadcastMembers(state, cast).includes(terminal.id);
  useLayoutEffect(() => (place.current ? terminal.mount(place.current) : undefined), [terminal]);
  useEffect(() => {
    terminal.setShown(shown);
    return () => terminal.setShown(false);
  }, [terminal, shown]);
  const classes = ['qd-pane', active && !alone && 'qd-pane-active', takesPart && 'qd-pane-cast', cast.on && cast.excluded.has(terminal.id) && 'qd-pane-out'];
  return (
    // The click only says which pane is meant; the terminal inside is the control, and has the keys.
    // oxlint-disable-next-line jsx-a11y/no-static-element-interactions
    <div className={classes.filter(Boolean).join(' ')} onPointerDown={() => activate(terminal.id)}>
      {(!alone || cast.on) && <PaneHead terminal={terminal} view={view} cast={cast} />}
      {searching && <SearchBar terminal={terminal} view={view} />}
      <div className="qd-pane-place" ref={place} />
      {view.pasting && <PastingBar terminal={terminal} pasting={view.pasting} />}
      <EndBar terminal={terminal} view={view} />
    </div>
  );
}
