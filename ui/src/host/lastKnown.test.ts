import { beforeEach, expect, it } from 'vitest';
import { ApiFailure } from './host';
import { answered, isKept, lastKnown, standIn } from './lastKnown';

const away = new ApiFailure('ConnectionFailed', 'away');
beforeEach(() => lastKnown.set(undefined));

it('keeps what shows the fleet, and nothing that may hold a secret', () => {
  for (const kept of ['ListCommands', 'DescribeInstanceInformation', '/nodes', '/nodes/mi-1', '/overview']) expect(isKept(kept), kept).toBe(true);
  for (const not of ['GetParameter', 'GetParameters', 'GetDocument', 'SendCommand', '/nodes/mi-1/rotate-key', '/commands/c/invocations/i/steps/s/output']) expect(isKept(not), not).toBe(false);
});

it('shows what came with the failure and says of when the oldest of it is, until the endpoint answers', () => {
  expect(standIn({ lastKnown: { at: 2_000, answer: { a: 1 } } }, away)).toEqual({ a: 1 });
  expect(standIn({ lastKnown: { at: 1_000, answer: null } }, away)).toBeNull();
  standIn({ lastKnown: { at: 3_000, answer: null } }, away);
  expect(lastKnown.get()).toEqual({ at: 1_000, failure: away });
  answered();
  expect(lastKnown.get()).toBeUndefined();
});

it('is a failure where nothing is known', () => {
  for (const error of [{}, null, 'text', { lastKnown: null }, { lastKnown: { answer: 1 } }]) expect(() => standIn(error, away)).toThrow(away);
  expect(lastKnown.get()).toBeUndefined();
});
