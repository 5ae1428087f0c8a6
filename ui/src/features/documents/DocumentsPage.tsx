import Button from '@cloudscape-design/components/button';
import Link from '@cloudscape-design/components/link';
import PropertyFilter, { type PropertyFilterProps } from '@cloudscape-design/components/property-filter';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table, { type TableProps } from '@cloudscape-design/components/table';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useMemo } from 'react';
import { call } from '../../api/call';
import type { DocumentIdentifier } from '../../api/operations';
import { readAll, usePaged } from '../../api/paging';
import { Page } from '../../app/page';
import { href, useFollow } from '../../app/router';
import { Empty } from '../../components/Empty';
import { ExportButton } from '../../components/ExportButton';
import { Failure } from '../../components/Failure';
import { Pages } from '../../components/Pages';
import { Preferences } from '../../components/Preferences';
import { useTablePreferences } from '../../components/tablePreferences';
import { When } from '../../components/When';
import { type Text, useText } from '../../i18n';
import { type DocumentFilter, fromQuery, toQuery } from './filter';

export interface DocumentsSearch {
  filter?: DocumentFilter[];
}
const NO_FILTER: DocumentFilter[] = [];
const EXPORT_LIMIT = 10_000;
const DEFAULT_COLUMNS = ['name', 'type', 'owner', 'platforms', 'version', 'created'];

function readPage(filter: DocumentFilter[], max: number) {
  return async (token: string | undefined) => {
    const answer = await call('ListDocuments', { Filters: filter.length > 0 ? filter : undefined, MaxResults: max, NextToken: token });
    return { items: answer.DocumentIdentifiers ?? [], nextToken: answer.NextToken };
  };
}

function columnsOf({ t }: Text, follow: ReturnType<typeof useFollow>): TableProps.ColumnDefinition<DocumentIdentifier>[] {
  return [
    {
      id: 'name',
      header: t('documents.name'),
      isRowHeader: true,
      width: 320, minWidth: 80,
      cell: (item) => (
        <Link href={href(`/documents/${encodeURIComponent(item.Name ?? '')}`)} onFollow={follow}>
          {item.Name}
        </Link>
      ),
    },
    { id: 'type', header: t('documents.type'), width: 120, minWidth: 80, cell: (item) => item.DocumentType ?? '–' },
    { id: 'owner', header: t('documents.owner'), width: 140, minWidth: 80, cell: (item) => item.Owner ?? '–' },
    { id: 'platforms', header: t('documents.platforms'), width: 200, minWidth: 80, cell: (item) => item.PlatformTypes?.join(', ') || '–' },
    { id: 'version', header: t('documents.version'), width: 90, minWidth: 80, cell: (item) => item.DocumentVersion ?? '–' },
    { id: 'schema', header: t('documents.schema'), width: 90, minWidth: 80, cell: (item) => item.SchemaVersion ?? '–' },
    { id: 'format', header: t('documents.format'), width: 90, minWidth: 80, cell: (item) => item.DocumentFormat ?? '–' },
    { id: 'created', header: t('documents.created'), width: 140, minWidth: 80, cell: (item) => <When at={item.CreatedDate} /> },
  ];
}

function useFilterWords({ t }: Text): { properties: PropertyFilterProps.FilteringProperty[]; options: PropertyFilterProps.FilteringOption[] } {
  return useMemo(() => {
    const property = (key: string, label: string): PropertyFilterProps.FilteringProperty => ({ key, propertyLabel: label, groupValuesLabel: label, operators: ['='] });
    return {
      properties: [
        property('Name', t('documents.property.name')),
        property('Owner', t('documents.property.owner')),
        property('PlatformTypes', t('documents.property.platform')),
        property('DocumentType', t('documents.property.type')),
      ],
      options: [
        { propertyKey: 'Owner', value: 'Self', label: t('documents.ownerSelf') },
        { propertyKey: 'Owner', value: 'Amazon', label: t('documents.ownerAmazon') },
        ...['Linux', 'Windows', 'MacOS'].map((value) => ({ propertyKey: 'PlatformTypes', value })),
        ...['Command', 'Automation', 'Session', 'Policy', 'Package'].map((value) => ({ propertyKey: 'DocumentType', value })),
      ],
    };
  }, [t]);
}

export function DocumentsPage() {
  const text = useText();
  const { t } = text;
  const follow = useFollow();
  const navigate = useNavigate();
  const filter = (useSearch({ strict: false }) as DocumentsSearch).filter ?? NO_FILTER;
  const [table, setTable] = useTablePreferences('documents', { pageSize: 20, visible: DEFAULT_COLUMNS, wrapLines: false });
  const paged = usePaged(['documents', 'list', filter, table.pageSize], readPage(filter, table.pageSize));
  const columns = useMemo(() => columnsOf(text, follow), [text, follow]);
  const { properties, options } = useFilterWords(text);
  const change = (next: DocumentFilter[]) => void navigate({ to: '/documents', search: (next.length > 0 ? { filter: next } : {}) as never, replace: true });
  return (
    <Page
      title={t('documents.title')}
      description={t('documents.description')}
      actions={
        <SpaceBetween direction="horizontal" size="xs">
          <Button iconName="refresh" ariaLabel={t('common.refresh')} onClick={paged.refetch} />
          <ExportButton
            name="documents"
            read={(onProgress) => readAll(readPage(filter, 50), EXPORT_LIMIT, onProgress)}
            done="documents.exported"
            failed="documents.exportFailed"
            columns={[
              { header: t('documents.name'), cell: (item) => item.Name },
              { header: t('documents.type'), cell: (item) => item.DocumentType },
              { header: t('documents.owner'), cell: (item) => item.Owner },
              { header: t('documents.platforms'), cell: (item) => item.PlatformTypes?.join(';') },
              { header: t('documents.version'), cell: (item) => item.DocumentVersion },
            ]}
          />
        </SpaceBetween>
      }
    >
      <SpaceBetween size="m">
        {paged.error !== null && <Failure error={paged.error} what={t('documents.failed')} onRetry={paged.refetch} />}
        <Table
          stickyHeader
          resizableColumns
          wrapLines={table.wrapLines}
          items={paged.items}
          trackBy="Name"
          loading={paged.loading}
          loadingText={t('common.loading')}
          ariaLabels={{ tableLabel: t('documents.table') }}
          columnDefinitions={columns}
          columnDisplay={columns.map((column) => ({ id: column.id ?? '', visible: column.id === 'name' || table.visible.includes(column.id ?? '') }))}
          filter={
            <PropertyFilter
              query={toQuery(filter)}
              onChange={({ detail }) => change(fromQuery(detail))}
              hideOperations
              filteringProperties={properties}
              filteringOptions={options}
              filteringPlaceholder={t('documents.filterPlaceholder')}
              filteringAriaLabel={t('documents.filter')}
              freeTextFiltering={{ operators: [':'] }}
              expandToViewport
            />
          }
          pagination={<Pages paged={paged} />}
          preferences={<Preferences value={table} onChange={setTable} columns={columns.map((column) => ({ id: column.id ?? '', label: String(column.header), fixed: column.id === 'name' }))} />}
          empty={
            filter.length > 0 ? (
              <Empty title={t('documents.noMatch')} hint={t('documents.noMatchHint')} action={<Button onClick={() => change([])}>{t('documents.clearFilter')}</Button>} />
            ) : (
              <Empty title={t('documents.none')} hint={t('documents.noneHint')} />
            )
          }
        />
      </SpaceBetween>
    </Page>
  );
}
