/**
 * Every page of the console, and the state each keeps in its address.
 *
 * Addresses live after `#`: the same build is served by a hub under `/quarterdeck/console/` and by the desktop app from its
 * own scheme, and neither has to rewrite paths. Every page is a chunk of its own, so the first paint loads one.
 */
import { createHashHistory, createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router';
import { NotFoundPage, RouteError } from './app/RouteError';
import { Shell } from './app/Shell';
import { Loading } from './components/Loading';
import type { CommandsSearch } from './features/commands/CommandsPage';
import { isHistoryFilter } from './features/commands/history';
import type { CommandSearch } from './features/commands/Invocations';
import type { RunSearch } from './features/commands/RunCommandPage';
import type { DocumentSearch } from './features/documents/DocumentPage';
import type { DocumentsSearch } from './features/documents/DocumentsPage';
import { type ListSearch, listSearch } from './components/listAddress';
import { isNodeFilter, queryOf } from './features/nodes/filter';
import type { NodeSearch } from './features/nodes/NodePage';
import type { SettingsSearch } from './features/settings/SettingsPage';
import type { EditSearch } from './features/documents/EditDocumentPage';
import type { RecordingSearchParams } from './features/sessions/RecordingPage';
import { isSessionsFilter, type SessionsSearch } from './features/sessions/sessionsSearch';
import type { TerminalSearch } from './features/sessions/TerminalPage';

const root = createRootRoute({ component: Shell, notFoundComponent: NotFoundPage });

type Raw = Record<string, unknown>;

/** Text of an address; a number typed there is text too. */
function text(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function texts(value: unknown): string[] | undefined {
  return Array.isArray(value) ? value.map(text).filter((item): item is string => item !== undefined) : undefined;
}

const overview = createRoute({ getParentRoute: () => root, path: '/', component: lazyRouteComponent(() => import('./features/overview/OverviewPage'), 'OverviewPage') });

const nodes = createRoute({
  getParentRoute: () => root,
  path: '/nodes',
  validateSearch: (raw: Raw): ListSearch => ({ ...listSearch(raw), q: listSearch(raw).q ?? queryOf(raw) }),
  component: lazyRouteComponent(() => import('./features/nodes/NodesPage'), 'NodesPage'),
});
const node = createRoute({
  getParentRoute: () => root,
  path: '/nodes/$id',
  validateSearch: (raw: Raw): NodeSearch => ({ tab: text(raw.tab) }),
  component: lazyRouteComponent(() => import('./features/nodes/NodePage'), 'NodePage'),
});
const activations = createRoute({
  getParentRoute: () => root,
  path: '/activations',
  component: lazyRouteComponent(() => import('./features/nodes/ActivationsPage'), 'ActivationsPage'),
});

const run = createRoute({
  getParentRoute: () => root,
  path: '/run',
  validateSearch: (raw: Raw): RunSearch => ({
    document: text(raw.document),
    version: text(raw.version),
    nodes: texts(raw.nodes),
    targets: isNodeFilter(raw.targets) ? raw.targets : undefined,
    from: text(raw.from),
    only: raw.only === 'failed' ? 'failed' : undefined,
    group: text(raw.group),
    step: text(raw.step),
  }),
  component: lazyRouteComponent(() => import('./features/commands/RunCommandPage'), 'RunCommandPage'),
});
const commands = createRoute({
  getParentRoute: () => root,
  path: '/commands',
  validateSearch: (raw: Raw): CommandsSearch => ({ filter: isHistoryFilter(raw.filter) ? raw.filter : undefined }),
  component: lazyRouteComponent(() => import('./features/commands/CommandsPage'), 'CommandsPage'),
});
const command = createRoute({
  getParentRoute: () => root,
  path: '/commands/$id',
  validateSearch: (raw: Raw): CommandSearch => ({
    view: raw.view === 'nodes' || raw.view === 'groups' || raw.view === 'search' ? raw.view : undefined,
    node: text(raw.node),
    status: text(raw.status),
    step: text(raw.step),
    stream: raw.stream === 'stdout' || raw.stream === 'stderr' ? raw.stream : undefined,
    line: typeof raw.line === 'number' && raw.line > 0 ? raw.line : undefined,
    of: text(raw.of),
    q: text(raw.q),
  }),
  component: lazyRouteComponent(() => import('./features/commands/CommandPage'), 'CommandPage'),
});

const documents = createRoute({
  getParentRoute: () => root,
  path: '/documents',
  validateSearch: (raw: Raw): DocumentsSearch => ({ filter: isNodeFilter(raw.filter) ? raw.filter : undefined }),
  component: lazyRouteComponent(() => import('./features/documents/DocumentsPage'), 'DocumentsPage'),
});
const document = createRoute({
  getParentRoute: () => root,
  path: '/documents/$name',
  validateSearch: (raw: Raw): DocumentSearch => ({ version: text(raw.version), tab: text(raw.tab) }),
  component: lazyRouteComponent(() => import('./features/documents/DocumentPage'), 'DocumentPage'),
});

const connections = createRoute({
  getParentRoute: () => root,
  path: '/connections',
  component: lazyRouteComponent(() => import('./features/connections/ConnectionsPage'), 'ConnectionsPage'),
});
const connection = createRoute({
  getParentRoute: () => root,
  path: '/connections/$id',
  component: lazyRouteComponent(() => import('./features/connections/ConnectionPage'), 'ConnectionPage'),
});
const newDocument = createRoute({
  getParentRoute: () => root,
  path: '/new-document',
  validateSearch: (raw: Raw): EditSearch => ({ from: text(raw.from), version: text(raw.version), draft: text(raw.draft) }),
  component: lazyRouteComponent(() => import('./features/documents/EditDocumentPage'), 'NewDocumentPage'),
});
const newVersion = createRoute({
  getParentRoute: () => root,
  path: '/documents/$name/new-version',
  validateSearch: (raw: Raw): EditSearch => ({ version: text(raw.version) }),
  component: lazyRouteComponent(() => import('./features/documents/EditDocumentPage'), 'NewVersionPage'),
});

const terminal = createRoute({
  getParentRoute: () => root,
  path: '/terminal',
  validateSearch: (raw: Raw): TerminalSearch => ({ nodes: texts(raw.nodes) }),
  component: lazyRouteComponent(() => import('./features/sessions/TerminalPage'), 'TerminalPage'),
});
const sessions = createRoute({
  getParentRoute: () => root,
  path: '/sessions',
  validateSearch: (raw: Raw): SessionsSearch => ({ history: raw.history === true || undefined, filter: isSessionsFilter(raw.filter) ? raw.filter : undefined }),
  component: lazyRouteComponent(() => import('./features/sessions/SessionsPage'), 'SessionsPage'),
});
const recording = createRoute({
  getParentRoute: () => root,
  path: '/sessions/$id',
  validateSearch: (raw: Raw): RecordingSearchParams => ({ at: typeof raw.at === 'number' && raw.at >= 0 ? raw.at : undefined }),
  component: lazyRouteComponent(() => import('./features/sessions/RecordingPage'), 'RecordingPage'),
});

const settings = createRoute({
  getParentRoute: () => root,
  path: '/settings',
  validateSearch: (raw: Raw): SettingsSearch => ({ section: text(raw.section) }),
  component: lazyRouteComponent(() => import('./features/settings/SettingsPage'), 'SettingsPage'),
});

const diagnostics = createRoute({
  getParentRoute: () => root,
  path: '/diagnostics',
  component: lazyRouteComponent(() => import('./features/diagnostics/DiagnosticsPage'), 'DiagnosticsPage'),
});

export const router = createRouter({
  routeTree: root.addChildren([overview, nodes, node, activations, run, commands, command, documents, document, newDocument, newVersion, connections, connection, terminal, sessions, recording, settings, diagnostics]),
  history: createHashHistory(),
  defaultErrorComponent: RouteError,
  defaultPendingComponent: Loading,
  defaultPreload: 'intent',
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
