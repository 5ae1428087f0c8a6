import { expect, it } from 'vitest';
import { Outbox } from './outbox';

function slow() {
  const taken: string[] = [];
  const waiting: ((error?: Error) => void)[] = [];
  const outbox = new Outbox(
    (data) =>
      new Promise((resolve, reject) => {
        taken.push(new TextDecoder().decode(data));
        waiting.push((error) => (error ? reject(error) : resolve()));
      }),
  );
  const next = async (error?: Error) => {
    waiting.shift()?.(error);
    await new Promise((resolve) => setTimeout(resolve));
  };
  return { outbox, taken, next };
}

it('sends one message at a time, in order, and gathers what comes meanwhile', async () => {
  const { outbox, taken, next } = slow();
  for (const key of ['l', 's', '\r']) outbox.send(key);
  expect(taken).toEqual(['l']);
  await next();
  expect(taken).toEqual(['l', 's\r']);
});
it('tells a paste when a piece was taken, and that it was not when it was stopped', async () => {
  const { outbox, next } = slow();
  const first = outbox.piece('a');
  const second = outbox.piece('b');
  outbox.drop();
  await next();
  expect(await first).toBe(true);
  expect(await second).toBe(false);
});
it('refuses keys while too much waits, and takes them again after', async () => {
  const { outbox, next } = slow();
  outbox.send('x');
  expect(outbox.send('y'.repeat(64 * 1024))).toBe(true);
  expect(outbox.send('z')).toBe(false);
  await next();
  expect(outbox.send('z')).toBe(true);
});
it('a message that failed does not hold up the next', async () => {
  const { outbox, taken, next } = slow();
  const first = outbox.piece('a');
  outbox.send('b');
  await next(new Error('cut'));
  expect(await first).toBe(false);
  expect(taken).toEqual(['a', 'b']);
});
it('takes nothing after its end', async () => {
  const { outbox, taken } = slow();
  outbox.end();
  expect(outbox.send('a')).toBe(false);
  expect(await outbox.piece('b')).toBe(false);
  expect(taken).toEqual([]);
});
it('keeps bytes of a mouse report as they are', async () => {
  const sent: Uint8Array[] = [];
  const outbox = new Outbox(async (data) => void sent.push(data));
  outbox.sendBinary('\u001b[M\u00a0\u0085');
  await Promise.resolve();
  expect([...(sent[0] ?? [])]).toEqual([27, 91, 77, 0xa0, 0x85]);
});
