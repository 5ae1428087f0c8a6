/**
 * The tabs of this window and their terminals. Outside of React on purpose: going to another page and back must not end a shell,
 * and a page that loads anew finds its sessions again.
 */
import { host } from '../../host';
import { createStore } from '../../lib/store';
import { type Broadcast, members, NO_BROADCAST, receivers, toggled } from './broadcast';
import { type Layout, MOST_PANES, moveBorder, neighbour, panesOf, readLayout, removePane, renamed, type Side, splitPane, type Split, tiles } from './layout';
import { LiveTerminal, type PaneRequest } from './liveTerminal';
import { mustAsk, type Paste } from './paste';
import { loadTerminalSettings, terminalSettings } from './terminalSettings';

export interface Tab {
  id: string;
  layout: Layout;
  /** The pane that has the focus, or had it last. */
  active: string;
}

export interface Workspace {
  tabs: Tab[];
  shown?: string;
}

/** Something a person is asked before it happens. */
export type Question =
  | { kind: 'paste'; from: string; paste: Paste; receivers: number }
  | { kind: 'link'; url: string }
  | { kind: 'close'; panes: string[]; close: () => void };

/** Most terminals of one window. */
export const MOST_TERMINALS = 64;

const STORED = 'quarterdeck.terminals';

export const workspace = createStore<Workspace>({ tabs: [] });
export const broadcast = createStore<Broadcast>(NO_BROADCAST);
export const question = createStore<Question | undefined>(undefined);
export const searchOpen = createStore<string | undefined>(undefined);

const live = new Map<string, LiveTerminal>();
let last = 0;

function newId(kind: 'p' | 't'): string {
  last += 1;
  return `${kind}${last}-${Date.now().toString(36)}`;
}

export function terminalOf(pane: string): LiveTerminal | undefined {
  return live.get(pane);
}

export function allPanes(state = workspace.get()): string[] {
  return state.tabs.flatMap((tab) => panesOf(tab.layout));
}

export function shownTab(state = workspace.get()): Tab | undefined {
  return state.tabs.find((tab) => tab.id === state.shown);
}

export function tabOf(pane: string, state = workspace.get()): Tab | undefined {
  return state.tabs.find((tab) => panesOf(tab.layout).includes(pane));
}

/** Who gets what is typed in `from` now. */
export function receiversOf(from: string): string[] {
  const state = workspace.get();
  const tab = tabOf(from, state);
  return receivers(broadcast.get(), from, tab ? panesOf(tab.layout) : [], allPanes(state));
}

/** Who takes part in the broadcast, as the tab in view sees it. */
export function broadcastMembers(state: Workspace, now: Broadcast): string[] {
  const tab = shownTab(state);
  return members(now, tab ? panesOf(tab.layout) : [], allPanes(state));
}

function send(from: string, act: (terminal: LiveTerminal) => void): void {
  for (const pane of receiversOf(from)) {
    const terminal = live.get(pane);
    if (terminal) act(terminal);
  }
}

export function pasteInto(from: string, paste: Paste): void {
  send(from, (terminal) => void terminal.paste(paste));
}

function add(request: PaneRequest, attachTo?: number, id = newId('p')): string {
  live.set(
    id,
    new LiveTerminal(
      id,
      request,
      {
        typed: (from, data) => send(from, (terminal) => terminal.type(data)),
        pasted(from, paste) {
          const to = receiversOf(from);
          const asks = to.some((pane) => mustAsk(paste, live.get(pane)?.bracketed ?? false, terminalSettings.get().pasteWarning));
          if (asks || (to.length > 1 && paste.lines > 0)) question.set({ kind: 'paste', from, paste, receivers: to.length });
          else pasteInto(from, paste);
        },
        linkClicked: (url) => question.set({ kind: 'link', url }),
        focused: (pane) => activate(pane),
        changed: remember,
      },
      attachTo,
    ),
  );
  return id;
}

/** Writes down which sessions are where, for this window when its page loads anew. */
function remember(): void {
  const state = workspace.get();
  sessionStorage.setItem(STORED, stored(state.tabs, state.shown));
}

interface Stored {
  tabs: Tab[];
  shown?: string;
  panes: Record<string, { request: PaneRequest; handle?: number }>;
}

function stored(tabs: Tab[], shown?: string): string {
  const panes: Stored['panes'] = {};
  for (const pane of tabs.flatMap((tab) => panesOf(tab.layout))) {
    const terminal = live.get(pane);
    if (terminal) panes[pane] = { request: terminal.request, handle: terminal.handle };
  }
  return JSON.stringify({ tabs, shown, panes });
}

function change(next: (now: Workspace) => Workspace): void {
  workspace.set(next);
  remember();
}

function changeTab(id: string, next: (tab: Tab) => Tab): void {
  change((now) => ({ ...now, tabs: now.tabs.map((tab) => (tab.id === id ? next(tab) : tab)) }));
}

