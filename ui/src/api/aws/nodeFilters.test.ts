import { expect, it } from 'vitest';
import { type Condition, facetsOf, matches, split } from './nodeFilters';

const node = { InstanceId: 'mi-1', Name: '', ComputerName: '서울-Web-1', PingStatus: 'Online', AgentVersion: '3.10.2', IPAddress: '10.0.0.7', LastPingDateTime: 1_700_000_000 };
const is = (key: string, op: string, ...values: string[]) => matches(node, { key, op, values });

it('asks AWS for what it has a filter for, and looks at the rest here', () => {
  const name: Condition = { key: 'name', op: ':', values: ['web'] };
  expect(split([{ key: 'status', op: '=', values: ['Online'] }, { key: 'tag:팀', op: '=', values: ['a', 'b'] }, { key: 'tag', op: '=', values: ['env'] }, name, { key: 'status', op: '!=', values: ['x'] }])).toEqual({
    asked: [{ Key: 'PingStatus', Values: ['Online'] }, { Key: 'tag:팀', Values: ['a', 'b'] }, { Key: 'tag-key', Values: ['env'] }],
    here: [name, { key: 'status', op: '!=', values: ['x'] }],
  });
});
it('refuses what nobody can answer, rather than show nodes that do not match', () => {
  for (const op of ['!=', ':', '!:']) expect(() => split([{ key: 'tag:role', op, values: ['web'] }])).toThrow(/tags/);
  expect(() => split([{ key: 'tag:role', op: '=', values: ['a'] }, { key: 'tag:role', op: '=', values: ['b'] }])).toThrow(/once/);
});
it('compares as the hub does', () => {
  expect([is('name', ':', 'web'), is('name', ':', '서울'.normalize('NFD')), is('name', '!:', 'WEB'), is('name', '=', 'web')]).toEqual([true, true, false, false]);
  expect([is('agentVersion', '>', '3.9'), is('agentVersion', '<', '3.9'), is('agentVersion', '=', '3.10.2')]).toEqual([true, false, true]);
  expect([is('lastContact', '>', '1700000000000'), is('lastContact', '<', '1700000000000'), is('registered', '>', '0')]).toEqual([true, false, false]);
  expect([is('role', '=', ''), is('role', '!=', 'x'), is('address', '=', '10.0.0.7', '1')]).toEqual([true, true, true]);
});
it('tells what there is', () => {
  expect(facetsOf([node, { ...node, AgentVersion: '3.9' }, node], 'agentVersion', '3.', 5)).toEqual([{ value: '3.10.2', count: 2 }, { value: '3.9', count: 1 }]);
  expect(facetsOf([node], 'tag', '', 5)).toEqual([]);
});
