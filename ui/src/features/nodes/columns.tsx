/** The columns of the node table: what each shows, by what the hub sorts it, and what it is in a file. */
import Link from '@cloudscape-design/components/link';
import Box from '@cloudscape-design/components/box';
import type { TableProps } from '@cloudscape-design/components/table';
import type { NodeRow, NodeSort } from '../../api/extension';
import { href } from '../../app/router';
import type { ExportColumn } from '../../components/ExportButton';
import { NodeStatus } from '../../components/Status';
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

type Follow = (event: { detail: { href?: string; external?: boolean }; preventDefault(): void }) => void;

export function nodeColumns({ t }: Text, follow: Follow): TableProps.ColumnDefinition<NodeRow>[] {
  const sortable = (id: string) => (COLUMN_SORT[id] ? { sortingField: id } : {});
  const columns: TableProps.ColumnDefinition<NodeRow>[] = [
    {
      id: 'name',
      header: t('nodes.name'),
      isRowHeader: true,
      width: 114, minWidth: 90,
      cell: (node) => (
        <Link href={href(`/nodes/${node.InstanceId}`)} onFollow={follow}>
          {nodeName(node)}
        </Link>
      ),
    },
    { id: 'id', header: t('nodes.id'), width: 160, minWidth: 90, cell: (node) => <span className="qd-id">{node.InstanceId}</span> },
    { id: 'status', header: t('nodes.status'), width: 124, minWidth: 90, cell: (node) => <NodeStatus status={node.PingStatus} /> },
    { id: 'platform', header: t('nodes.platform'), width: 198, minWidth: 90, cell: (node) => platformOf(node) || '–' },
    {
      id: 'agent',
      header: t('nodes.agent'),
      width: 112, minWidth: 90,
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
    { id: 'address', header: t('nodes.address'), width: 124, minWidth: 90, cell: (node) => node.IPAddress || '–' },
    { id: 'lastPing', header: t('nodes.lastPing'), width: 134, minWidth: 90, cell: (node) => <When at={node.LastPingDateTime} /> },
    { id: 'tags', header: t('nodes.tags'), width: 160, minWidth: 90, cell: (node) => <Tags tags={node.Tags} /> },
    { id: 'computer', header: t('nodes.computer'), width: 180, minWidth: 90, cell: (node) => node.ComputerName || '–' },
    { id: 'registered', header: t('nodes.registered'), width: 140, minWidth: 90, cell: (node) => <When at={node.RegistrationDate} /> },
    { id: 'role', header: t('nodes.role'), width: 150, minWidth: 90, cell: (node) => node.IamRole || '–' },
  ];
  return columns.map((column) => ({ ...column, ...sortable(column.id ?? '') }));
}

function iso(value: number | string | null | undefined): string {
  return toDate(value ?? undefined)?.toISOString() ?? '';
}

export function nodeExport({ t }: Text): ExportColumn<NodeRow>[] {
  return [
    { header: t('nodes.name'), cell: nodeName },
    { header: t('nodes.id'), cell: (node) => node.InstanceId },
    { header: t('nodes.status'), cell: (node) => node.PingStatus },
    { header: t('nodes.platform'), cell: platformOf },
    { header: t('nodes.agent'), cell: (node) => node.AgentVersion },
    { header: t('nodes.address'), cell: (node) => node.IPAddress },
    { header: t('nodes.lastPing'), cell: (node) => iso(node.LastPingDateTime) },
    { header: t('nodes.registered'), cell: (node) => iso(node.RegistrationDate) },
    { header: t('nodes.tags'), cell: (node) => Object.entries(node.Tags).map(([key, value]) => `${key}=${value}`).join(';') },
  ];
}
