import { expect, it, vi } from 'vitest';

vi.mock('../host', () => ({ host: {} }));
const { staleAfter } = await import('./live');

const event = (kind: string, detail: Record<string, unknown> = {}) => ({ seq: 1, 'detail-type': kind, detail });

it('a change of a command makes that command, its list and the overview stale', () => {
  const keys = staleAfter(event('EC2 Command Invocation Status-change Notification', { 'command-id': 'c1' }));
  expect(keys).toContainEqual(['invocations', 'c1']);
  expect(keys).toContainEqual(['overview']);
});
it('output makes nothing stale: viewers read it themselves', () => {
  expect(staleAfter(event('Quarterdeck Command Output', { 'command-id': 'c1' }))).toEqual([]);
});
it('unknown events are harmless', () => {
  expect(staleAfter(event('Something New'))).toEqual([]);
});
it('a node that comes or goes makes the node lists stale', () => {
  expect(staleAfter(event('SSM Managed Instance Registration'))).toContainEqual(['nodes']);
});
