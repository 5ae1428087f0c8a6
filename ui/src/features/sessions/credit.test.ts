import { expect, it } from 'vitest';
import { Credit } from './credit';

function counted(step: number) {
  const told: number[] = [];
  return { told, credit: new Credit((bytes) => told.push(bytes), step) };
}

it('acknowledges in steps while more waits', () => {
  const { told, credit } = counted(100);
  for (let at = 0; at < 5; at += 1) credit.parsed(60, false);
  expect(told).toEqual([120, 120]);
});
it('settles the rest when nothing waits, so that no byte is owed for ever', () => {
  const { told, credit } = counted(100);
  credit.parsed(60, false);
  credit.parsed(1, true);
  expect(told).toEqual([61]);
  credit.parsed(0, true);
  expect(told).toEqual([61]);
});
it('acknowledges exactly what was parsed', () => {
  const { told, credit } = counted(64);
  let sum = 0;
  for (let at = 1; at < 50; at += 1) {
    sum += at;
    credit.parsed(at, at % 7 === 0);
  }
  expect(told.reduce((total, bytes) => total + bytes, 0)).toBe(sum);
});
