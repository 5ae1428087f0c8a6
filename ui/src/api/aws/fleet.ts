/** Nodes over AWS: read page by page up to a bound, then searched, sorted and paged here. */
import type { Call } from './index';
import { type Condition, facetsOf, matches, split } from './nodeFilters';

/** Nodes that are read at most. Beyond it, a filter is what finds one. */
export const MOST_NODES = 2_000;
const PER_PAGE = 50;
/** How long what was read serves, in milliseconds: pages of one list, and the tiles of the overview, are one reading. */
const GOOD_FOR = 10_000;

interface Filter {
  Key: string;
  Values: string[];
}
type Node = Record<string, unknown> & { InstanceId: string };

const text = (node: Node, member: string) => (typeof node[member] === 'string' ? node[member] : '');
const name = (node: Node) => text(node, 'Name') || text(node, 'ComputerName') || node.InstanceId;

const read = new Map<string, { at: number; nodes: Promise<Node[]> }>();

async function readNodes(call: Call, filters: Filter[]): Promise<Node[]> {
  const nodes: Node[] = [];
  let NextToken: unknown;
  do {
    const input = { MaxResults: PER_PAGE, ...(filters.length > 0 && { Filters: filters }), ...(NextToken ? { NextToken } : {}) };
    const page = await call('DescribeInstanceInformation', input);
    nodes.push(...((page.InstanceInformationList as Node[] | undefined) ?? []));
    NextToken = page.NextToken;
  } while (NextToken && nodes.length < MOST_NODES);
  return nodes;
}

export function nodesOf(call: Call, filters: Filter[]): Promise<Node[]> {
  const key = JSON.stringify(filters);
  const known = read.get(key);
  if (known && Date.now() - known.at < GOOD_FOR) return known.nodes;
  const nodes = readNodes(call, filters);
  read.set(key, { at: Date.now(), nodes });
  // A failure is no reading.
  nodes.catch(() => read.delete(key));
  if (read.size > 20) read.delete(read.keys().next().value ?? '');
  return nodes;
}

const SORTS: Record<string, (node: Node) => string | number> = {
  name,
  'instance-id': (node) => node.InstanceId,
  status: (node) => text(node, 'PingStatus'),
  platform: (node) => `${text(node, 'PlatformName')} ${text(node, 'PlatformVersion')}`,
  'agent-version': (node) => text(node, 'AgentVersion').split('.').map((part) => part.padStart(6, '0')).join('.'),
  'last-ping': (node) => Number(node.LastPingDateTime ?? 0),
  ip: (node) => text(node, 'IPAddress').split('.').map((part) => part.padStart(3, '0')).join('.'),
};

export function sorted(nodes: Node[], sort: string, order: string): Node[] {
  const by = SORTS[sort] ?? name;
  const down = order === 'desc' ? -1 : 1;
  const compare = (a: string | number, b: string | number) => (typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b)));
  return nodes.toSorted((a, b) => down * compare(by(a), by(b)) || a.InstanceId.localeCompare(b.InstanceId));
}

async function tagsOf(call: Call, id: string): Promise<Record<string, string>> {
  // Tags of EC2 instances are EC2's, not Systems Manager's.
  if (!id.startsWith('mi-')) return {};
  const answer = await call('ListTagsForResource', { ResourceType: 'ManagedInstance', ResourceId: id });
  return Object.fromEntries(((answer.TagList as { Key: string; Value: string }[] | undefined) ?? []).map((tag) => [tag.Key, tag.Value]));
}

export async function nodesPage(call: Call, query: Record<string, string>): Promise<unknown> {
  const { asked, here } = split(JSON.parse(query.filters ?? '[]') as Condition[]);
  const filters = [...(JSON.parse(query.filter ?? '[]') as Filter[]), ...asked];
  const search = (query.search ?? '').toLowerCase();
  const all = (await nodesOf(call, filters)).filter((node) => here.every((condition) => matches(node, condition)));
  const found = search ? all.filter((node) => ['InstanceId', 'Name', 'ComputerName', 'IPAddress'].some((member) => text(node, member).toLowerCase().includes(search))) : all;
  const start = Number(query.token ?? 0) || 0;
  const max = Number(query.max ?? 50) || 50;
  const page = sorted(found, query.sort ?? 'name', query.order ?? 'asc').slice(start, start + max);
  // A page about one node shows its tags; for a list they would be a call a row.
  const alone = filters.length === 1 && filters[0]?.Key === 'InstanceIds' && page.length === 1;
  const nodes = await Promise.all(page.map(async (node) => ({ ...node, Tags: alone ? await tagsOf(call, node.InstanceId).catch(() => ({})) : {} })));
  return { nodes, nextToken: start + max < found.length ? String(start + max) : undefined, total: found.length };
}

