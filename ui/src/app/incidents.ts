/**
 * What went wrong in this console, kept so that it can be told: pages that could not be drawn, errors nobody caught, promises
 * nobody waited for. Without secrets from the start, bounded, and there again after a reload.
 */
import * as z from 'zod/mini';
import { host } from '../host';
import { redact } from '../lib/redact';
import { createStore } from '../lib/store';

const Incident = z.object({
  /** Milliseconds since 1970. */
  at: z.number(),
  kind: z.enum(['page', 'uncaught', 'promise']),
  /** Where it happened: the address without its search. */
  where: z.string(),
  message: z.string(),
  stack: z.string(),
  times: z.number(),
});
export type Incident = z.infer<typeof Incident>;

const STORED = 'incidents';
const KEPT = 30;
const LONGEST_MESSAGE = 500;
const LONGEST_STACK = 4_000;

export const incidents = createStore<readonly Incident[]>([]);

/** Newest first; what happens over and over is one with a count. */
export function withIncident(list: readonly Incident[], next: Incident): Incident[] {
  const same = list.find((one) => one.kind === next.kind && one.message === next.message && one.stack === next.stack);
  const rest = list.filter((one) => one !== same);
  return [{ ...next, times: (same?.times ?? 0) + 1 }, ...rest].slice(0, KEPT);
}

export function incidentOf(kind: Incident['kind'], error: unknown, where: string, at: number): Incident {
  const { message, stack } = error instanceof Error ? error : { message: String(error), stack: '' };
  const plain = (text: string, longest: number) => redact(text).slice(0, longest);
  return { at, kind, where: where.split('?')[0] ?? '', message: plain(message, LONGEST_MESSAGE), stack: plain(stack ?? '', LONGEST_STACK), times: 1 };
}

export function noteIncident(kind: Incident['kind'], error: unknown): void {
  incidents.set((now) => withIncident(now, incidentOf(kind, error, location.hash.slice(1) || '/', Date.now())));
  host.settingsSet(STORED, JSON.stringify(incidents.get())).catch(() => undefined);
}

export async function clearIncidents(): Promise<void> {
  incidents.set([]);
  await host.settingsSet(STORED, '[]');
}

/** Keeps what nobody catches from now on, and reads what was kept before. */
export async function followIncidents(): Promise<void> {
  window.addEventListener('error', (event) => {
    // An element that grows while it is measured: browsers report it, and nothing is wrong.
    if (!/ResizeObserver loop/.test(event.message)) noteIncident('uncaught', event.error ?? event.message);
  });
  window.addEventListener('unhandledrejection', (event) => noteIncident('promise', event.reason));
  const text = await host.settingsGet(STORED).catch(() => undefined);
  try {
    const parsed = z.array(Incident).safeParse(JSON.parse(text ?? '[]'));
    if (parsed.success) incidents.set((now) => [...now, ...parsed.data].slice(0, KEPT));
  } catch {
    // A damaged list is the same as none.
  }
}
