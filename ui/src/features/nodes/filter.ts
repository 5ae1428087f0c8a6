/** Which conditions the list of nodes knows, their addresses, and when a filter can be the targets of a command. */
import type { NodeFilter } from '../../api/extension';
import type { Target } from '../../api/operations';
import { type FilterEntry, formatFilter, type ListFilter } from '../../components/filterGrammar';
import { listPath } from '../../components/listAddress';

const KEYS = ['status', 'platform', 'platformName', 'platformVersion', 'agent', 'agentVersion', 'name', 'address', 'id', 'role', 'activation', 'tag', 'registered', 'lastContact'];

export function isNodeKey(key: string): boolean {
  return KEYS.includes(key) || (key.startsWith('tag:') && key.length > 'tag:'.length);
}

/** AWS's names of filters, which other pages and old links use. */
const AWS_KEYS: Record<string, string> = {
  PingStatus: 'status',
  PlatformTypes: 'platform',
  AgentVersion: 'agentVersion',
  InstanceIds: 'id',
  IamRole: 'role',
  ActivationIds: 'activation',
  'tag-key': 'tag',
};

function fromAws(filter: NodeFilter): FilterEntry[] {
  const key = filter.Key.startsWith('tag:') ? filter.Key : AWS_KEYS[filter.Key];
  return key && filter.Values.length > 0 ? [{ key, op: '=', values: filter.Values }] : [];
}

/** The address of the node list with a filter: a link people can keep. */
export function nodesPath(filter: NodeFilter[], search = ''): string {
  return listPath('/nodes', { q: formatFilter({ entries: filter.flatMap(fromAws), search }) });
}

export function isNodeFilter(value: unknown): value is NodeFilter[] {
  return (
    Array.isArray(value) &&
    value.every(
      (item) => typeof item === 'object' && item !== null && typeof item.Key === 'string' && Array.isArray(item.Values) && item.Values.every((v: unknown) => typeof v === 'string'),
    )
  );
}

/** The text of an address of an earlier version, which had the filter in AWS's words. */
export function queryOf(raw: Record<string, unknown>): string | undefined {
  if (!isNodeFilter(raw.filter) && typeof raw.search !== 'string') return undefined;
  const entries = isNodeFilter(raw.filter) ? raw.filter.flatMap(fromAws) : [];
  return formatFilter({ entries, search: typeof raw.search === 'string' ? raw.search : '' }) || undefined;
}

const MOST_TARGETS = 5;
const MOST_VALUES = 50;

/** The same nodes as targets of a command, when tags alone say which they are; nothing when they do not. */
export function targetsOf({ entries, search }: ListFilter): Target[] | undefined {
  if (search !== '' || entries.length === 0 || entries.length > MOST_TARGETS) return undefined;
  const targets = entries.map((entry): Target | undefined => {
    if (entry.op !== '=' || entry.values.length > MOST_VALUES || entry.values.some((value) => value === '')) return undefined;
    if (entry.key === 'tag') return { Key: 'tag-key', Values: entry.values };
    return entry.key.startsWith('tag:') ? { Key: entry.key, Values: entry.values } : undefined;
  });
  return targets.every((target) => target !== undefined) ? targets : undefined;
}
