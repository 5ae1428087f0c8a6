import { expect, it } from 'vitest';
import { merge } from './useSelection';

const keyOf = (item: string) => item;
const keys = (map: Map<string, string>) => [...map.keys()];
const none = { all: false, items: new Map<string, string>() };

it('keeps what is selected on other pages', () => {
  const first = merge(none, ['a', 'b', 'c'], ['a', 'c'], keyOf);
  const both = merge({ all: false, items: first }, ['d', 'e'], ['e'], keyOf);
  expect(keys(both)).toEqual(['a', 'c', 'e']);
  expect(keys(merge({ all: false, items: both }, ['a', 'b', 'c'], ['b'], keyOf))).toEqual(['e', 'b']);
});
it('of all takes out what is unselected, and puts it back', () => {
  const all = { all: true, items: new Map<string, string>() };
  const less = merge(all, ['a', 'b', 'c'], ['a', 'c'], keyOf);
  expect(keys(less)).toEqual(['b']);
  expect(keys(merge({ all: true, items: less }, ['d'], [], keyOf))).toEqual(['b', 'd']);
  expect(keys(merge({ all: true, items: less }, ['a', 'b', 'c'], ['a', 'b', 'c'], keyOf))).toEqual([]);
});
