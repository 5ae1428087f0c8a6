import { expect, it } from 'vitest';
import { type Broadcast, members, NO_BROADCAST, receivers, toggled } from './broadcast';

const tab = ['a', 'b', 'c'];
const all = ['a', 'b', 'c', 'd'];
const on: Broadcast = { on: true, scope: 'tab', excluded: new Set(['c']) };

it('goes to itself alone while it is off', () => {
  expect(receivers(NO_BROADCAST, 'a', tab, all)).toEqual(['a']);
  expect(members(NO_BROADCAST, tab, all)).toEqual([]);
});
it('goes to every pane of the tab but those left out', () => {
  expect(receivers(on, 'a', tab, all)).toEqual(['a', 'b']);
  expect(members(on, tab, all)).toEqual(['a', 'b']);
});
it('from a pane that is left out goes to that pane alone', () => expect(receivers(on, 'c', tab, all)).toEqual(['c']));
it('goes across tabs where that is chosen', () => expect(receivers({ ...on, scope: 'all' }, 'd', tab, all)).toEqual(['a', 'b', 'd']));
it('from another tab stays there while the scope is the tab in view', () => expect(receivers(on, 'd', tab, all)).toEqual(['d']));
it('leaves out and takes back in', () => {
  const without = toggled(new Set(['c']), 'a');
  expect([...without]).toEqual(['c', 'a']);
  expect([...toggled(without, 'c')]).toEqual(['a']);
});
