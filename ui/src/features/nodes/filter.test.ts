import { describe, expect, it } from 'vitest';
import { parseFilter } from '../../components/filterGrammar';
import { listPath, listSearch } from '../../components/listAddress';
import { isNodeFilter, isNodeKey, nodesPath, queryOf, targetsOf } from './filter';

const parse = (text: string) => parseFilter(text, isNodeKey);
const queryIn = (path: string) => new URLSearchParams(path.split('?')[1]).get('q');

describe('addresses', () => {
  it('carry the filter as people would write it', () => {
    expect(nodesPath([])).toBe('/nodes');
    expect(queryIn(nodesPath([{ Key: 'PingStatus', Values: ['Online'] }, { Key: 'tag:팀', Values: ['운영 1'] }], 'web'))).toBe('status=Online tag:팀="운영 1" web');
  });
  it('of an earlier version lead to the same nodes', () => {
    expect(queryOf({ filter: [{ Key: 'PingStatus', Values: ['ConnectionLost'] }, { Key: 'tag-key', Values: ['role'] }], search: 'a' })).toBe('status=ConnectionLost tag=role a');
    expect(queryOf({})).toBeUndefined();
    expect(queryOf({ filter: 'x' })).toBeUndefined();
  });
  it('are read as text, whatever the text looks like', () => {
    for (const q of ['10', 'true', '"x"', '{"a":1}', 'null', 'status=Online', '서울 rack']) {
      const raw = new URLSearchParams(listPath('/nodes', { q }).split('?')[1]).get('q') ?? '';
      let value: unknown = raw;
      try {
        value = JSON.parse(raw);
      } catch {
        // The router takes what is no JSON as text.
      }
      expect(listSearch({ q: value }).q).toBe(q);
    }
    expect(listSearch({ q: ['x'], columns: [1, 'name'], order: 'up' })).toEqual({ q: undefined, sort: undefined, order: undefined, view: undefined, columns: ['name'] });
  });
});

it('knows its conditions', () => {
  expect(['status', 'tag', 'tag:x'].every(isNodeKey)).toBe(true);
  expect(['Status', 'colour', 'tag:'].some(isNodeKey)).toBe(false);
  expect(isNodeFilter([{ Key: 'a', Values: [1] }])).toBe(false);
});

it('makes targets only of what a command can target', () => {
  expect(targetsOf(parse('tag:role=web,db tag=env'))).toEqual([{ Key: 'tag:role', Values: ['web', 'db'] }, { Key: 'tag-key', Values: ['env'] }]);
  for (const text of ['', 'web', 'status=Online', 'tag:role!=web', 'tag:role:we', 'tag:role=web rack', 'tag:role=', 'tag:a=1 tag:b=1 tag:c=1 tag:d=1 tag:e=1 tag:f=1']) expect(targetsOf(parse(text)), text).toBeUndefined();
});
