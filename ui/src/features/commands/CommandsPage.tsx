/** Every command, newest first. */
import Button from '@cloudscape-design/components/button';
import Link from '@cloudscape-design/components/link';
import PropertyFilter, { type PropertyFilterProps } from '@cloudscape-design/components/property-filter';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table, { type TableProps } from '@cloudscape-design/components/table';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { call } from '../../api/call';
import { usePolling } from '../../api/live';
import type { Command } from '../../api/operations';
import { readAll, usePaged } from '../../api/paging';
import { Page } from '../../app/page';
import { href, useFollow, useOpen } from '../../app/router';
import { Empty } from '../../components/Empty';
import { ExportButton } from '../../components/ExportButton';
import { Failure } from '../../components/Failure';
import { Pages } from '../../components/Pages';
import { Preferences } from '../../components/Preferences';
import { CommandStatus } from '../../components/Status';
import { useTablePreferences } from '../../components/tablePreferences';
import { When } from '../../components/When';
import { type Text, useText } from '../../i18n';
import { toDate } from '../../lib/format';
import { COMMAND_STATUSES, fromQuery, type HistoryFilter, STAGES, toQuery, toWire } from './history';

export interface CommandsSearch {
  filter?: HistoryFilter;
}
const EXPORT_LIMIT = 100_000;
const NO_FILTER: HistoryFilter = {};
const DEFAULT_COLUMNS = ['command', 'document', 'status', 'done', 'errors', 'requested'];

function readPage(filter: HistoryFilter, max: number) {
  return async (token: string | undefined) => {
    const answer = await call('ListCommands', { Filters: toWire(filter), MaxResults: max, NextToken: token });
    return { items: answer.Commands ?? [], nextToken: answer.NextToken };
  };
}

function columnsOf({ t, number }: Text, follow: ReturnType<typeof useFollow>): TableProps.ColumnDefinition<Command>[] {
  return [
    {
      id: 'command',
      header: t('commands.command'),
      isRowHeader: true,
      width: 290, minWidth: 80,
      cell: (item) => (
        <Link href={href(`/commands/${item.CommandId}`)} onFollow={follow}>
          {item.Comment || item.CommandId}
        </Link>
      ),
    },
    { id: 'document', header: t('commands.document'), width: 220, minWidth: 80, cell: (item) => item.DocumentName },
    { id: 'status', header: t('common.status'), width: 160, minWidth: 80, cell: (item) => <CommandStatus status={item.Status} details={item.StatusDetails} /> },
    { id: 'done', header: t('commands.done'), width: 110, minWidth: 80, cell: (item) => `${number(item.CompletedCount ?? 0)} / ${number(item.TargetCount ?? 0)}` },
    { id: 'errors', header: t('commands.errors'), width: 90, minWidth: 80, cell: (item) => number(item.ErrorCount ?? 0) },
    { id: 'requested', header: t('commands.requested'), width: 140, minWidth: 80, cell: (item) => <When at={item.RequestedDateTime} /> },
    { id: 'id', header: t('commands.id'), width: 310, minWidth: 80, cell: (item) => <span className="qd-id">{item.CommandId}</span> },
  ];
}

function useFilterWords({ t, maybe }: Text): { properties: PropertyFilterProps.FilteringProperty[]; options: PropertyFilterProps.FilteringOption[] } {
  // Offered as an example of how a day is written.
  const [today] = useState(() => new Date().toLocaleDateString('sv'));
  return useMemo(() => {
    const property = (key: string, label: string): PropertyFilterProps.FilteringProperty => ({ key, propertyLabel: label, groupValuesLabel: label, operators: ['='] });
    return {
      properties: [
        property('Status', t('commands.property.status')),
        property('ExecutionStage', t('commands.property.stage')),
        property('DocumentName', t('commands.property.document')),
        property('InvokedAfter', t('commands.property.after')),
        property('InvokedBefore', t('commands.property.before')),
      ],
      options: [
        ...COMMAND_STATUSES.map((value) => ({ propertyKey: 'Status', value, label: maybe(`status.command.${value}`, value) })),
        ...STAGES.map((value) => ({ propertyKey: 'ExecutionStage', value, label: maybe(`commands.stage.${value}`, value) })),
        ...['InvokedAfter', 'InvokedBefore'].map((propertyKey) => ({ propertyKey, value: today })),
      ],
    };
  }, [t, maybe, today]);
}

