import { expect, it } from 'vitest';
import { ApiFailure } from '../host/host';
import { en } from '../i18n/en';
import { ko } from '../i18n/ko';
import { adviceFor, asFailure, isTransient, lineOf, wordsOf } from './errors';

it.each([
  ['ConnectionFailed', 'connection'],
  ['UnrecognizedClientException', 'signIn'],
  ['InvalidSignatureException', 'clock'],
  ['InvalidDocument', 'missing'],
  ['InvalidParameters', 'input'],
  ['ValidationException', 'input'],
  ['Http503', 'server'],
  ['ReadOnlyConnection', 'readOnly'],
  ['FileNotWritten', 'file'],
  ['SomethingElse', 'other'],
])('%s → %s', (code, advice) => expect(adviceFor(code)).toBe(advice));

it('tries again only what may pass the second time', () => {
  expect(isTransient('ThrottlingException')).toBe(true);
  expect(isTransient('InvalidParameters')).toBe(false);
});
it('keeps the words of an unexpected error', () => {
  expect(asFailure(new TypeError('x is undefined')).message).toBe('x is undefined');
});

const korean = (key: string, otherwise: string) => (ko.errors.own as Record<string, string>)[key.replace('errors.own.', '')] ?? otherwise;

it('words the app\'s own errors in the language of the page, with what only the app knows', () => {
  expect(wordsOf(new ApiFailure('Declined', 'The person said no.'), korean)).toEqual({ text: ko.errors.own.Declined });
  expect(wordsOf(new ApiFailure('FileNotWritten', '/tmp/a: disk full'), korean)).toEqual({ text: ko.errors.own.FileNotWritten, detail: '/tmp/a: disk full' });
  expect(lineOf(new ApiFailure('FileNotWritten', '/tmp/a: disk full'), korean)).toBe(`${ko.errors.own.FileNotWritten} (/tmp/a: disk full)`);
});
it('leaves the words of AWS and of the hub as they are', () => {
  expect(wordsOf(new ApiFailure('InvalidParameters', 'x must match y'), korean)).toEqual({ text: 'x must match y' });
  expect(wordsOf(new ApiFailure('toString', ''), korean)).toEqual({ text: 'toString' });
});
it('has words for every code of its own, in both languages', () => {
  for (const code of Object.keys(en.errors.own)) expect(korean(`errors.own.${code}`, ''), code).not.toBe('');
  for (const code of Object.keys(ko.errors.own)) expect(wordsOf(new ApiFailure(code, 'as it came'), korean).text, code).not.toBe('as it came');
});
