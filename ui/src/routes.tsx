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

const root = createRootRoute({ component: Shell, notFoundComponent: NotFoundPage });

const routes = [
  createRoute({ getParentRoute: () => root, path: '/', component: lazyRouteComponent(() => import('./features/overview/OverviewPage'), 'OverviewPage') }),
  createRoute({ getParentRoute: () => root, path: '/settings', component: lazyRouteComponent(() => import('./features/settings/SettingsPage'), 'SettingsPage') }),
];

export const router = createRouter({
  routeTree: root.addChildren(routes),
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
