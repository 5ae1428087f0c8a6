import { QueryClient } from '@tanstack/react-query';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { EventSink, HubEvent } from '../host';

const host = vi.hoisted(() => ({ sink: undefined as unknown, shown: [] as number[] }));
vi.mock('../host', () => ({
  host: {
    events: (sink: unknown) => {
      host.sink = sink;
      return () => undefined;
    },
    eventsShown: (seq: number) => host.shown.push(seq),
  },
}));
const { followEvents, staleAfter } = await import('./live');

const COMMAND = 'EC2 Command Status-change Notification';
const INVOCATION = 'EC2 Command Invocation Status-change Notification';
const event = (kind: string, detail: Record<string, unknown> = {}, seq = 1): HubEvent => ({ seq, 'detail-type': kind, detail });

it('a change of a command makes that command, its list and the overview stale', () => {
  const keys = staleAfter(event(INVOCATION, { 'command-id': 'c1' }));
  expect(keys).toContainEqual(['invocations', 'c1']);
  expect(keys).toContainEqual(['overview']);
});
it('output makes nothing stale: viewers read it themselves', () => {
  expect(staleAfter(event('Quarterdeck Command Output', { 'command-id': 'c1' }))).toEqual([]);
});
it('unknown events are harmless', () => {
  expect(staleAfter(event('Something New'))).toEqual([]);
});
it('a node that comes or goes makes the node lists stale', () => {
  expect(staleAfter(event('SSM Managed Instance Registration'))).toContainEqual(['nodes']);
});

/** A page that follows events and shows one command; each read of it waits for `answer`. */
function page() {
  const client = new QueryClient();
  const reads: (() => void)[] = [];
  const fetched = client.getQueryCache();
  const query = fetched.build(client, { queryKey: ['command', 'c1'], queryFn: () => new Promise<string>((resolve) => reads.push(() => resolve('read'))) });
  // Watched, as by a page: only then a stale read is read again.
  query.addObserver({ options: {}, isStale: () => true, onQueryUpdate: () => undefined, refetch: () => undefined, shouldFetchOnWindowFocus: () => false } as never);
  query.setData('old');
  followEvents(client);
  return { reads, tell: (of: HubEvent) => (host.sink as EventSink).onEvent(of), value: () => query.state.data, refetch: () => void query.fetch() };
}

beforeEach(() => {
  vi.useFakeTimers();
  host.shown.length = 0;
});
afterEach(() => vi.useRealTimers());

it('the end of a command is read soon, even when invocations are being gathered, and the host is told once it was read', async () => {
  const { reads, tell } = page();
  tell(event(INVOCATION, { 'command-id': 'c1' }, 7));
  tell(event(COMMAND, { 'command-id': 'c1' }, 8));
  await vi.advanceTimersByTimeAsync(100);
  expect(reads).toHaveLength(1);
  expect(host.shown).toEqual([]);
  reads[0]?.();
  await vi.advanceTimersByTimeAsync(0);
  expect(host.shown).toEqual([8]);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(reads).toHaveLength(1);
});
it('a read that takes long is not cut off by what comes meanwhile, which is read after it', async () => {
  const { reads, tell, value } = page();
  tell(event(COMMAND, { 'command-id': 'c1' }, 1));
  await vi.advanceTimersByTimeAsync(150);
  for (let seq = 2; seq <= 6; seq += 1) {
    tell(event(COMMAND, { 'command-id': 'c1' }, seq));
    await vi.advanceTimersByTimeAsync(300);
  }
  expect(reads).toHaveLength(1);
  reads[0]?.();
  await vi.advanceTimersByTimeAsync(0);
  expect(value()).toBe('read');
  expect(host.shown).toEqual([1]);
  await vi.advanceTimersByTimeAsync(200);
  expect(reads).toHaveLength(2);
  reads[1]?.();
  await vi.advanceTimersByTimeAsync(0);
  expect(host.shown).toEqual([1, 6]);
});
it('a read that began before the event is followed by another', async () => {
  const { reads, tell, refetch } = page();
  refetch();
  await vi.advanceTimersByTimeAsync(0);
  tell(event(COMMAND, { 'command-id': 'c1' }, 1));
  await vi.advanceTimersByTimeAsync(150);
  expect(reads).toHaveLength(1);
  reads[0]?.();
  await vi.advanceTimersByTimeAsync(0);
  expect(reads).toHaveLength(2);
  expect(host.shown).toEqual([]);
  reads[1]?.();
  await vi.advanceTimersByTimeAsync(0);
  expect(host.shown).toEqual([1]);
});
it('a read that never answers does not hold up the next for ever', async () => {
  const { reads, tell } = page();
  tell(event(COMMAND, { 'command-id': 'c1' }, 1));
  await vi.advanceTimersByTimeAsync(150);
  tell(event('Quarterdeck Document Changed', {}, 2));
  tell(event(COMMAND, { 'command-id': 'c2' }, 3));
  await vi.advanceTimersByTimeAsync(12_000);
  expect(reads).toHaveLength(1);
  expect(host.shown).toEqual([3]);
});
it('a burst of invocations is read twice a second', async () => {
  const { reads, tell } = page();
  for (let seq = 1; seq <= 10; seq += 1) {
    tell(event(INVOCATION, { 'command-id': 'c1' }, seq));
    await vi.advanceTimersByTimeAsync(50);
  }
  expect(reads).toHaveLength(1);
});