/** How many more terminals this window takes. */
export function room(): number {
  return MOST_TERMINALS - live.size;
}

/** Opens a tab with a terminal for each; several stand beside each other. */
export function openTab(requests: PaneRequest[]): void {
  const panes = requests.slice(0, Math.min(room(), MOST_PANES)).map((request) => add(request));
  const layout = tiles(panes);
  const [active] = panes;
  if (!layout || active === undefined) return;
  const id = newId('t');
  change((now) => ({ tabs: [...now.tabs, { id, layout, active }], shown: id }));
}

export function openTabs(requests: PaneRequest[]): void {
  for (const request of requests) openTab([request]);
}

/** Divides a pane; the new one is on the same node unless another is given. */
export function split(direction: Split['direction'], request?: PaneRequest, at = shownTab()?.active): void {
  const tab = at === undefined ? undefined : tabOf(at);
  const from = at === undefined ? undefined : live.get(at);
  if (!tab || !from || at === undefined || room() < 1 || panesOf(tab.layout).length >= MOST_PANES) return;
  const added = add(request ?? from.request);
  changeTab(tab.id, (now) => ({ ...now, layout: splitPane(now.layout, at, direction, added), active: added }));
}

export function activate(pane: string): void {
  const tab = tabOf(pane);
  if (tab && tab.active !== pane) changeTab(tab.id, (now) => ({ ...now, active: pane }));
}

export function showTab(id: string): void {
  change((now) => ({ ...now, shown: id }));
}

export function stepTab(by: 1 | -1): void {
  const { tabs, shown } = workspace.get();
  const at = tabs.findIndex((tab) => tab.id === shown);
  const next = tabs[(at + by + tabs.length) % tabs.length];
  if (next) showTab(next.id);
}

export function goTo(side: Side): void {
  const tab = shownTab();
  const next = tab && neighbour(tab.layout, tab.active, side);
  if (next === undefined) return;
  activate(next);
  live.get(next)?.focus();
}

export function resize(tab: string, path: number[], border: number, delta: number): void {
  changeTab(tab, (now) => ({ ...now, layout: moveBorder(now.layout, path, border, delta) }));
}

function forget(panes: string[], leave = false): void {
  for (const pane of panes) {
    live.get(pane)?.dispose(leave);
    live.delete(pane);
  }
  broadcast.set((now) => (panes.some((pane) => now.excluded.has(pane)) ? { ...now, excluded: new Set([...now.excluded].filter((pane) => !panes.includes(pane))) } : now));
}

function dropTab(id: string, leave = false): void {
  const state = workspace.get();
  const at = state.tabs.findIndex((tab) => tab.id === id);
  const tab = state.tabs[at];
  if (!tab) return;
  const tabs = state.tabs.toSpliced(at, 1);
  const shown = state.shown === id ? (tabs[at] ?? tabs[at - 1])?.id : state.shown;
  change(() => ({ tabs, shown }));
  forget(panesOf(tab.layout), leave);
  remember();
}

function dropPane(pane: string): void {
  const tab = tabOf(pane);
  if (!tab) return;
  const layout = removePane(tab.layout, pane);
  if (!layout) {
    dropTab(tab.id);
    return;
  }
  const active = tab.active === pane ? (panesOf(layout)[0] ?? '') : tab.active;
  changeTab(tab.id, (now) => ({ ...now, layout, active }));
  forget([pane]);
  remember();
}

/** Asks first where a shell would end that still runs. */
function closing(panes: string[], close: () => void): void {
  const running = panes.filter((pane) => live.get(pane)?.running);
  if (running.length === 0) close();
  else question.set({ kind: 'close', panes: running, close });
}

export function closePane(pane = shownTab()?.active): void {
  if (pane !== undefined) closing([pane], () => dropPane(pane));
}

export function closeTab(id: string): void {
  const tab = workspace.get().tabs.find((item) => item.id === id);
  if (tab) closing(panesOf(tab.layout), () => dropTab(id));
}

export function toggleExcluded(pane: string): void {
  broadcast.set((now) => ({ ...now, excluded: toggled(now.excluded, pane) }));
}

/** Gives a tab a window of its own. Its sessions go on; the other window shows them from what they wrote last. */
export async function tearOff(id = workspace.get().shown): Promise<void> {
  const tab = workspace.get().tabs.find((item) => item.id === id);
  if (!tab || !host.terminal) return;
  const handles = panesOf(tab.layout).flatMap((pane) => live.get(pane)?.handle ?? []);
  await host.terminal.tearOff(handles, stored([tab], tab.id));
  dropTab(tab.id, true);
}

function isRequest(value: unknown): value is PaneRequest {
  const request = value as Partial<PaneRequest> | null;
  return typeof request === 'object' && request !== null && typeof request.target === 'string' && typeof request.label === 'string';
}

