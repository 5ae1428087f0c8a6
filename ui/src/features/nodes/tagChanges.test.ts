import { expect, it, vi } from 'vitest';

vi.mock('../../host', () => ({ host: { call: () => Promise.reject(new Error('not here')) } }));
const { effectOn, inverse, isNoChange, tagChanges } = await import('./tagChanges');

it('is what was added, changed and taken away since editing began', () => {
  const before = { role: 'web', env: 'test', old: 'x' };
  const items = [{ key: 'role', value: 'web' }, { key: ' env ', value: 'prod' }, { key: '새', value: '' }];
  expect(tagChanges(before, items)).toEqual({ added: [{ Key: 'env', Value: 'prod' }, { Key: '새', Value: '' }], removed: ['old'] });
});
it('is nothing when nothing was changed', () => {
  expect(isNoChange(tagChanges({ a: 'b' }, [{ key: 'a', value: 'b' }]))).toBe(true);
});
it('does to a node only what is not so already', () => {
  expect(effectOn({ a: '1', b: '2' }, { added: [{ Key: 'a', Value: '1' }, { Key: 'b', Value: '3' }], removed: ['a', 'gone'] })).toEqual({ added: [{ Key: 'b', Value: '3' }], removed: ['a'] });
});
it('can be taken back', () => {
  const before = { role: 'web', env: 'test', constructor: 'x' };
  const change = { added: [{ Key: 'env', Value: 'prod' }, { Key: '새', Value: 'y' }, { Key: 'toString', Value: '' }], removed: ['role'] };
  expect(inverse(before, change)).toEqual({ added: [{ Key: 'env', Value: 'test' }, { Key: 'role', Value: 'web' }], removed: ['새', 'toString'] });
});
