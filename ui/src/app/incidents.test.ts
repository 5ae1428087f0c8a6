import { expect, it, vi } from 'vitest';

vi.stubGlobal('window', {});
const { incidentOf, withIncident } = await import('./incidents');

const one = (message: string, at = 1) => incidentOf('uncaught', Object.assign(new Error(message), { stack: 'at Page' }), '/nodes?search=secret', at);

it('keeps what happened without secrets and without what was looked for', () => {
  const incident = one('refused AKIAIOSFODNN7EXAMPLE');
  expect(incident).toMatchObject({ where: '/nodes', message: 'refused ***', times: 1 });
  expect(incidentOf('promise', 'just text', '/', 1).message).toBe('just text');
  expect(incidentOf('promise', new Error('x'.repeat(9_000)), '/', 1).message).toHaveLength(500);
});
it('counts what happens over and over, and forgets the oldest', () => {
  const list = withIncident(withIncident([], one('a', 1)), one('a', 2));
  expect(list).toHaveLength(1);
  expect(list[0]).toMatchObject({ at: 2, times: 2 });
  let many = list;
  for (let n = 0; n < 100; n += 1) many = withIncident(many, one(`e${n}`, n));
  expect(many).toHaveLength(30);
  expect(many[0]?.message).toBe('e99');
});