export function CommandsPage() {
  const text = useText();
  const { t } = text;
  const open = useOpen();
  const follow = useFollow();
  const navigate = useNavigate();
  const filter = (useSearch({ strict: false }) as CommandsSearch).filter ?? NO_FILTER;
  const [table, setTable] = useTablePreferences('commands', { pageSize: 20, visible: DEFAULT_COLUMNS, wrapLines: false });
  const paged = usePaged(['commands', 'list', filter, table.pageSize], readPage(filter, table.pageSize), { refetchInterval: usePolling() });
  const columns = useMemo(() => columnsOf(text, follow), [text, follow]);
  const { properties, options } = useFilterWords(text);
  const change = (next: HistoryFilter) => void navigate({ to: '/commands', search: (Object.keys(next).length > 0 ? { filter: next } : {}) as never, replace: true });
  const filtered = Object.keys(filter).length > 0;
  return (
    <Page
      title={t('commands.title')}
      description={t('commands.description')}
      actions={
        <SpaceBetween direction="horizontal" size="xs">
          <Button iconName="refresh" ariaLabel={t('common.refresh')} onClick={paged.refetch} />
          <ExportButton
            name="commands"
            read={(onProgress) => readAll(readPage(filter, 50), EXPORT_LIMIT, onProgress)}
            done="commands.exported"
            failed="commands.exportFailed"
            columns={[
              { header: t('commands.id'), cell: (item) => item.CommandId },
              { header: t('commands.comment'), cell: (item) => item.Comment },
              { header: t('commands.document'), cell: (item) => item.DocumentName },
              { header: t('common.status'), cell: (item) => item.StatusDetails },
              { header: t('commands.targets'), cell: (item) => item.TargetCount },
              { header: t('commands.done'), cell: (item) => item.CompletedCount },
              { header: t('commands.errors'), cell: (item) => item.ErrorCount },
              { header: t('commands.requested'), cell: (item) => toDate(item.RequestedDateTime)?.toISOString() },
            ]}
          />
          <Button variant="primary" onClick={() => open('/run')}>
            {t('nav.run')}
          </Button>
        </SpaceBetween>
      }
    >
      <SpaceBetween size="m">
        {paged.error !== null && <Failure error={paged.error} what={t('commands.failed')} onRetry={paged.refetch} />}
        <Table
          stickyHeader
          resizableColumns
          wrapLines={table.wrapLines}
          items={paged.items}
          trackBy="CommandId"
          loading={paged.loading}
          loadingText={t('common.loading')}
          ariaLabels={{ tableLabel: t('commands.table') }}
          columnDefinitions={columns}
          columnDisplay={columns.map((column) => ({ id: column.id ?? '', visible: column.id === 'command' || table.visible.includes(column.id ?? '') }))}
          filter={
            <PropertyFilter
              query={toQuery(filter)}
              onChange={({ detail }) => change(fromQuery(detail))}
              hideOperations
              filteringProperties={properties}
              filteringOptions={options}
              filteringPlaceholder={t('commands.filterPlaceholder')}
              filteringAriaLabel={t('commands.filter')}
              freeTextFiltering={{ operators: [':'] }}
              expandToViewport
            />
          }
          pagination={<Pages paged={paged} />}
          preferences={<Preferences value={table} onChange={setTable} columns={columns.map((column) => ({ id: column.id ?? '', label: String(column.header), fixed: column.id === 'command' }))} />}
          empty={
            filtered ? (
              <Empty title={t('commands.noMatch')} hint={t('commands.noMatchHint')} action={<Button onClick={() => change({})}>{t('commands.clearFilter')}</Button>} />
            ) : (
              <Empty title={t('commands.none')} hint={t('commands.noneHint')} action={<Button onClick={() => open('/run')}>{t('nav.run')}</Button>} />
            )
          }
        />
      </SpaceBetween>
    </Page>
  );
}
