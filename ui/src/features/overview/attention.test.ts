import { expect, it } from 'vitest';
import { grouped, nameOf, subjectPath } from './attention';

const lost = Array.from({ length: 10 }, (_, index) => ({ kind: 'NodeConnectionLost', severity: 'high', subject: `mi-0000000000000000${index}`, count: 1 }));
const id = '11111111-1111-4111-8111-111111111111';

it('keeps a failed command in sight of many lost nodes', () => {
  const groups = grouped([...lost, { kind: 'NodeConnectionLost', severity: 'high', subject: '+190', count: 190 }, { kind: 'CommandFailed', severity: 'medium', subject: id, count: 1 }]);
  expect(groups.map((group) => [group.kind, group.count, group.open])).toEqual([['NodeConnectionLost', 200, false], ['CommandFailed', 1, false]]);
  expect(groups[0]?.named).toHaveLength(10);
  expect(decodeURIComponent(groups[0]?.path ?? '')).toContain('status=ConnectionLost');
  expect(decodeURIComponent(groups[1]?.path ?? '')).toBe('/commands?filter={"Status":"Failed"}');
});
it('says that there may be more commands than the hub names', () => {
  const failed = Array.from({ length: 10 }, () => ({ kind: 'CommandFailed', severity: 'medium', subject: id, count: 1 }));
  expect(grouped(failed)[0]).toMatchObject({ count: 10, open: true });
});
it('leads to every one of them', () => {
  expect(subjectPath({ kind: 'NodeConnectionLost', severity: 'high', subject: 'mi-1' })).toBe('/nodes/mi-1');
  expect(subjectPath({ kind: 'CommandFailed', severity: 'high', subject: id })).toBe(`/commands/${id}`);
  expect(decodeURIComponent(subjectPath({ kind: 'AgentOutdated', severity: 'low', subject: 'quarterdeck-agent 0.0.9' }) ?? '')).toContain('agentVersion=0.0.9');
});
it('names a command by its comment and its document', () => {
  const failed = { kind: 'CommandFailed', severity: 'medium', subject: id };
  expect(nameOf({ ...failed, name: 'AWS-RunShellScript', comment: '야간 점검' })).toBe('야간 점검 · AWS-RunShellScript');
  expect(nameOf({ ...failed, name: 'AWS-RunShellScript', comment: '' })).toBe('AWS-RunShellScript');
  expect(nameOf(failed)).toBe(id);
});
