import { browserHost } from './browser';
import type { Host } from './host';

export * from './host';

/** The host is decided once, by what is there: the desktop app injects its bridge before any script runs. */
export const host: Host =
  '__TAURI_INTERNALS__' in window ? (await import('./tauri')).tauriHost : browserHost;
