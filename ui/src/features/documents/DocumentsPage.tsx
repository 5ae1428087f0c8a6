import Button from '@cloudscape-design/components/button';
import Link from '@cloudscape-design/components/link';
import type { PropertyFilterProps } from '@cloudscape-design/components/property-filter';
import type { TableProps } from '@cloudscape-design/components/table';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useMemo } from 'react';
import { call } from '../../api/call';
import type { DocumentIdentifier } from '../../api/operations';
import { href, useFollow, useOpen } from '../../app/router';
import { useBlocked } from '../../app/useBlocked';
import { Tags } from '../../components/Tags';
import { Empty } from '../../components/Empty';
import { filterProperty, ListPage } from '../../components/ListPage';
import { useList } from '../../components/useList';
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
      width: 290, minWidth: 80,
      cell: (item) => (
        <Link href={href(`/documents/${encodeURIComponent(item.Name ?? '')}`)} onFollow={follow}>
          {item.Name}
        </Link>
      ),
    },
    { id: 'type', header: t('documents.type'), width: 120, minWidth: 80, cell: (item) => item.DocumentType ?? '–' },
    { id: 'owner', header: t('documents.owner'), width: 120, minWidth: 80, cell: (item) => item.Owner ?? '–' },
    { id: 'platforms', header: t('documents.platforms'), width: 190, minWidth: 80, cell: (item) => item.PlatformTypes?.join(', ') || '–' },
    { id: 'version', header: t('documents.version'), width: 84, minWidth: 80, cell: (item) => item.DocumentVersion ?? '–' },
    { id: 'schema', header: t('documents.schema'), width: 90, minWidth: 80, cell: (item) => item.SchemaVersion ?? '–' },
    { id: 'format', header: t('documents.format'), width: 90, minWidth: 80, cell: (item) => item.DocumentFormat ?? '–' },
    { id: 'tags', header: t('nodes.tags'), width: 190, minWidth: 80, cell: (item) => <Tags tags={Object.fromEntries((item.Tags ?? []).map((tag) => [tag.Key ?? '', tag.Value ?? '']))} /> },
    { id: 'created', header: t('documents.created'), width: 130, minWidth: 80, cell: (item) => <When at={item.CreatedDate} /> },
  ];
}

/** Tags by which the documents in view can be filtered, and those that already do. */
function tagsSeen(items: DocumentIdentifier[], filter: DocumentFilter[]): Map<string, Set<string>> {
  const seen = new Map<string, Set<string>>();
  const see = (key: string, value: string) => seen.set(key, (seen.get(key) ?? new Set()).add(value));
  for (const item of items) for (const tag of item.Tags ?? []) see(`tag:${tag.Key}`, tag.Value ?? '');
  for (const { Key, Values } of filter) if (Key.startsWith('tag:')) for (const value of Values) see(Key, value);
  return seen;
}

function useFilterWords({ t }: Text, tags: string): { properties: PropertyFilterProps.FilteringProperty[]; options: PropertyFilterProps.FilteringOption[] } {
  return useMemo(() => {
    const seen = JSON.parse(tags) as [string, string[]][];
    return {
      properties: [
        ...seen.map(([key]) => filterProperty(key, key)),
        filterProperty('Name', t('documents.property.name')),
        filterProperty('Owner', t('documents.property.owner')),
        filterProperty('PlatformTypes', t('documents.property.platform')),
        filterProperty('DocumentType', t('documents.property.type')),
      ],
      options: [
        ...seen.flatMap(([propertyKey, values]) => values.map((value) => ({ propertyKey, value }))),
        { propertyKey: 'Owner', value: 'Self', label: t('documents.ownerSelf') },
        { propertyKey: 'Owner', value: 'Amazon', label: t('documents.ownerAmazon') },
        ...['Linux', 'Windows', 'MacOS'].map((value) => ({ propertyKey: 'PlatformTypes', value })),
        ...['Command', 'Automation', 'Session', 'Policy', 'Package'].map((value) => ({ propertyKey: 'DocumentType', value })),
      ],
    };
  }, [t, tags]);
}

export function DocumentsPage() {
  const text = useText();
  const { t } = text;
  const follow = useFollow();
  const open = useOpen();
  const blocked = useBlocked();
  const navigate = useNavigate();
  const filter = (useSearch({ strict: false }) as DocumentsSearch).filter ?? NO_FILTER;
  const list = useList({ name: 'documents', about: [filter], columns: DEFAULT_COLUMNS, read: (max) => readPage(filter, max), exportLimit: EXPORT_LIMIT });
  const columns = useMemo(() => columnsOf(text, follow), [text, follow]);
  const words = useFilterWords(text, JSON.stringify([...tagsSeen(list.paged.items, filter)].map(([key, values]) => [key, [...values]])));
  const change = (next: DocumentFilter[]) => void navigate({ to: '/documents', search: (next.length > 0 ? { filter: next } : {}) as never, replace: true });
  return (
    <ListPage
      title={t('documents.title')}
      description={t('documents.description')}
      label={t('documents.table')}
      failed={t('documents.failed')}
      list={list}
      trackBy="Name"
      columns={columns}
      filter={{
        ...words,
        label: t('documents.filter'),
        placeholder: t('documents.filterPlaceholder'),
        query: toQuery(filter),
        onChange: (query) => change(fromQuery(query)),
        noMatch: { title: t('documents.noMatch'), hint: t('documents.noMatchHint'), clear: t('documents.clearFilter') },
      }}
      actions={
        <Button variant="primary" disabled={Boolean(blocked)} disabledReason={blocked} onClick={() => open('/new-document')}>
          {t('documents.create')}
        </Button>
      }
      empty={<Empty title={t('documents.none')} hint={t('documents.noneHint')} />}
      file={{
        done: 'documents.exported',
        failed: 'documents.exportFailed',
        columns: [
          { header: t('documents.name'), cell: (item) => item.Name },
          { header: t('documents.type'), cell: (item) => item.DocumentType },
          { header: t('documents.owner'), cell: (item) => item.Owner },
          { header: t('documents.platforms'), cell: (item) => item.PlatformTypes?.join(';') },
          { header: t('documents.version'), cell: (item) => item.DocumentVersion },
        ],
      }}
    />
  );
}
