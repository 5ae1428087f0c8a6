import { expect, it } from 'vitest';
import { evidenceOf, filled, needsActivation } from './diagnosis';

const hub = { endpoint: 'https://hub.example:8443/', region: 'local-1' };
const ours = { AgentName: 'quarterdeck-agent' };

it('fills in what the page knows, and leaves what only an activation knows', () => {
  expect(filled('curl -sS --cacert CA.PEM HUB/quarterdeck/health', 'linux', ours, hub)).toBe('curl -sS --cacert /var/lib/quarterdeck-agent/ca.pem https://hub.example:8443/quarterdeck/health');
  expect(filled('getent ahosts HUBNAME', 'linux', ours, hub)).toBe('getent ahosts hub.example');
  const register = filled('sudo quarterdeck-agent register --endpoint HUB --activation-id ID --activation-code CODE --data-dir DIR', 'macos', ours, hub);
  expect(register).toContain('--data-dir "/Library/Application Support/Quarterdeck Agent"');
  expect(register).toContain('--activation-id ID --activation-code CODE');
  expect(needsActivation(register)).toBe(true);
  expect(filled('amazon-ssm-agent -register -region REGION', 'windows', { AgentName: 'amazon-ssm-agent' }, hub)).toBe('amazon-ssm-agent -register -region local-1');
});
it('leaves the word where the hub is not known yet', () => {
  expect(filled('getent ahosts HUBNAME', 'linux', ours, { endpoint: '', region: '' })).toBe('getent ahosts HUBNAME');
});
it('tells times from numbers, and nothing from something', () => {
  expect(evidenceOf({ lastPingAt: 1_700_000_000_000, keySince: 0, code: 'ExpiredToken', count: 3, rotating: false, address: '', odd: { a: 1 } })).toEqual([
    { name: 'lastPingAt', time: 1_700_000_000_000 },
    { name: 'code', text: 'ExpiredToken' },
    { name: 'count', text: '3' },
    { name: 'rotating', flag: false },
  ]);
});
