import { expect, it } from 'vitest';
import { fromQuery, isNodeFilter, nodesPath, toQuery } from './filter';

it('gathers tokens of one property into alternatives and free text into the search', () => {
  const { filter, search } = fromQuery({
    operation: 'and',
    tokens: [
      { propertyKey: 'PingStatus', operator: '=', value: 'Online' },
      { propertyKey: 'PingStatus', operator: '=', value: 'ConnectionLost' },
      { propertyKey: 'tag:role', operator: '=', value: 'web' },
      { operator: ':', value: '서울' },
    ],
  });
  expect(filter).toEqual([
    { Key: 'PingStatus', Values: ['Online', 'ConnectionLost'] },
    { Key: 'tag:role', Values: ['web'] },
  ]);
  expect(search).toBe('서울');
  expect(fromQuery(toQuery(filter, search))).toEqual({ filter, search });
});
it('takes a tag that is typed, though no property is offered for it', () => {
  const typed = (value: string) => fromQuery({ operation: 'and', tokens: [{ operator: ':', value }] });
  expect(typed('tag:role=web')).toEqual({ filter: [{ Key: 'tag:role', Values: ['web'] }], search: '' });
  expect(typed(' tag:my role = a=b ')).toEqual({ filter: [{ Key: 'tag:my role', Values: ['a=b'] }], search: '' });
  expect(typed('tag:env=')).toEqual({ filter: [{ Key: 'tag:env', Values: [''] }], search: '' });
  expect(typed('tag:=x')).toEqual({ filter: [], search: 'tag:=x' });
  expect(typed('tag:role')).toEqual({ filter: [], search: 'tag:role' });
  const both = fromQuery({ operation: 'and', tokens: [{ propertyKey: 'tag:role', operator: '=', value: 'web' }, { operator: ':', value: 'tag:role=db' }, { operator: ':', value: 'tag:role=db' }] });
  expect(both.filter).toEqual([{ Key: 'tag:role', Values: ['web', 'db'] }]);
});
it('makes addresses that carry the filter', () => {
  expect(nodesPath([])).toBe('/nodes');
  expect(decodeURIComponent(nodesPath([{ Key: 'PingStatus', Values: ['Online'] }]))).toContain('"PingStatus"');
});
it('refuses what is not a filter', () => {
  expect(isNodeFilter([{ Key: 'a', Values: [1] }])).toBe(false);
  expect(isNodeFilter('x')).toBe(false);
});
