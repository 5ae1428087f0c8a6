import { describe, expect, it } from 'vitest';
import { redact } from './redact';

describe('what leaves the console', () => {
  it.each([
    ['AKIAIOSFODNN7EXAMPLE', 'AKIAIOSFODNN7EXAMPLE'],
    ['key wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY end', 'wJalrXUtnFEMI'],
    ['Authorization: AWS4-HMAC-SHA256 Credential=A/2026/x, Signature=abcdef', 'Signature=abc'],
    ['https://user:hunter2@example.org/path', 'hunter2'],
    ['{"password": "hun\\"ter2", "a": 1}', 'ter2'],
    ['activation_code=Zm9vYmFyCg', 'Zm9v'],
    ['SecretAccessKey: hunter2', 'hunter2'],
    ['Bearer abc.def.ghi', 'abc.def'],
    ['?X-Amz-Signature=deadbeef&x=1', 'deadbeef'],
    ['-----BEGIN PRIVATE KEY-----\nMIIabc\n-----END PRIVATE KEY-----', 'MIIabc'],
    ['-----BEGIN EC PRIVATE KEY-----\nMIIcut off', 'MIIcut'],
    ["token='short'", 'short'],
  ])('%j loses its secret', (text, secret) => {
    expect(redact(text)).not.toContain(secret);
    expect(redact(text)).toContain('***');
  });
  it.each([
    'GET https://hub.example:7443/quarterdeck/v1/nodes failed with 503',
    'command 11111111-1111-4111-8111-111111111111 on mi-0123456789abcdef0',
    'TypeError: undefined is not a function at NodesPage (NodesPage-mYUNl8hT.js:3:14)',
    '노드 web-01을 찾지 못했습니다',
  ])('%j stays as it is', (text) => expect(redact(text)).toBe(text));
});
