/** The columns of the node table: what each shows, by what the hub sorts it, and what it is in a file. */
import Box from '@cloudscape-design/components/box';
import Input from '@cloudscape-design/components/input';
import Link from '@cloudscape-design/components/link';
import type { TableProps } from '@cloudscape-design/components/table';
import type { NodeRow, NodeSort } from '../../api/extension';
import { href } from '../../app/router';
import type { ExportColumn } from '../../components/ExportButton';
import { NodeStatus } from '../../components/Status';
import { isTagText } from '../../components/TagFields';
import { Tags } from '../../components/Tags';
import { When } from '../../components/When';
import type { Text } from '../../i18n';
import { toDate } from '../../lib/format';

export function nodeName(node: Pick<NodeRow, 'InstanceId' | 'Name' | 'ComputerName'>): string {
  return node.Name || node.ComputerName || node.InstanceId;
}

export function platformOf(node: NodeRow): string {
  return [node.PlatformName ?? node.PlatformType, node.PlatformVersion].filter(Boolean).join(' ');
}

export const COLUMN_SORT: Record<string, NodeSort> = {
  name: 'name',
  id: 'instance-id',
  status: 'status',
  platform: 'platform',
  agent: 'agent-version',
  address: 'ip',
  lastPing: 'last-ping',
};

export const DEFAULT_COLUMNS = ['name', 'id', 'status', 'platform', 'lastPing', 'tags'];

/** AWS's own tags cannot be written by anybody. */
const isWritable = (key: string) => !key.toLowerCase().startsWith('aws:');
export const MAX_TAG_VALUE = 256;

/** Why this cannot be the value of a tag. */
export function tagValueProblem(t: Text['t'], value: string): string | undefined {
  if (value.length > MAX_TAG_VALUE) return t('nodes.tagLong', { count: MAX_TAG_VALUE });
  return isTagText(value) ? undefined : t('nodes.tagCharacters');
}

type Follow = (event: { detail: { href?: string; external?: boolean }; preventDefault(): void }) => void;

interface Options {
  follow: Follow;
  /** Tags that can have a column of their own. */
  tagKeys: string[];
  /** Why nothing may be written. */
  blocked?: string;
}

export function nodeColumns(text: Text, { follow, tagKeys, blocked }: Options): TableProps.ColumnDefinition<NodeRow>[] {
  const { t } = text;
  const sortable = (id: string) => (COLUMN_SORT[id] ? { sortingField: id } : {});
  const columns: TableProps.ColumnDefinition<NodeRow>[] = [
    {
      id: 'name',
      header: t('nodes.name'),
      isRowHeader: true,
      width: 150, minWidth: 90,
      cell: (node) => (
        <Link href={href(`/nodes/${node.InstanceId}`)} onFollow={follow}>
          {nodeName(node)}
        </Link>
      ),
    },
    { id: 'id', header: t('nodes.id'), width: 188, minWidth: 90, cell: (node) => <span className="qd-id">{node.InstanceId}</span> },
    { id: 'status', header: t('nodes.status'), width: 172, minWidth: 90, cell: (node) => <NodeStatus status={node.PingStatus} /> },
    { id: 'platform', header: t('nodes.platform'), width: 184, minWidth: 90, cell: (node) => platformOf(node) || '–' },
    {
      id: 'agent',
      header: t('nodes.agent'),
      width: 130, minWidth: 90,
      cell: (node) => (
        <>
          <span title={node.AgentName ?? undefined}>{node.AgentVersion || '–'}</span>
          {node.IsLatestVersion === false && (
            <Box variant="small" display="block" color="text-status-warning">
              {t('nodes.outdated')}
            </Box>
          )}
        </>
      ),
    },
    { id: 'address', header: t('nodes.address'), width: 130, minWidth: 90, cell: (node) => node.IPAddress || '–' },
    { id: 'lastPing', header: t('nodes.lastPing'), width: 144, minWidth: 90, cell: (node) => <When at={node.LastPingDateTime} /> },
    { id: 'tags', header: t('nodes.tags'), width: 180, minWidth: 90, cell: (node) => <Tags tags={node.Tags} /> },
    { id: 'computer', header: t('nodes.computer'), width: 180, minWidth: 90, cell: (node) => node.ComputerName || '–' },
    { id: 'registered', header: t('nodes.registered'), width: 140, minWidth: 90, cell: (node) => <When at={node.RegistrationDate} /> },
    { id: 'role', header: t('nodes.role'), width: 150, minWidth: 90, cell: (node) => node.IamRole || '–' },
    { id: 'activation', header: t('nodes.activation'), width: 180, minWidth: 90, cell: (node) => node.ActivationId || '–' },
    ...tagKeys.map((key) => tagColumn(text, key, blocked)),
  ];
  return columns.map((column) => ({ ...column, ...sortable(column.id ?? '') }));
}

/** A tag, edited in its cell. */
function tagColumn({ t }: Text, key: string, blocked: string | undefined): TableProps.ColumnDefinition<NodeRow> {
  const label = t('nodes.property.tag', { key });
  return {
    id: `tag:${key}`,
    header: label,
    width: 160, minWidth: 90,
    cell: (node) => node.Tags[key] ?? '–',
    editConfig: isWritable(key)
      ? {
          ariaLabel: label,
          editIconAriaLabel: t('nodes.editable'),
          errorIconAriaLabel: t('nodes.tagProblem'),
          disabledReason: () => blocked,
          validation: (_, value: string | undefined) => tagValueProblem(t, value ?? ''),
          editingCell: (node, { currentValue, setValue }: TableProps.CellContext<string>) => (
            // oxlint-disable-next-line jsx-a11y/no-autofocus -- somebody just asked to type here
            <Input autoFocus ariaLabel={label} spellcheck={false} value={currentValue ?? node.Tags[key] ?? ''} onChange={({ detail }) => setValue(detail.value)} />
          ),
        }
      : undefined,
  };
}

function iso(value: number | string | null | undefined): string {
  return toDate(value ?? undefined)?.toISOString() ?? '';
}

/** Tags that have a column in view have one in the file; all of them stand together in the last. */
export function nodeExport({ t }: Text, tagKeys: string[]): ExportColumn<NodeRow>[] {
  return [
    { header: t('nodes.name'), cell: nodeName },
    { header: t('nodes.id'), cell: (node) => node.InstanceId },
    { header: t('nodes.status'), cell: (node) => node.PingStatus },
    { header: t('nodes.platform'), cell: platformOf },
    { header: t('nodes.agent'), cell: (node) => [node.AgentName, node.AgentVersion].filter(Boolean).join(' ') },
    { header: t('nodes.address'), cell: (node) => node.IPAddress },
    { header: t('nodes.computer'), cell: (node) => node.ComputerName },
    { header: t('nodes.lastPing'), cell: (node) => iso(node.LastPingDateTime) },
    { header: t('nodes.registered'), cell: (node) => iso(node.RegistrationDate) },
    { header: t('nodes.role'), cell: (node) => node.IamRole },
    { header: t('nodes.activation'), cell: (node) => node.ActivationId },
    ...tagKeys.map((key): ExportColumn<NodeRow> => ({ header: `tag:${key}`, cell: (node) => node.Tags[key] })),
    { header: t('nodes.tags'), cell: (node) => Object.entries(node.Tags).map(([key, value]) => `${key}=${value}`).join(';') },
  ];
}
