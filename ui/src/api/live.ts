/**
 * Keeps what is on screen true: one subscription to the event stream marks what an event made stale.
 *
 * Events come in bursts (10,000 invocations end within seconds), so staleness is gathered and applied at most twice a
 * second, or sooner for a command as a whole, which changes seldom and which people wait for; while the stream is down,
 * pages poll. The host is told what the page shows: a notification must not come before the page knows.
 */
import type { QueryClient, QueryKey } from '@tanstack/react-query';
import { type HubEvent, host, type StreamState } from '../host';
import { createStore, useStore } from '../lib/store';

export const streamState = createStore<StreamState>('connecting');

/** How often a page asks again by itself, in milliseconds: seldom while events arrive, often when they do not. */
export function usePolling(whileOpen = 30_000, whileClosed = 5_000): number {
  return useStore(streamState) === 'open' ? whileOpen : whileClosed;
}

const GATHER = 500;
const SOON = 100;
type Listener = (event: HubEvent) => void;
const listeners = new Set<Listener>();

export function onHubEvent(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function text(event: HubEvent, name: string): string | undefined {
  const value = event.detail?.[name];
  return typeof value === 'string' ? value : undefined;
}

/** Which cached reads an event makes stale. */
export function staleAfter(event: HubEvent): QueryKey[] {
  const kind = event['detail-type'];
  const commandId = text(event, 'command-id');
  if (kind === 'Quarterdeck Command Output') return [];
  if (kind.startsWith('EC2 Command')) return [['command', commandId], ['invocations', commandId], ['commands'], ['overview'], ['node-commands']];
  if (/Managed Instance|Node/.test(kind)) return [['nodes'], ['node'], ['overview'], ['preview'], ['activations']];
  if (/Document/.test(kind)) return [['documents'], ['document']];
  return [];
}

/** How long what an event made stale may stay so, in milliseconds. */
export function patience(event: HubEvent): number {
  return event['detail-type'] === 'EC2 Command Status-change Notification' ? SOON : GATHER;
}

export function followEvents(client: QueryClient): () => void {
  const stale = new Map<string, QueryKey>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let due = Number.POSITIVE_INFINITY;
  let newest = 0;
  const flush = () => {
    due = Number.POSITIVE_INFINITY;
    const keys = [...stale.values()];
    const seq = newest;
    stale.clear();
    void Promise.all(keys.map((queryKey) => client.invalidateQueries({ queryKey }))).then(() => host.eventsShown?.(seq));
  };
  const flushWithin = (wait: number) => {
    const at = Date.now() + wait;
    if (at >= due) return;
    clearTimeout(timer);
    due = at;
    timer = setTimeout(flush, wait);
  };
  const stop = host.events({
    onEvent(event) {
      newest = event.seq;
      for (const key of staleAfter(event)) stale.set(JSON.stringify(key), key);
      if (stale.size > 0) flushWithin(patience(event));
      for (const listener of listeners) listener(event);
    },
    onState: (state) => streamState.set(state),
  });
  return () => {
    stop();
    clearTimeout(timer);
  };
}
