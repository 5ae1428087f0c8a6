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
it('makes addresses that carry the filter', () => {
  expect(nodesPath([])).toBe('/nodes');
  expect(decodeURIComponent(nodesPath([{ Key: 'PingStatus', Values: ['Online'] }]))).toContain('"PingStatus"');
});
it('refuses what is not a filter', () => {
  expect(isNodeFilter([{ Key: 'a', Values: [1] }])).toBe(false);
  expect(isNodeFilter('x')).toBe(false);
});