function read(text: string | null | undefined): Stored | undefined {
  try {
    const value = JSON.parse(text ?? 'null') as Partial<Stored> | null;
    if (!value || !Array.isArray(value.tabs) || typeof value.panes !== 'object' || value.panes === null) return undefined;
    const panes = Object.fromEntries(Object.entries(value.panes).filter(([, pane]) => isRequest(pane.request)));
    const tabs = value.tabs.flatMap((tab): Tab[] => {
      const layout = readLayout(tab.layout);
      if (!layout || panesOf(layout).some((pane) => !panes[pane])) return [];
      const first = panesOf(layout)[0] ?? '';
      return [{ id: String(tab.id), layout, active: panesOf(layout).includes(tab.active) ? tab.active : first }];
    });
    return { tabs, shown: tabs.some((tab) => tab.id === value.shown) ? value.shown : tabs[0]?.id, panes };
  } catch {
    return undefined;
  }
}

let begun: Promise<void> | undefined;

/** Finds this window's tabs again: those of a page that loaded anew, or those that this window was opened for. Once a page. */
export function beginWorkspace(): Promise<void> {
  begun ??= begin();
  return begun;
}

/** A terminal measures its letters once: the faces that come with the console have to be there by then. */
async function faces(): Promise<void> {
  const both = Promise.all([document.fonts.load("13px 'JetBrains Mono'", 'a'), document.fonts.load("13px 'D2Coding Hangul'", '한')]);
  await Promise.race([both, new Promise((resolve) => setTimeout(resolve, 3_000))]).catch(() => undefined);
}

async function begin(): Promise<void> {
  await Promise.all([loadTerminalSettings(), faces()]);
  const terminals = host.terminal;
  if (!terminals) return;
  const claimed = await terminals.claim().catch(() => undefined);
  const found = read(claimed) ?? read(sessionStorage.getItem(STORED));
  if (!found) return;
  const running = new Set((await terminals.running().catch(() => [])).map((session) => session.handle));
  for (const pane of found.tabs.flatMap((tab) => panesOf(tab.layout))) {
    const entry = found.panes[pane];
    if (!entry) continue;
    const { request, handle } = entry;
    add(request, handle !== undefined && running.has(handle) ? handle : undefined, pane);
  }
  change((now) => ({ tabs: [...now.tabs, ...found.tabs], shown: now.shown ?? found.shown }));
}

/** A division of a tab that was given a name; its panes are nodes. */
export interface SavedLayout {
  name: string;
  layout: Layout;
  /** Name of each node, as tabs show it. */
  labels: Record<string, string>;
}

const LAYOUTS = 'terminal.layouts';
const MOST_LAYOUTS = 50;
export const savedLayouts = createStore<SavedLayout[]>([]);

export async function loadLayouts(): Promise<void> {
  const text = await host.settingsGet(LAYOUTS).catch(() => undefined);
  try {
    const value = JSON.parse(text ?? '[]') as unknown;
    if (!Array.isArray(value)) return;
    savedLayouts.set(
      value.flatMap((item: Partial<SavedLayout> | null): SavedLayout[] => {
        const layout = readLayout(item?.layout);
        if (!layout || typeof item?.name !== 'string' || item.name === '') return [];
        const labels = Object.fromEntries(Object.entries(item.labels ?? {}).filter(([, label]) => typeof label === 'string'));
        return [{ name: item.name.slice(0, 80), layout, labels }];
      }),
    );
  } catch {
    // Damaged layouts are none.
  }
}

async function keepLayouts(next: SavedLayout[]): Promise<void> {
  await host.settingsSet(LAYOUTS, JSON.stringify(next));
  savedLayouts.set(next);
}

/** Saves the division of the tab in view under a name; one of the same name is replaced. */
export async function saveLayout(name: string): Promise<void> {
  const tab = shownTab();
  if (!tab) return;
  const labels: Record<string, string> = {};
  const layout = renamed(tab.layout, (pane) => {
    const request = live.get(pane)?.request;
    if (request) labels[request.target] = request.label;
    return request?.target ?? '';
  });
  const others = savedLayouts.get().filter((item) => item.name !== name);
  await keepLayouts([...others, { name, layout, labels }].slice(-MOST_LAYOUTS));
}

export async function removeLayout(name: string): Promise<void> {
  await keepLayouts(savedLayouts.get().filter((item) => item.name !== name));
}

/** Opens a saved division as a tab, with a new session on each of its nodes. */
export function openLayout(saved: SavedLayout): void {
  if (panesOf(saved.layout).length > room()) return;
  const layout = renamed(saved.layout, (target) => add({ target, label: saved.labels[target] ?? target }));
  const id = newId('t');
  change((now) => ({ tabs: [...now.tabs, { id, layout, active: panesOf(layout)[0] ?? '' }], shown: id }));
}
