import { describe, expect, it } from 'vitest';
import { canonicalQuery, encodeRfc3986, sign } from './sigv4';

const key = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  region: 'us-east-1',
  service: 'service',
};
const when = new Date('2015-08-30T12:36:00Z');

describe('sign', () => {
  it('gives the signature of the published "get-vanilla" case', async () => {
    const headers = await sign({ method: 'GET', host: 'example.amazonaws.com', path: '/' }, key, when);
    expect(headers.authorization).toBe(
      'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
    );
  });

  it('gives the signature of the published "get-vanilla-query-order-key-case" case', async () => {
    const query = { Param2: 'value2', Param1: 'value1' };
    const headers = await sign({ method: 'GET', host: 'example.amazonaws.com', path: '/', query }, key, when);
    expect(headers.authorization).toContain('Signature=b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500');
  });

  it('gives the signature of the published "post-vanilla" case', async () => {
    const headers = await sign({ method: 'POST', host: 'example.amazonaws.com', path: '/', body: '' }, key, when);
    expect(headers.authorization).toContain('Signature=5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b');
  });
});

describe('encoding', () => {
  it('leaves only unreserved characters as they are', () => {
    expect(encodeRfc3986("a-b_c.d~e f/g!'()*한")).toBe('a-b_c.d~e%20f%2Fg%21%27%28%29%2A%ED%95%9C');
  });
  it('sorts by encoded name', () => {
    expect(canonicalQuery({ b: '2', a: '1', 'a-': '0', A: '3' })).toBe('A=3&a=1&a-=0&b=2');
  });
});
