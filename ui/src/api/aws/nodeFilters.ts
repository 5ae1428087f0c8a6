/**
 * The console's filter of nodes over AWS: conditions that AWS has a filter for are AWS's to answer, the others are looked at in
 * what was read. AWS does not tell the tags of a list of nodes, so a tag can only be asked for, not compared otherwise.
 */
import { ApiFailure } from '../../host/host';

export interface Condition {
  key: string;
  op: string;
  values: string[];
}
interface Filter {
  Key: string;
  Values: string[];
}
type Node = Record<string, unknown>;

/** AWS's filters, by our keys. */
const AWS: Record<string, string> = { status: 'PingStatus', platform: 'PlatformTypes', agentVersion: 'AgentVersion', id: 'InstanceIds', role: 'IamRole', activation: 'ActivationIds', tag: 'tag-key' };

/** Members that the other conditions look at. */
const MEMBERS: Record<string, string[]> = {
  status: ['PingStatus'],
  platform: ['PlatformType'],
  platformName: ['PlatformName'],
  platformVersion: ['PlatformVersion'],
  agent: ['AgentName'],
  agentVersion: ['AgentVersion'],
  name: ['Name', 'ComputerName'],
  address: ['IPAddress'],
  id: ['InstanceId'],
  role: ['IamRole'],
  activation: ['ActivationId'],
};
const TIMES: Record<string, string> = { registered: 'RegistrationDate', lastContact: 'LastPingDateTime' };

const isTag = (key: string) => key === 'tag' || key.startsWith('tag:');
const plain = (text: string) => text.normalize('NFC').toLowerCase();
const version = (text: string) => text.split('.').map((part) => part.padStart(8, '0')).join('.');

export function split(conditions: readonly Condition[]): { asked: Filter[]; here: Condition[] } {
  const asked: Filter[] = [];
  const here: Condition[] = [];
  for (const condition of conditions) {
    const { key, op, values } = condition;
    const name = key.startsWith('tag:') ? key : AWS[key];
    if (op === '=' && name && !asked.some((filter) => filter.Key === name)) asked.push({ Key: name, Values: values });
    else if (isTag(key)) throw new ApiFailure('ValidationException', `AWS compares tags of nodes with = only, each key once: ${key} ${op}`);
    else here.push(condition);
  }
  return { asked, here };
}

function textsOf(node: Node, key: string): string[] {
  const texts = (MEMBERS[key] ?? []).map((member) => node[member]).filter((value): value is string => typeof value === 'string' && value !== '');
  // A node without a name is called by its computer's.
  return key === 'name' ? texts.slice(0, 1) : texts;
}

function milliseconds(value: unknown): number {
  return typeof value === 'number' ? value * 1000 : Date.parse(String(value ?? ''));
}

export function matches(node: Node, { key, op, values }: Condition): boolean {
  const time = TIMES[key];
  if (time) {
    const at = milliseconds(node[time]);
    if (Number.isNaN(at)) return false;
    return values.some((value) => (op === '<' ? at < Number(value) : at >= Number(value)));
  }
  const texts = textsOf(node, key);
  const some = (test: (text: string, value: string) => boolean) => values.some((value) => texts.some((text) => test(text, value)) || (value === '' && texts.length === 0));
  if (op === '=' || op === '!=') return some((text, value) => text.normalize('NFC') === value.normalize('NFC')) === (op === '=');
  if (op === ':' || op === '!:') return some((text, value) => plain(text).includes(plain(value))) === (op === ':');
  return some((text, value) => (op === '<' ? version(text) < version(value) : version(text) > version(value)));
}

/** What the nodes that were read have, the most frequent first. */
export function facetsOf(nodes: readonly Node[], key: string, part: string, max: number): { value: string; count: number }[] {
  const counts = new Map<string, number>();
  for (const node of nodes) for (const value of textsOf(node, key)) if (plain(value).includes(plain(part))) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].map(([value, count]) => ({ value, count })).sort((a, b) => b.count - a.count || a.value.localeCompare(b.value)).slice(0, max);
}