/** What a condition can be set to: of the nodes that were read. */
export async function facets(call: Call, query: Record<string, string>): Promise<unknown> {
  const key = query.key ?? '';
  return { key, values: facetsOf(await nodesOf(call, []), key, query.part ?? '', Number(query.max ?? 50) || 50) };
}

function counted(nodes: Node[], members: string[]): { members: Record<string, string>; count: number }[] {
  const groups = new Map<string, { members: Record<string, string>; count: number }>();
  for (const node of nodes) {
    const values = Object.fromEntries(members.map((member) => [member, text(node, member)]));
    const key = JSON.stringify(values);
    const group = groups.get(key) ?? { members: values, count: 0 };
    group.count += 1;
    groups.set(key, group);
  }
  return [...groups.values()].sort((a, b) => b.count - a.count);
}

const lower = (members: Record<string, string>) => Object.fromEntries(Object.entries(members).map(([key, value]) => [key.charAt(0).toLowerCase() + key.slice(1), value]));

const LOST = 5;
const FAILED = 10;
const seconds = (value: unknown) => (typeof value === 'number' ? value : Date.parse(String(value)) / 1000);

export async function overview(call: Call): Promise<unknown> {
  const [nodes, listed] = await Promise.all([nodesOf(call, []), call('ListCommands', { MaxResults: 25 })]);
  const commands = (listed.Commands as Record<string, unknown>[] | undefined) ?? [];
  const byStatus: Record<string, number> = {};
  for (const node of nodes) byStatus[text(node, 'PingStatus')] = (byStatus[text(node, 'PingStatus')] ?? 0) + 1;
  const lost = nodes.filter((node) => text(node, 'PingStatus') === 'ConnectionLost');
  const since = Date.now() / 1000 - 86_400;
  const failed = commands.filter((command) => ['Failed', 'TimedOut'].includes(String(command.Status)) && seconds(command.RequestedDateTime) > since);
  const attention = [
    ...lost.slice(0, LOST).map((node) => ({ kind: 'NodeConnectionLost', severity: 'high', subject: node.InstanceId, since: node.LastPingDateTime, count: 1 })),
    ...(lost.length > LOST ? [{ kind: 'NodeConnectionLost', severity: 'high', subject: `+${lost.length - LOST}`, count: lost.length - LOST }] : []),
    ...failed.slice(0, FAILED).map((command) => ({ kind: command.Status === 'TimedOut' ? 'CommandTimedOut' : 'CommandFailed', severity: 'medium', subject: command.CommandId, since: command.RequestedDateTime, count: 1 })),
  ];
  return {
    nodes: {
      total: nodes.length,
      byStatus,
      byPlatform: counted(nodes, ['PlatformType', 'PlatformName', 'PlatformVersion']).map(({ members, count }) => ({ ...lower(members), count })),
      byAgent: counted(nodes, ['AgentName', 'AgentVersion']).map(({ members, count }) => ({ ...lower(members), count })),
    },
    commands: { recent: commands.slice(0, 10) },
    attention,
  };
}

const SAMPLE = 20;

/** Which nodes a command would touch. Several targets are all of them together, as SendCommand has it. */
export async function preview(call: Call, query: Record<string, string>): Promise<unknown> {
  const targets = query.targets ? (JSON.parse(query.targets) as Filter[]) : [];
  const ids = (query.instanceIds ?? '').split(',').filter(Boolean);
  const filters = ids.length > 0 ? [{ Key: 'InstanceIds', Values: ids }] : targets.map((target) => ({ Key: target.Key === 'tag-key' || target.Key.startsWith('tag:') ? target.Key : 'InstanceIds', Values: target.Values }));
  const everything = filters.some((filter) => filter.Key === 'InstanceIds' && filter.Values.includes('*'));
  const nodes = filters.length === 0 ? [] : await nodesOf(call, everything ? [] : filters);
  const online = nodes.filter((node) => text(node, 'PingStatus') === 'Online').length;
  return {
    total: nodes.length,
    online,
    offline: nodes.length - online,
    unsupported: 0,
    sample: nodes.slice(0, SAMPLE).map((node) => ({ instanceId: node.InstanceId, name: name(node), status: text(node, 'PingStatus'), platformType: text(node, 'PlatformType') })),
  };
}
