import { expect, it } from 'vitest';
import { eachOf } from './bulk';

const items = Array.from({ length: 20 }, (_, n) => n);
const never = new AbortController().signal;

it('does each once, a few at a time, and tells how far it is', async () => {
  const seen: number[] = [];
  let under = 0;
  let most = 0;
  const told: number[] = [];
  const outcome = await eachOf(
    items,
    async (item) => {
      under += 1;
      most = Math.max(most, under);
      await Promise.resolve();
      seen.push(item);
      under -= 1;
    },
    { signal: never, onProgress: ({ done }) => told.push(done), width: 3 },
  );
  expect(seen.sort((a, b) => a - b)).toEqual(items);
  expect(most).toBe(3);
  expect(told).toEqual(items.map((n) => n + 1));
  expect(outcome).toEqual({ total: 20, done: 20, failures: [], left: [] });
});
it('goes on after a failure, and says which failed', async () => {
  const outcome = await eachOf(items, async (item) => (item % 5 === 0 ? Promise.reject(new Error(`no ${item}`)) : undefined), { signal: never, onProgress: () => undefined });
  expect(outcome.failures.map(({ item }) => item).sort((a, b) => a - b)).toEqual([0, 5, 10, 15]);
  expect(outcome.done).toBe(20);
});
it('stops when told, and names what it left', async () => {
  const stop = new AbortController();
  const outcome = await eachOf(items, async (item) => (item === 4 ? stop.abort() : undefined), { signal: stop.signal, onProgress: () => undefined, width: 1 });
  expect(outcome.done).toBe(5);
  expect(outcome.left).toEqual(items.slice(5));
});
it('stops at a failure that all others would meet', async () => {
  const outcome = await eachOf(items, () => Promise.reject(new Error('denied')), { signal: never, onProgress: () => undefined, width: 1, isFinal: () => true });
  expect(outcome.done).toBe(1);
  expect(outcome.left.length).toBe(19);
});
it('does nothing with nothing', async () => {
  expect(await eachOf([], () => Promise.reject(new Error('x')), { signal: never, onProgress: () => undefined })).toEqual({ total: 0, done: 0, failures: [], left: [] });
});
