/**
 * What the hub offers beyond AWS, under `/quarterdeck/v1/`: read shapes checked as they arrive, because no service model
 * describes them.
 */
import * as z from 'zod/mini';
import { ApiFailure, host } from '../host';

const text = z.optional(z.nullable(z.string()));
const count = z.catch(z.number(), 0);

const Instance = z.object({
  InstanceId: z.string(),
  Name: text,
  ComputerName: text,
  PingStatus: text,
  LastPingDateTime: z.optional(z.nullable(z.union([z.number(), z.string()]))),
  AgentName: text,
  AgentVersion: text,
  IsLatestVersion: z.optional(z.nullable(z.boolean())),
  PlatformType: text,
  PlatformName: text,
  PlatformVersion: text,
  ActivationId: text,
  IamRole: text,
  RegistrationDate: z.optional(z.nullable(z.union([z.number(), z.string()]))),
  ResourceType: text,
  IPAddress: text,
  SourceId: text,
  SourceType: text,
  AssociationStatus: text,
  Tags: z.catch(z.record(z.string(), z.string()), {}),
});
export type NodeRow = z.infer<typeof Instance>;

const NodesPage = z.object({
  nodes: z.array(Instance),
  nextToken: text,
  total: count,
});
export type NodesAnswer = z.infer<typeof NodesPage>;

const Overview = z.object({
  nodes: z.object({
    total: count,
    byStatus: z.catch(z.record(z.string(), z.number()), {}),
    byPlatform: z.catch(z.array(z.object({ platformType: text, platformName: text, platformVersion: text, count })), []),
    byAgent: z.catch(z.array(z.object({ agentName: text, agentVersion: text, count })), []),
  }),
  commands: z.catch(z.object({ recent: z.array(z.record(z.string(), z.unknown())) }), { recent: [] }),
  attention: z.catch(
    z.array(z.object({ kind: z.string(), severity: z.catch(z.string(), 'medium'), subject: z.string(), name: text, comment: text, since: z.optional(z.nullable(z.union([z.number(), z.string()]))), count: z.optional(z.nullable(z.number())) })),
    [],
  ),
});
export type OverviewAnswer = z.infer<typeof Overview>;
export type Attention = OverviewAnswer['attention'][number];

const Preview = z.object({
  total: count,
  online: count,
  offline: count,
  unsupported: count,
  sample: z.catch(z.array(z.object({ instanceId: z.string(), name: text, status: text, platformType: text, supported: z.optional(z.boolean()) })), []),
});
export type PreviewAnswer = z.infer<typeof Preview>;

export function read<T>(schema: z.ZodMiniType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new ApiFailure('InternalFailure', `The hub's answer has an unexpected shape: ${z.prettifyError(parsed.error)}`);
}

export function present(query: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(Object.entries(query).filter((pair): pair is [string, string] => pair[1] !== undefined && pair[1] !== ''));
}

export interface NodeFilter {
  Key: string;
  Values: string[];
}
export type NodeSort = 'name' | 'instance-id' | 'status' | 'platform' | 'agent-version' | 'last-ping' | 'ip';
/** A condition in the hub's own words: see docs/extensions.md. */
export interface NodeCondition {
  key: string;
  op: string;
  values: string[];
}
export interface NodesQuery {
  filter?: NodeFilter[];
  filters?: NodeCondition[];
  search?: string;
  sort: NodeSort;
  order: 'asc' | 'desc';
  max: number;
  token?: string;
}

export async function getOverview(): Promise<OverviewAnswer> {
  return read(Overview, await host.extension('GET', '/overview'));
}

export async function getNodes(query: NodesQuery): Promise<NodesAnswer> {
  return read(
    NodesPage,
    await host.extension(
      'GET',
      '/nodes',
      present({
        filter: query.filter && query.filter.length > 0 ? JSON.stringify(query.filter) : undefined,
        filters: query.filters && query.filters.length > 0 ? JSON.stringify(query.filters) : undefined,
        search: query.search,
        sort: query.sort,
        order: query.order,
        max: String(query.max),
        token: query.token,
      }),
    ),
  );
}

export interface PreviewQuery {
  targets?: { Key: string; Values: string[] }[];
  instanceIds?: string[];
  documentName?: string;
}

/** Ids in one question; more would not fit into an address. */
const IDS_ASKED = 150;

export async function getPreview(query: PreviewQuery): Promise<PreviewAnswer> {
  const ids = query.instanceIds ?? [];
  if (ids.length > IDS_ASKED) {
    const first = await getPreview({ ...query, instanceIds: ids.slice(0, IDS_ASKED) });
    const rest = await getPreview({ ...query, instanceIds: ids.slice(IDS_ASKED) });
    return {
      total: first.total + rest.total,
      online: first.online + rest.online,
      offline: first.offline + rest.offline,
      unsupported: first.unsupported + rest.unsupported,
      sample: first.sample,
    };
  }
  return read(
    Preview,
    await host.extension(
      'GET',
      '/targets/preview',
      present({
        targets: query.targets ? JSON.stringify(query.targets) : undefined,
        instanceIds: query.instanceIds?.join(','),
        documentName: query.documentName,
      }),
    ),
  );
}

const Facets = z.object({ key: z.string(), values: z.catch(z.array(z.object({ value: z.string(), count })), []) });
export type Facet = z.infer<typeof Facets>['values'][number];

/** What a condition of this key can be set to, the most frequent first; `tag` for the keys of tags, `tag:KEY` for the values of one. */
export async function getFacets(key: string, part = '', max = 50): Promise<Facet[]> {
  return read(Facets, await host.extension('GET', '/nodes/facets', present({ key, part, max: String(max) }))).values;
}

/** Asks a node for a new key pair; it makes one with its next role token, within the hour. */
export async function rotateKey(node: string): Promise<void> {
  await host.extension('POST', `/nodes/${encodeURIComponent(node)}/rotate-key`, undefined, {});
}

const CheckShape = z.object({
  id: z.string(),
  state: z.catch(z.enum(['ok', 'warn', 'fail', 'unknown']), 'unknown'),
  evidence: z.catch(z.record(z.string(), z.unknown()), {}),
  /** Lines to paste on the node, by its system. */
  fix: z.catch(z.optional(z.nullable(z.object({ linux: text, windows: text, macos: text }))), undefined),
});
const DiagnosisShape = z.object({ online: z.boolean(), checks: z.array(CheckShape) });
export type Check = z.infer<typeof CheckShape>;
export type DiagnosisAnswer = z.infer<typeof DiagnosisShape>;

/** Why a node is offline: checks in the order in which a person should look. */
export async function getDiagnosis(node: string): Promise<DiagnosisAnswer> {
  return read(DiagnosisShape, await host.extension('GET', `/nodes/${encodeURIComponent(node)}/diagnosis`));
}
