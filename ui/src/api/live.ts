/**
 * Keeps what is on screen true: one subscription to the event stream marks what an event made stale.
 *
 * Events come in bursts (10,000 invocations end within seconds), so staleness is gathered and applied at most twice a
 * second; while the stream is down, pages poll.
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

export function followEvents(client: QueryClient): () => void {
  const stale = new Map<string, QueryKey>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const flush = () => {
    timer = undefined;
    const keys = [...stale.values()];
    stale.clear();
    for (const queryKey of keys) void client.invalidateQueries({ queryKey });
  };
  const stop = host.events({
    onEvent(event) {
      for (const key of staleAfter(event)) stale.set(JSON.stringify(key), key);
      if (stale.size > 0) timer ??= setTimeout(flush, GATHER);
      for (const listener of listeners) listener(event);
    },
    onState: (state) => streamState.set(state),
  });
  return () => {
    stop();
    if (timer) clearTimeout(timer);
  };
}
