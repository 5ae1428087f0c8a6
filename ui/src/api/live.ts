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
const LONGEST_READ = 10_000;
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

/** Reads what is shown of these anew. A read that was under way may have begun before the event: after it, one more. */
async function readAgain(client: QueryClient, keys: QueryKey[]): Promise<void> {
  const under = keys.filter((queryKey) => client.isFetching({ queryKey }) > 0);
  const read = (some: QueryKey[]) => Promise.all(some.map((queryKey) => client.invalidateQueries({ queryKey }, { cancelRefetch: false })));
  await read(keys);
  if (under.length > 0) await read(under);
}

/** Whether it is done in time; an answer that never comes must not hold up all that follow. */
async function settles(work: Promise<void>): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), LONGEST_READ);
  });
  const done = await Promise.race([work.then(() => true, () => true), late]);
  clearTimeout(timer);
  return done;
}

export function followEvents(client: QueryClient): () => void {
  const stale = new Map<string, QueryKey>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let due = Number.POSITIVE_INFINITY;
  let newest = 0;
  let reading = false;
  let stopped = false;
  const flush = async () => {
    due = Number.POSITIVE_INFINITY;
    // What came in meanwhile is read once this is done: a read that is cut off for the next one never shows anything.
    if (reading) return;
    reading = true;
    const keys = [...stale.values()];
    const seq = newest;
    stale.clear();
    const read = await settles(readAgain(client, keys));
    reading = false;
    if (stopped) return;
    if (read) host.eventsShown?.(seq);
    if (stale.size > 0) flushWithin(SOON);
  };
  const flushWithin = (wait: number) => {
    const at = Date.now() + wait;
    if (at >= due) return;
    clearTimeout(timer);
    due = at;
    timer = setTimeout(() => void flush(), wait);
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
    stopped = true;
    stop();
    clearTimeout(timer);
  };
}
