import { expect, it } from 'vitest';
import { isLoopback, linuxLine, stockSteps } from './install';

const enrolment = { endpoint: 'https://hub.example:8443/', region: 'local-1', id: 'a-b', code: 'CODE' };

it('knows an address that other machines cannot reach', () => {
  expect(isLoopback('https://127.0.0.1:8443')).toBe(true);
  expect(isLoopback('https://[::1]:8443')).toBe(true);
  expect(isLoopback('')).toBe(true);
  expect(isLoopback('https://hub.example:8443')).toBe(false);
});
it('checks everything but the certificate itself against the certificate', () => {
  const [first, ...rest] = linuxLine(enrolment).split('&&');
  expect(first).toContain('https://hub.example:8443/quarterdeck/ca.pem');
  expect(rest.join()).toContain('--cacert');
  expect(rest.join()).not.toContain('-fsSk');
});
it('writes a scheme for the message gateway, which otherwise loses its port', () => {
  const { configuration } = stockSteps(enrolment);
  expect(configuration).toContain('"Endpoint": "https://hub.example:8443"');
});
