/** What the list of sessions shows, as its address keeps it. */
import type { SessionsFilter } from './recordings';

export interface SessionsSearch {
  history?: boolean;
  filter?: SessionsFilter;
}

export const KEYS = ['target', 'owner', 'session'] as const;

export function isSessionsFilter(value: unknown): value is SessionsFilter {
  return typeof value === 'object' && value !== null && Object.entries(value).every(([key, item]) => (KEYS as readonly string[]).includes(key) && typeof item === 'string');
}
