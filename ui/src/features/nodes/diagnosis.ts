/** What the hub found out about a node, made ready to read: evidence in words, and lines to paste with the hub's own address in them. */
import type { NodeRow } from '../../api/extension';

export interface Surroundings {
  endpoint: string;
  region: string;
}

export type Platform = 'linux' | 'windows' | 'macos';
export const PLATFORMS: Platform[] = ['linux', 'windows', 'macos'];

/** Members of evidence that are epoch milliseconds. */
const TIMES = new Set(['now', 'registeredAt', 'lastPingAt', 'connectedAt', 'closedAt', 'keySince', 'at', 'hubTime']);

export type Evidence = { name: string; time: number } | { name: string; text: string } | { name: string; flag: boolean };

/** In the order the hub gave them; a time of nothing says nothing. */
export function evidenceOf(evidence: Record<string, unknown>): Evidence[] {
  return Object.entries(evidence).flatMap(([name, value]): Evidence[] => {
    if (typeof value === 'number') return TIMES.has(name) ? (value > 0 ? [{ name, time: value }] : []) : [{ name, text: String(value) }];
    if (typeof value === 'boolean') return [{ name, flag: value }];
    return typeof value === 'string' && value !== '' ? [{ name, text: value }] : [];
  });
}

const OURS: Record<Platform, string> = {
  linux: '/var/lib/quarterdeck-agent',
  windows: '"$env:ProgramData\\Quarterdeck Agent"',
  macos: '"/Library/Application Support/Quarterdeck Agent"',
};
const STOCK_CA = '/usr/local/share/ca-certificates/quarterdeck.crt';

function authority(node: Pick<NodeRow, 'AgentName'>, platform: Platform): string {
  if (node.AgentName === 'amazon-ssm-agent') return platform === 'linux' ? STOCK_CA : 'ca.pem';
  if (platform === 'windows') return '"$env:ProgramData\\Quarterdeck Agent\\ca.pem"';
  return platform === 'macos' ? '"/Library/Application Support/Quarterdeck Agent/ca.pem"' : `${OURS.linux}/ca.pem`;
}

/** A line with what this page knows filled in. An activation's id and code stay to be filled in: they are not to be had twice. */
export function filled(line: string, platform: Platform, node: Pick<NodeRow, 'AgentName'>, { endpoint, region }: Surroundings): string {
  let name = '';
  try {
    name = new URL(endpoint).hostname.replace(/^\[|\]$/g, '');
  } catch {
    // Not open yet: the word stays as it is.
  }
  const known: Record<string, string> = { HUBNAME: name, HUB: endpoint.replace(/\/$/, ''), 'CA.PEM': authority(node, platform), REGION: region, DIR: OURS[platform] };
  return line.replaceAll(/HUBNAME|HUB|CA\.PEM|REGION|\bDIR\b/g, (word) => known[word] || word);
}

/** Whether an activation has to be put in by hand. */
export function needsActivation(line: string): boolean {
  return /\bCODE\b/.test(line);
}
