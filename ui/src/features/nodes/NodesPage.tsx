/** Every node the hub knows: filtered, sorted and paged by the hub, so that 100,000 rows are no heavier than 20. */
import Button from '@cloudscape-design/components/button';
import PropertyFilter, { type PropertyFilterProps } from '@cloudscape-design/components/property-filter';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table from '@cloudscape-design/components/table';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { getNodes, type NodeFilter, type NodeRow, type NodesQuery } from '../../api/extension';
import { usePolling } from '../../api/live';
import { readAll, usePaged } from '../../api/paging';
import { Page } from '../../app/page';
import { useFollow, useOpen } from '../../app/router';
import { Empty } from '../../components/Empty';
import { ExportButton } from '../../components/ExportButton';
import { Failure } from '../../components/Failure';
import { Pages } from '../../components/Pages';
import { Preferences } from '../../components/Preferences';
import { useTablePreferences } from '../../components/tablePreferences';
import { type Text, useText } from '../../i18n';
import { COLUMN_SORT, DEFAULT_COLUMNS, nodeColumnChoices, nodeColumns, nodeExport } from './columns';
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

/** Properties to filter by; the tags offered are those of the nodes seen, and any other can be typed as `tag:name`. */
function useProperties({ t }: Text, seen: NodeRow[], filter: NodeFilter[]): PropertyFilterProps.FilteringProperty[] {
  return useMemo(() => {
    const property = (key: string, label: string): PropertyFilterProps.FilteringProperty => ({ key, propertyLabel: label, groupValuesLabel: label, operators: ['='] });
    const tagKeys = new Set(seen.flatMap((node) => Object.keys(node.Tags)));
    for (const item of filter) if (item.Key.startsWith('tag:')) tagKeys.add(item.Key.slice(4));
    return [
      property('PingStatus', t('nodes.property.status')),
      property('PlatformTypes', t('nodes.property.platform')),
      property('AgentVersion', t('nodes.property.agentVersion')),
      property('InstanceIds', t('nodes.property.id')),
      property('ResourceType', t('nodes.property.resourceType')),
      property('IamRole', t('nodes.property.role')),
      property('ActivationIds', t('nodes.property.activation')),
      property('tag-key', t('nodes.property.tagKey')),
      ...[...tagKeys].sort().map((key) => property(`tag:${key}`, t('nodes.property.tag', { key }))),
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
  const [table, setTable] = useTablePreferences('nodes', { pageSize: 20, visible: DEFAULT_COLUMNS, wrapLines: false });
  const query = { filter, search: search.search, sort: COLUMN_SORT[sort] ?? 'name', order, max: table.pageSize } as const;
  const paged = usePaged(['nodes', 'list', query], readPage(query), { refetchInterval: usePolling() });
  const [selected, setSelected] = useState<NodeRow[]>([]);
  const columns = useMemo(() => nodeColumns(text, follow), [text, follow]);
  const properties = useProperties(text, paged.items, filter);
  const options = useOptions(text, paged.items);
  const change = (next: NodesSearch) => {
    setSelected([]);
    void navigate({ to: '/nodes', search: { ...search, ...next } as never, replace: true });
  };
  const filtered = filter.length > 0 || Boolean(search.search);
  const blocked = selected.length === 0 ? t('nodes.runNone') : selected.length > BY_ID_LIMIT ? t('nodes.runTooMany') : undefined;
  return (
    <Page
      title={t('nodes.title')}
      description={t('nodes.description')}
      counter={paged.total === undefined ? undefined : selected.length > 0 ? `(${number(selected.length)}/${number(paged.total)})` : `(${number(paged.total)})`}
      actions={
        <SpaceBetween direction="horizontal" size="xs">
          <Button iconName="refresh" ariaLabel={t('common.refresh')} onClick={paged.refetch} />
          <ExportButton
            name="nodes"
            columns={nodeExport(text)}
            read={(onProgress) => readAll(readPage({ ...query, max: 50 }), EXPORT_LIMIT, onProgress)}
            done="nodes.exported"
            failed="nodes.exportFailed"
          />
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
    >
      <SpaceBetween size="m">
        {paged.error !== null && <Failure error={paged.error} what={t('nodes.failed')} onRetry={paged.refetch} />}
        <Table
          variant="container"
          stickyHeader
          resizableColumns
          wrapLines={table.wrapLines}
          items={paged.items}
          trackBy="InstanceId"
          loading={paged.loading}
          loadingText={t('common.loading')}
          columnDefinitions={columns}
          columnDisplay={columns.map((column) => ({ id: column.id ?? '', visible: column.id === 'name' || table.visible.includes(column.id ?? '') }))}
          sortingColumn={{ sortingField: sort }}
          sortingDescending={order === 'desc'}
          onSortingChange={({ detail }) => change({ sort: detail.sortingColumn.sortingField, order: detail.isDescending ? 'desc' : 'asc' })}
          selectionType="multi"
          selectedItems={selected}
          onSelectionChange={({ detail }) => setSelected(detail.selectedItems)}
          ariaLabels={{
            tableLabel: t('nodes.pinned'),
            selectionGroupLabel: t('nodes.title'),
            allItemsSelectionLabel: () => t('common.all'),
            itemSelectionLabel: (_, node) => node.Name || node.InstanceId,
          }}
          filter={
            <PropertyFilter
              query={toQuery(filter, search.search ?? '')}
              onChange={({ detail }) => {
                const next = fromQuery(detail);
                change({ filter: next.filter.length > 0 ? next.filter : undefined, search: next.search || undefined });
              }}
              hideOperations
              filteringProperties={properties}
              filteringOptions={options}
              filteringPlaceholder={t('nodes.filterPlaceholder')}
              filteringAriaLabel={t('nodes.filter')}
              freeTextFiltering={{ operators: [':'] }}
              expandToViewport
            />
          }
          pagination={<Pages paged={paged} />}
          preferences={<Preferences value={table} onChange={setTable} columns={nodeColumnChoices(text)} />}
          empty={
            filtered ? (
              <Empty title={t('nodes.noMatch')} hint={t('nodes.noMatchHint')} action={<Button onClick={() => change({ filter: undefined, search: undefined })}>{t('nodes.clearFilter')}</Button>} />
            ) : (
              <Empty title={t('nodes.none')} hint={t('nodes.noneHint')} action={<Button onClick={() => open('/activations')}>{t('nav.addNode')}</Button>} />
            )
          }
        />
      </SpaceBetween>
    </Page>
  );
}
