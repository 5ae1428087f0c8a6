/** Addresses of pages that work outside this window: a link to copy, and a window of its own. */
import { type ConnectionInfo, host } from '../host';

/** The path of the page that is shown, with what its address holds. */
export function shownPath(): string {
  const path = location.hash.replace(/^#/, '');
  return path.startsWith('/') ? path : '/';
}

/** A link that opens this page: in the app by its own scheme, in a browser by the address itself. */
export function linkTo(path: string, connection: Pick<ConnectionInfo, 'id'> | undefined): string {
  return host.connections && connection?.id ? `quarterdeck://${connection.id}${path}` : `${location.href.split('#')[0]}#${path}`;
}

export async function openWindow(path: string): Promise<void> {
  if (host.connections) await host.connections.openWindow(path);
  else window.open(`${location.href.split('#')[0]}#${path}`, '_blank', 'noopener');
}
