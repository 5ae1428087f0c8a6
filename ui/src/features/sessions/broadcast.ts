/** Typing into many terminals at once: who gets what. Which keys are typed is decided in `liveTerminal.ts`. */

export interface Broadcast {
  on: boolean;
  /** The panes of the tab in view, or those of every tab of this window. */
  scope: 'tab' | 'all';
  /** Panes that are left out. */
  excluded: ReadonlySet<string>;
}

export const NO_BROADCAST: Broadcast = { on: false, scope: 'tab', excluded: new Set() };

/** From this many terminals on, turning it on is asked about. */
export const ASK_FROM = 6;

/** Who gets what is typed in `from`, which is always among them. A pane that is left out types for itself alone. */
export function receivers(broadcast: Broadcast, from: string, inTab: string[], everywhere: string[]): string[] {
  const scope = broadcast.scope === 'all' ? everywhere : inTab;
  if (!broadcast.on || broadcast.excluded.has(from) || !scope.includes(from)) return [from];
  return scope.filter((pane) => !broadcast.excluded.has(pane));
}

/** Everyone who would get something typed in one that is not left out. */
export function members(broadcast: Broadcast, inTab: string[], everywhere: string[]): string[] {
  const scope = broadcast.scope === 'all' ? everywhere : inTab;
  return broadcast.on ? scope.filter((pane) => !broadcast.excluded.has(pane)) : [];
}

export function toggled(excluded: ReadonlySet<string>, pane: string): ReadonlySet<string> {
  const next = new Set(excluded);
  if (!next.delete(pane)) next.add(pane);
  return next;
}
