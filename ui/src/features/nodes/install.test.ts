import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { awsLine, grouped, isLoopback, linuxLine, macLine, STOCK_SYSTEMS, stockLine, windowsLine } from './install';

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
  for (const system of STOCK_SYSTEMS) expect(stockLine(enrolment, system)).toContain('"Mgs":{"Endpoint":"https://hub.example:8443"');
});
it('registers the stock agent after it trusts the hub and knows its address, on each system', () => {
  for (const system of STOCK_SYSTEMS) {
    const line = stockLine(enrolment, system);
    const at = (text: string | RegExp) => line.search(text);
    expect(at('ca.pem'), system).toBeLessThan(at('amazon-ssm-agent.json'));
    expect(at('amazon-ssm-agent.json'), system).toBeLessThan(at(/-register -y -code/));
    expect(at(/-register/), system).toBeLessThan(at(/systemctl restart|kickstart|Restart-Service/));
  }
});
it('leaves trust and addresses to the agent where the endpoint is AWS itself', () => {
  for (const system of STOCK_SYSTEMS) {
    expect(awsLine(enrolment, system)).toMatch(/-register -y -code '?CODE'? -id '?a-b'? -region '?local-1'?/);
    expect(awsLine(enrolment, system)).not.toMatch(/ca\.pem|amazon-ssm-agent\.json|hub\.example/);
  }
});
it('is sound shell, whatever the address and the code are', () => {
  const nasty = { endpoint: "https://hub.example:8443/it's $(touch x)", region: 'local 1', id: "a'b", code: '"; rm -rf $HOME `x`', caSha256: 'ab'.repeat(32) };
  for (const line of [linuxLine(nasty), macLine(nasty), ...STOCK_SYSTEMS.filter((system) => system !== 'windows').map((system) => stockLine(nasty, system))]) {
    expect(() => execFileSync('sh', ['-n', '-c', line])).not.toThrow();
    // Nothing of it is run, nor read as a variable: outside single quotes there is none of it.
    expect(line.replaceAll("\\'", '').replaceAll(/'[^']*'/g, '')).not.toMatch(/touch x|rm -rf/);
  }
});
it('shows a digest in groups', () => expect(grouped('0123456789abcdef')).toBe('01234567 89abcdef'));
it('compares the certificate authority with the digest that the hub told before anything trusts it', () => {
  const caSha256 = 'ab'.repeat(32);
  for (const line of [linuxLine({ ...enrolment, caSha256 }), stockLine({ ...enrolment, caSha256 }, 'deb'), stockLine({ ...enrolment, caSha256 }, 'rpm')]) {
    const steps = line.split('&&');
    const compared = steps.findIndex((step) => step.includes(`echo "${caSha256}  $dir/ca.pem" | sha256sum -c -`));
    expect(compared).toBe(steps.findIndex((step) => step.includes('-fsSk')) + 1);
  }
  expect(macLine({ ...enrolment, caSha256 })).toContain('| shasum -a 256 -c -');
  for (const line of [windowsLine({ ...enrolment, caSha256 }), stockLine({ ...enrolment, caSha256 }, 'windows')]) expect(line).toContain(`-ne '${caSha256}') { throw`);
  expect(windowsLine({ ...enrolment, caSha256 })).toContain(`-ne '${caSha256}') { throw`);
  expect(windowsLine(enrolment)).toContain(`$env:QUARTERDECK_ACTIVATION_CODE = 'CODE'`);
  expect(linuxLine({ ...enrolment, caSha256: '"; rm -rf /' })).not.toContain('rm -rf');
});
