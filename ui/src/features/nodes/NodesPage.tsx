/** Every node the hub knows: filtered, sorted and paged by the hub, so that 100,000 rows are no heavier than 20. */
import Button from '@cloudscape-design/components/button';
import type { PropertyFilterProps } from '@cloudscape-design/components/property-filter';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { getNodes, type NodeFilter, type NodeRow, type NodesQuery } from '../../api/extension';
import { usePolling } from '../../api/live';
import { useFollow, useOpen } from '../../app/router';
import { Empty } from '../../components/Empty';
import { filterProperty, ListPage } from '../../components/ListPage';
import { useList } from '../../components/useList';
import { type Text, useText } from '../../i18n';
import { COLUMN_SORT, DEFAULT_COLUMNS, nodeColumns, nodeExport } from './columns';
import { fromQuery, toQuery } from './filter';

export interface NodesSearch {
  filter?: NodeFilter[];
  search?: string;
  sort?: string;
  order?: 'asc' | 'desc';
}
const BY_ID_LIMIT = 50;
const EXPORT_LIMIT = 100_000;

function readPage(query: Omit<NodesQuery, 'token'>) {
  return async (token: string | undefined) => {
    const answer = await getNodes({ ...query, token });
    return { items: answer.nodes, nextToken: answer.nextToken, total: answer.total };
  };
}

/** Properties to filter by; the tags offered are those of the nodes seen, and any other can be typed as `tag:KEY=VALUE`. */
function useProperties({ t }: Text, seen: NodeRow[], filter: NodeFilter[]): PropertyFilterProps.FilteringProperty[] {
  return useMemo(() => {
    const tagKeys = new Set(seen.flatMap((node) => Object.keys(node.Tags)));
    for (const item of filter) if (item.Key.startsWith('tag:')) tagKeys.add(item.Key.slice(4));
    return [
      filterProperty('PingStatus', t('nodes.property.status')),
      filterProperty('PlatformTypes', t('nodes.property.platform')),
      filterProperty('AgentVersion', t('nodes.property.agentVersion')),
      filterProperty('InstanceIds', t('nodes.property.id')),
      filterProperty('ResourceType', t('nodes.property.resourceType')),
      filterProperty('IamRole', t('nodes.property.role')),
      filterProperty('ActivationIds', t('nodes.property.activation')),
      filterProperty('tag-key', t('nodes.property.tagKey')),
      ...[...tagKeys].sort().map((key) => filterProperty(`tag:${key}`, t('nodes.property.tag', { key }))),
    ];
  }, [t, seen, filter]);
}

function useOptions({ maybe }: Text, seen: NodeRow[]): PropertyFilterProps.FilteringOption[] {
  return useMemo(() => {
    const options = new Map<string, PropertyFilterProps.FilteringOption>();
    const add = (propertyKey: string, value: string | null | undefined, label?: string) => {
      if (value) options.set(`${propertyKey} ${value}`, { propertyKey, value, label });
    };
    for (const value of ['Online', 'ConnectionLost']) add('PingStatus', value, maybe(`status.node.${value}`, value));
    for (const value of ['Linux', 'Windows', 'MacOS']) add('PlatformTypes', value);
    for (const value of ['ManagedInstance', 'EC2Instance']) add('ResourceType', value);
    for (const node of seen) {
      add('AgentVersion', node.AgentVersion);
      add('IamRole', node.IamRole);
      for (const [key, value] of Object.entries(node.Tags)) {
        add('tag-key', key);
        add(`tag:${key}`, value);
      }
    }
    return [...options.values()];
  }, [maybe, seen]);
}

const NO_FILTER: NodeFilter[] = [];

export function NodesPage() {
  const text = useText();
  const { t, number } = text;
  const open = useOpen();
  const follow = useFollow();
  const navigate = useNavigate();
  const search = useSearch({ strict: false }) as NodesSearch;
  const filter = search.filter ?? NO_FILTER;
  const sort = search.sort && COLUMN_SORT[search.sort] ? search.sort : 'name';
  const order = search.order === 'desc' ? 'desc' : 'asc';
  const query = { filter, search: search.search, sort: COLUMN_SORT[sort] ?? 'name', order } as const;
  const list = useList({
    name: 'nodes',
    about: [query],
    columns: DEFAULT_COLUMNS,
    read: (max) => readPage({ ...query, max }),
    exportLimit: EXPORT_LIMIT,
    refetchInterval: usePolling(),
  });
  const { items, total } = list.paged;
  const [selected, setSelected] = useState<NodeRow[]>([]);
  const columns = useMemo(() => nodeColumns(text, follow), [text, follow]);
  const properties = useProperties(text, items, filter);
  const options = useOptions(text, items);
  const change = (next: NodesSearch) => {
    setSelected([]);
    void navigate({ to: '/nodes', search: { ...search, ...next } as never, replace: true });
  };
  const blocked = selected.length === 0 ? t('nodes.runNone') : selected.length > BY_ID_LIMIT ? t('nodes.runTooMany') : undefined;
  return (
    <ListPage
      title={t('nodes.title')}
      description={t('nodes.description')}
      counter={total === undefined ? undefined : selected.length > 0 ? `(${number(selected.length)}/${number(total)})` : `(${number(total)})`}
      label={t('nodes.pinned')}
      failed={t('nodes.failed')}
      list={list}
      trackBy="InstanceId"
      columns={columns}
      sorting={{
        sortingColumn: { sortingField: sort },
        sortingDescending: order === 'desc',
        onSortingChange: ({ detail }) => change({ sort: detail.sortingColumn.sortingField, order: detail.isDescending ? 'desc' : 'asc' }),
      }}
      selection={{
        selectionType: 'multi',
        selectedItems: selected,
        onSelectionChange: ({ detail }) => setSelected(detail.selectedItems),
        labels: {
          selectionGroupLabel: t('nodes.title'),
          allItemsSelectionLabel: () => t('common.all'),
          itemSelectionLabel: (_, node) => node.Name || node.InstanceId,
        },
      }}
      filter={{
        properties,
        options,
        label: t('nodes.filter'),
        placeholder: t('nodes.filterPlaceholder'),
        query: toQuery(filter, search.search ?? ''),
        onChange: (changed) => {
          const next = fromQuery(changed);
          change({ filter: next.filter.length > 0 ? next.filter : undefined, search: next.search || undefined });
        },
        noMatch: { title: t('nodes.noMatch'), hint: t('nodes.noMatchHint'), clear: t('nodes.clearFilter') },
      }}
      empty={<Empty title={t('nodes.none')} hint={t('nodes.noneHint')} action={<Button onClick={() => open('/activations')}>{t('nav.addNode')}</Button>} />}
      file={{ columns: nodeExport(text), done: 'nodes.exported', failed: 'nodes.exportFailed' }}
      actions={
        <SpaceBetween direction="horizontal" size="xs">
          <Button onClick={() => open('/activations')}>{t('nav.addNode')}</Button>
          <Button
            variant="primary"
            disabled={Boolean(blocked)}
            disabledReason={blocked}
            onClick={() => open(`/run?nodes=${encodeURIComponent(JSON.stringify(selected.map((node) => node.InstanceId)))}`)}
          >
            {t('nodes.runHere')}
          </Button>
        </SpaceBetween>
      }
    />
  );
}
