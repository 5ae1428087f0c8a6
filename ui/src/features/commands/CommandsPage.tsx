/** Every command, newest first. */
import Button from '@cloudscape-design/components/button';
import Link from '@cloudscape-design/components/link';
import type { PropertyFilterProps } from '@cloudscape-design/components/property-filter';
import type { TableProps } from '@cloudscape-design/components/table';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { call } from '../../api/call';
import { usePolling } from '../../api/live';
import type { Command } from '../../api/operations';
import { href, useFollow, useOpen } from '../../app/router';
import { Empty } from '../../components/Empty';
import { filterProperty, ListPage } from '../../components/ListPage';
import { CommandStatus } from '../../components/Status';
import { useList } from '../../components/useList';
import { When } from '../../components/When';
import { ApiFailure } from '../../host';
import { type Text, useText } from '../../i18n';
import { toDate } from '../../lib/format';
import { badTime, COMMAND_STATUSES, fromQuery, type HistoryFilter, STAGES, toQuery, toWire } from './history';

export interface CommandsSearch {
  filter?: HistoryFilter;
}
const EXPORT_LIMIT = 100_000;
const NO_FILTER: HistoryFilter = {};
const DEFAULT_COLUMNS = ['command', 'document', 'status', 'done', 'errors', 'requested'];

function readPage(filter: HistoryFilter, { t }: Text, max: number) {
  return async (token: string | undefined) => {
    const bad = badTime(filter);
    if (bad !== undefined) throw new ApiFailure('InvalidFilterValue', t('commands.badTime', { value: bad }));
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
      width: 304, minWidth: 80,
      cell: (item) => (
        <Link href={href(`/commands/${item.CommandId}`)} onFollow={follow}>
          {item.Comment || item.CommandId}
        </Link>
      ),
    },
    { id: 'document', header: t('commands.document'), width: 180, minWidth: 80, cell: (item) => item.DocumentName },
    { id: 'status', header: t('common.status'), width: 150, minWidth: 80, cell: (item) => <CommandStatus status={item.Status} details={item.StatusDetails} /> },
    { id: 'done', header: t('commands.done'), width: 86, minWidth: 80, cell: (item) => `${number(item.CompletedCount ?? 0)} / ${number(item.TargetCount ?? 0)}` },
    { id: 'errors', header: t('commands.errors'), width: 92, minWidth: 80, cell: (item) => number(item.ErrorCount ?? 0) },
    { id: 'requested', header: t('commands.requested'), width: 130, minWidth: 80, cell: (item) => <When at={item.RequestedDateTime} /> },
    { id: 'id', header: t('commands.id'), width: 310, minWidth: 80, cell: (item) => <span className="qd-id">{item.CommandId}</span> },
  ];
}

function useFilterWords({ t, maybe }: Text): { properties: PropertyFilterProps.FilteringProperty[]; options: PropertyFilterProps.FilteringOption[] } {
  // Offered as an example of how a day is written.
  const [today] = useState(() => new Date().toLocaleDateString('sv'));
  return useMemo(() => {
    return {
      properties: [
        filterProperty('Status', t('commands.property.status')),
        filterProperty('ExecutionStage', t('commands.property.stage')),
        filterProperty('DocumentName', t('commands.property.document')),
        filterProperty('InvokedAfter', t('commands.property.after')),
        filterProperty('InvokedBefore', t('commands.property.before')),
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
  const list = useList({
    name: 'commands',
    about: [filter],
    columns: DEFAULT_COLUMNS,
    read: (max) => readPage(filter, text, max),
    exportLimit: EXPORT_LIMIT,
    refetchInterval: usePolling(),
  });
  const columns = useMemo(() => columnsOf(text, follow), [text, follow]);
  const words = useFilterWords(text);
  const change = (next: HistoryFilter) => void navigate({ to: '/commands', search: (Object.keys(next).length > 0 ? { filter: next } : {}) as never, replace: true });
  return (
    <ListPage
      title={t('commands.title')}
      description={t('commands.description')}
      label={t('commands.table')}
      failed={t('commands.failed')}
      list={list}
      trackBy="CommandId"
      columns={columns}
      filter={{
        ...words,
        label: t('commands.filter'),
        placeholder: t('commands.filterPlaceholder'),
        query: toQuery(filter),
        onChange: (query) => change(fromQuery(query)),
        noMatch: { title: t('commands.noMatch'), hint: t('commands.noMatchHint'), clear: t('commands.clearFilter') },
      }}
      empty={<Empty title={t('commands.none')} hint={t('commands.noneHint')} action={<Button onClick={() => open('/run')}>{t('nav.run')}</Button>} />}
      file={{
        done: 'commands.exported',
        failed: 'commands.exportFailed',
        columns: [
          { header: t('commands.id'), cell: (item) => item.CommandId },
          { header: t('commands.comment'), cell: (item) => item.Comment },
          { header: t('commands.document'), cell: (item) => item.DocumentName },
          { header: t('common.status'), cell: (item) => item.StatusDetails },
          { header: t('commands.targets'), cell: (item) => item.TargetCount },
          { header: t('commands.done'), cell: (item) => item.CompletedCount },
          { header: t('commands.errors'), cell: (item) => item.ErrorCount },
          { header: t('commands.requested'), cell: (item) => toDate(item.RequestedDateTime)?.toISOString() },
        ],
      }}
      actions={
        <Button variant="primary" onClick={() => open('/run')}>
          {t('nav.run')}
        </Button>
      }
    />
  );
}
