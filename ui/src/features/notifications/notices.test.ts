import { expect, it, vi } from 'vitest';
import type { HubEvent } from '../../host';

vi.stubGlobal('window', {});
const { KEPT, merged, noticeOf, parseNotices, pathOf, unreadOf } = await import('./notices');

const event = (type: string, detail: Record<string, unknown>, seq = 7): HubEvent => ({ seq, 'detail-type': type, time: '2026-11-22T10:00:00Z', detail });
const COMMAND = 'EC2 Command Status-change Notification';
const ended = event(COMMAND, { 'command-id': 'c-1', 'document-name': 'AWS-RunShellScript', status: 'Success', 'status-details': 'Success' });

it('tells of commands that ended, and how', () => {
  expect(noticeOf(ended, 'here')).toMatchObject({ id: 'command:c-1', outcome: 'ended', name: 'AWS-RunShellScript', connection: 'here', read: false });
  expect(noticeOf(event(COMMAND, { 'command-id': 'c-1', status: 'Success', 'status-details': 'NoInstancesInTag' }), '')).toMatchObject({ outcome: 'failed', status: 'NoInstancesInTag' });
  for (const status of ['Pending', 'InProgress', 'Cancelling']) expect(noticeOf(event(COMMAND, { 'command-id': 'c-1', status }), '')).toBeUndefined();
});
it('tells of nodes that come and go', () => {
  expect(noticeOf(event('Quarterdeck Node Connection', { 'instance-id': 'mi-1', state: 'disconnected' }), '')).toMatchObject({ outcome: 'lost', subject: 'mi-1' });
  expect(noticeOf(event('Quarterdeck Node Connection', { 'instance-id': 'mi-1', state: 'connected' }), '')).toMatchObject({ outcome: 'back' });
  expect(noticeOf(event('Quarterdeck Node Information Change', { 'instance-id': 'mi-1', first: true }), '')).toMatchObject({ outcome: 'new' });
  expect(noticeOf(event('Quarterdeck Node Information Change', { 'instance-id': 'mi-1', first: false }), '')).toBeUndefined();
  expect(noticeOf(event('Quarterdeck Command Output', { 'command-id': 'c-1' }), '')).toBeUndefined();
  expect(noticeOf(event('Quarterdeck Node Connection', { 'instance-id': { evil: 1 } }), '')).toBeUndefined();
});
it('leads to what it tells of', () => {
  const notice = noticeOf(ended, '');
  expect(notice && pathOf(notice)).toBe('/commands/c-1');
});
it('is one list for several windows, newest first and bounded', () => {
  const one = (n: number, read = false) => ({ ...(noticeOf(ended, '') as NonNullable<ReturnType<typeof noticeOf>>), id: `command:${n}`, at: n, read });
  const list = merged([one(1, true), one(2)], [one(1), one(3)]);
  expect(list.map((notice) => [notice.at, notice.read])).toEqual([[3, false], [2, false], [1, true]]);
  expect(unreadOf(list)).toBe(2);
  expect(merged(Array.from({ length: 300 }, (_, n) => one(n)), [])).toHaveLength(KEPT);
});
it('does not tell again of what was cleared', () => {
  const one = { ...(noticeOf(ended, '') as NonNullable<ReturnType<typeof noticeOf>>), gone: true };
  const list = merged([one], [{ ...one, gone: undefined }]);
  expect(list[0]?.gone).toBe(true);
  expect(unreadOf(list)).toBe(0);
});
it('reads past what is damaged', () => {
  expect(parseNotices('{')).toEqual([]);
  expect(parseNotices(undefined)).toEqual([]);
  expect(parseNotices(JSON.stringify([{ id: 1 }, { ...noticeOf(ended, '') }]))).toHaveLength(1);
});
