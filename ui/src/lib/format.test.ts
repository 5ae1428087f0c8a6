import { expect, it } from 'vitest';
import { bytes, dateTime, duration, isoSeconds, relative } from './format';

it('reads ISO durations', () => {
  expect(isoSeconds('PT0.023S')).toBeCloseTo(0.023);
  expect(isoSeconds('P1DT2H3M4S')).toBe(93_784);
  expect(isoSeconds('')).toBeUndefined();
  expect(isoSeconds('nonsense')).toBeUndefined();
});
it('writes durations in the language asked for', () => {
  expect(duration(65, 'en')).toBe('1 min 5 sec');
  expect(duration(65, 'ko')).toBe('1분 5초');
  expect(duration(undefined, 'en')).toBe('–');
});
it('writes relative times from a given now', () => {
  expect(relative(1000, 'en', 1_120_000)).toBe('2 minutes ago');
  expect(relative(1000, 'ko', 1_120_000)).toBe('2분 전');
});
it('writes sizes in decimal units', () => {
  expect(bytes(1_500_000, 'en')).toBe('1.5 MB');
  expect(bytes(1, 'en')).toBe('1 byte');
});
it('writes times as a person wants them', () => {
  const at = '2026-11-22T14:05:09Z';
  const usual = { timeZone: 'UTC', dates: 'language', clock: 'language' } as const;
  expect(dateTime(at, 'en', usual)).toMatch(/^Nov 22, 2026, 2:05:09\sPM UTC$/);
  expect(dateTime(at, 'ko', { ...usual, timeZone: 'Asia/Seoul' })).toMatch(/^2026\. 11\. 22\. 오후 11:05:09 GMT\+9$/);
  expect(dateTime(at, 'en', { ...usual, clock: '24' })).toMatch(/14:05:09 UTC$/);
  expect(dateTime(at, 'ko', { ...usual, clock: '12' })).toMatch(/오후 2:05:09 UTC$/);
  expect(dateTime(at, 'ko', { ...usual, dates: 'iso' })).toBe('2026-11-22 14:05:09 UTC');
  expect(relative(0, 'en', 1e12, { ...usual, dates: 'iso' })).toBe('1970-01-01 00:00:00 UTC');
});
it('shows a dash for what is not there', () => {
  expect(dateTime(undefined, 'en')).toBe('–');
  expect(dateTime('not a date', 'en')).toBe('–');
});
