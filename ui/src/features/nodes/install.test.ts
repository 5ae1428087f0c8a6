import { expect, it } from 'vitest';
import { isLoopback, linuxLine, stockSteps, windowsLine } from './install';

const enrolment = { endpoint: 'https://hub.example:8443/', region: 'local-1', id: 'a-b', code: 'CODE' };

it('knows an address that other machines cannot reach', () => {
  expect(isLoopback('https://127.0.0.1:8443')).toBe(true);
  expect(isLoopback('https://[::1]:8443')).toBe(true);
  expect(isLoopback('')).toBe(true);
  expect(isLoopback('https://hub.example:8443')).toBe(false);
});
it('checks everything but the certificate itself against the certificate', () => {
  const fetched = linuxLine(enrolment).split('&&').filter((part) => part.includes('curl'));
  expect(fetched[0]).toContain('https://hub.example:8443/quarterdeck/ca.pem');
  expect(fetched.slice(1).join()).toContain('--cacert');
  expect(fetched.slice(1).join()).not.toContain('-fsSk');
});
it('keeps the activation code out of arguments, and what root runs out of folders that others write to', () => {
  const line = linuxLine(enrolment);
  expect(line.split('&&').filter((part) => part.includes('CODE') && !part.includes('--preserve-env'))).toEqual(['export QUARTERDECK_ACTIVATION_CODE=CODE ']);
  expect(line).not.toContain('/tmp/');
});
it('writes a scheme for the message gateway, which otherwise loses its port', () => {
  const { configuration } = stockSteps(enrolment);
  expect(configuration).toContain('"Endpoint": "https://hub.example:8443"');
});
it('compares the certificate authority with the digest that the hub told before anything trusts it', () => {
  const caSha256 = 'ab'.repeat(32);
  for (const line of [linuxLine({ ...enrolment, caSha256 }), stockSteps({ ...enrolment, caSha256 }).certificate]) {
    const steps = line.split('&&');
    const compared = steps.findIndex((step) => step.includes(`echo "${caSha256}  $dir/ca.pem" | sha256sum -c -`));
    expect(compared).toBe(steps.findIndex((step) => step.includes('-fsSk')) + 1);
  }
  expect(windowsLine({ ...enrolment, caSha256 })).toContain(`-ne '${caSha256}') { throw`);
  expect(windowsLine(enrolment)).toContain(`$env:QUARTERDECK_ACTIVATION_CODE = 'CODE'`);
  expect(linuxLine({ ...enrolment, caSha256: '"; rm -rf /' })).not.toContain('rm -rf');
});
