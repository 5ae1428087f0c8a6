import { describe, expect, it } from 'vitest';
import type { Checked } from '../../host/host';
import { EMPTY, grouped, isAddress, missing, notKept, problems, saidKey, toCompare, typedKey } from './draft';

const hub = { ...EMPTY, name: 'Lab', url: 'https://hub.example:7443' };
const key = { accessKeyId: 'AKID', secretAccessKey: 's' };
const checked = (code: string, trusted = false): Checked => ({ steps: [{ step: 'tls', state: 'warning', code, detail: '' }], fingerprint: 'ab'.repeat(32), trusted });

describe('a connection that is written', () => {
  it.each(['https://h', 'https://h:1', 'https://h/', 'http://localhost:1', 'http://127.0.0.1:5000', 'http://[::1]:1', ' https://h '])('takes the address %s', (url) => expect(isAddress(url)).toBe(true));
  it.each(['', 'h', 'h:7443', 'http://h', 'https://h/path', 'https://h?q', 'https://u:p@h', 'ftp://h', 'http://127.example:1'])('does not take %s', (url) => expect(isAddress(url)).toBe(false));
  it('names what is wrong where it was written', () => {
    expect(problems({ ...hub, url: 'h', region: 'a b', roleArn: 'role' })).toEqual({ url: 'connection.problem.url', region: 'connection.problem.region', roleArn: 'connection.problem.roleArn' });
    expect(problems({ ...hub, url: '' })).toEqual({});
  });
  it('needs an address, a region and a whole key before it is tried', () => {
    expect(missing({ ...hub, url: '' }, key)).toBe('connection.needs.url');
    expect(missing({ ...hub, region: '' }, key)).toBe('connection.needs.region');
    expect(missing(hub, undefined)).toBe('connection.needs.key');
    expect(missing(hub, { ...key, secretAccessKey: '' })).toBe('connection.needs.key');
    expect(missing({ ...hub, id: 'kept' }, undefined)).toBeUndefined();
    expect(missing({ ...hub, kind: 'aws', url: '', access: 'profile' }, undefined)).toBeUndefined();
  });
  it('is kept only when somebody vouches for the server', () => {
    expect(notKept({ ...hub, name: ' ' }, key, checked('trusted', true))).toBe('connection.needs.name');
    expect(notKept(hub, key, undefined)).toBe('connection.needs.trust');
    expect(notKept(hub, key, checked('unknown'))).toBe('connection.needs.trust');
    expect(notKept(hub, key, checked('trusted', true))).toBeUndefined();
    expect(notKept({ ...hub, pin: 'ab'.repeat(32) }, key, undefined)).toBeUndefined();
    expect(notKept({ ...hub, url: 'http://127.0.0.1:1' }, key, undefined)).toBeUndefined();
  });
});

it('a key loses what copying brought along, and an empty one is none', () => {
  expect(typedKey({ id: ' AKID\n', secret: 's ', token: '' })).toEqual(key);
  expect(typedKey({ id: ' ', secret: '', token: 't' })).toBeUndefined();
});

it('a fingerprint is compared only where nobody vouches for the certificate', () => {
  expect(toCompare(checked('unknown'))).toBe('ab'.repeat(32));
  expect(toCompare(checked('changed'))).toBeUndefined();
  expect(toCompare(undefined)).toBeUndefined();
  expect(grouped('0123abcd')).toBe('0123 ABCD');
});

it('a step says its code in words where there are any', () => {
  const has = (name: string) => name === 'connection.said.pinned';
  expect(saidKey({ step: 'tls', state: 'good', code: 'pinned', detail: '' }, has)).toBe('connection.said.pinned');
  expect(saidKey({ step: 'tls', state: 'failed', code: 'Http502', detail: '' }, has)).toBe('connection.said.other');
});
