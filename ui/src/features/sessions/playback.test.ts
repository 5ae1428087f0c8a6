import { beforeEach, expect, it } from 'vitest';
import type { CastEvent } from './asciicast';
import { Playback } from './playback';

const at = (...times: number[]): CastEvent[] => times.map((time) => ({ at: time, kind: 'o', data: String(time) }));
const words = (events: CastEvent[]) => events.map((event) => event.data).join(' ');
let playback: Playback;

beforeEach(() => {
  playback = new Playback();
  playback.add(at(0, 1, 2, 30, 31));
});

it('plays in its own time', () => {
  playback.play(0);
  expect(words(playback.due(0, false))).toBe('0');
  expect(words(playback.due(1500, false))).toBe('1');
  expect(words(playback.due(2500, false))).toBe('2');
  expect(playback.position).toBeCloseTo(2.5);
});
it('plays faster, and a change of speed counts from then on', () => {
  playback.play(0);
  playback.due(1000, false);
  playback.setSpeed(10, 1000);
  playback.due(1100, false);
  expect(playback.position).toBeCloseTo(2);
});
it('stops at its end, and not while more is to come', () => {
  playback.play(0);
  playback.due(40_000, true);
  expect(playback.playing).toBe(true);
  playback.add(at(32));
  expect(words(playback.due(42_000, false))).toBe('32');
  expect(playback.playing).toBe(false);
});
it('stands still while it is paused', () => {
  playback.play(0);
  playback.pause(1200);
  expect(words(playback.due(9000, false))).toBe('0 1');
  expect(playback.position).toBeCloseTo(1.2);
});
it('goes anywhere, and back', () => {
  expect(words(playback.seek(30, 0))).toBe('0 1 2 30');
  expect(words(playback.seek(1, 0))).toBe('0 1');
  expect(words(playback.seek(-5, 0))).toBe('0');
  expect(words(playback.seek(999, 0))).toBe('0 1 2 30 31');
});
it('skips pauses and stays at the same event', () => {
  playback.seek(30, 0);
  playback.setSkip(true, 0);
  expect(playback.position).toBe(4);
  expect(playback.duration).toBe(5);
  expect(playback.positionOf(30)).toBe(4);
  playback.setSkip(false, 0);
  expect(playback.position).toBe(30);
});
it('of nothing is at its end', () => {
  const empty = new Playback();
  expect(empty.duration).toBe(0);
  expect(empty.atEnd).toBe(true);
  expect(empty.seek(3, 0)).toEqual([]);
});
