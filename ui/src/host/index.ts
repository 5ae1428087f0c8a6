import { browserHost } from './browser';
import type { Host } from './host';

export * from './host';

/** The desktop app's host; over an AWS connection, with what AWS does not offer made of what it does. */
async function desktopHost(): Promise<Host> {
  const { tauriHost } = await import('./tauri');
  const info = await tauriHost.info().catch(() => undefined);
  return info?.kind === 'aws' ? (await import('../api/aws')).overAws(tauriHost) : tauriHost;
}

/**
 * The host is decided once, by what is there: the desktop app injects its bridge before any script runs. Another connection is
 * another start of the page.
 */
export const host: Host = '__TAURI_INTERNALS__' in window ? await desktopHost() : browserHost;
