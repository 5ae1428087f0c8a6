import { expect, it } from 'vitest';
import { tagChanges } from './tagChanges';

it('is what was added, changed and taken away since editing began', () => {
  const before = { role: 'web', env: 'test', old: 'x' };
  const items = [{ key: 'role', value: 'web' }, { key: ' env ', value: 'prod' }, { key: '새', value: '' }];
  expect(tagChanges(before, items)).toEqual({ added: [{ Key: 'env', Value: 'prod' }, { Key: '새', Value: '' }], removed: ['old'] });
});
it('is nothing when nothing was changed', () => {
  expect(tagChanges({ a: 'b' }, [{ key: 'a', value: 'b' }])).toEqual({ added: [], removed: [] });
});
