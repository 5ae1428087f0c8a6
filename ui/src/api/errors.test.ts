import { expect, it } from 'vitest';
import { adviceFor, asFailure, isTransient } from './errors';

it.each([
  ['ConnectionFailed', 'connection'],
  ['UnrecognizedClientException', 'signIn'],
  ['InvalidSignatureException', 'clock'],
  ['InvalidDocument', 'missing'],
  ['InvalidParameters', 'input'],
  ['ValidationException', 'input'],
  ['Http503', 'server'],
  ['SomethingElse', 'other'],
])('%s → %s', (code, advice) => expect(adviceFor(code)).toBe(advice));

it('tries again only what may pass the second time', () => {
  expect(isTransient('ThrottlingException')).toBe(true);
  expect(isTransient('InvalidParameters')).toBe(false);
});
it('keeps the words of an unexpected error', () => {
  expect(asFailure(new TypeError('x is undefined')).message).toBe('x is undefined');
});
