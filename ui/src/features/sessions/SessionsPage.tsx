/** Sessions that go on and those that ended: who, where, how long; terminate, watch, replay, search what was shown. */
import Button from '@cloudscape-design/components/button';
import Link from '@cloudscape-design/components/link';
import SegmentedControl from '@cloudscape-design/components/segmented-control';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator, { type StatusIndicatorProps } from '@cloudscape-design/components/status-indicator';
import type { TableProps } from '@cloudscape-design/components/table';
import { useQueryClient } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { call } from '../../api/call';
import { usePolling } from '../../api/live';
import { flash } from '../../app/flash';
import { href, useFollow, useOpen } from '../../app/router';
import { useBlocked } from '../../app/useBlocked';
import { Confirm } from '../../components/Confirm';
import { Empty } from '../../components/Empty';
import { filterProperty, ListPage } from '../../components/ListPage';
import { useList } from '../../components/useList';
import { When } from '../../components/When';
import { type Text, useText } from '../../i18n';
import { toDate } from '../../lib/format';
import { RecordingSearch } from './RecordingSearch';
import { readSessions, type SessionRow, type SessionsFilter, type Which } from './recordings';
import { KEYS, type SessionsSearch } from './sessionsSearch';

const EXPORT_LIMIT = 100_000;
const DEFAULT_COLUMNS = ['session', 'target', 'status', 'owner', 'started', 'ended', 'recording'];
const NO_FILTER: SessionsFilter = {};

const STATUS: Record<string, StatusIndicatorProps.Type> = {
  Connected: 'success',
  Connecting: 'pending',
  Disconnected: 'warning',
  Terminating: 'in-progress',
  Terminated: 'stopped',
  Failed: 'error',
};

/** The last part of an ARN: who it was, without the account. */
function person(owner: string | null | undefined): string {
  return owner?.split('/').pop() || owner || '–';
}

function columnsOf({ t, maybe, duration }: Text, follow: ReturnType<typeof useFollow>): TableProps.ColumnDefinition<SessionRow>[] {
  return [
    { id: 'session', header: t('sessions.session'), isRowHeader: true, width: 230, minWidth: 80, cell: (item) => <span className="qd-id">{item.SessionId}</span> },
    {
      id: 'target',
      header: t('sessions.node'),
      width: 190,
      minWidth: 80,
      cell: (item) => (
        <Link href={href(`/nodes/${item.Target}`)} onFollow={follow}>
          {item.Target}
        </Link>
      ),
    },
    {
      id: 'status',
      header: t('common.status'),
      width: 150,
      minWidth: 80,
      cell: (item) => <StatusIndicator type={STATUS[item.Status ?? ''] ?? 'info'}>{maybe(`sessions.state.${item.Status}`, item.Status ?? '–')}</StatusIndicator>,
    },
    { id: 'owner', header: t('sessions.owner'), width: 130, minWidth: 80, cell: (item) => <span title={item.Owner ?? undefined}>{person(item.Owner)}</span> },
    { id: 'started', header: t('sessions.started'), width: 120, minWidth: 80, cell: (item) => <When at={item.StartDate ?? null} /> },
    { id: 'ended', header: t('sessions.ended'), width: 120, minWidth: 80, cell: (item) => <When at={item.EndDate ?? null} /> },
    {
      id: 'recording',
      header: t('sessions.recording'),
      width: 150,
      minWidth: 80,
      cell: (item) =>
        item.Recording ? (
          <Link href={href(`/sessions/${encodeURIComponent(item.SessionId)}`)} onFollow={follow} ariaLabel={t(item.Recording.complete ? 'sessions.replayOf' : 'sessions.watchOf', { id: item.SessionId })}>
            {item.Recording.complete ? t('sessions.replay', { length: duration(item.Recording.durationMs / 1000) }) : t('sessions.watch')}
          </Link>
        ) : (
          '–'
        ),
    },
    { id: 'document', header: t('sessions.document'), width: 220, minWidth: 80, cell: (item) => item.DocumentName ?? '–' },
    { id: 'reason', header: t('sessions.reason'), width: 200, minWidth: 80, cell: (item) => item.Reason || '–' },
    { id: 'details', header: t('sessions.details'), width: 260, minWidth: 80, cell: (item) => item.Details || '–' },
  ];
}

export function SessionsPage() {
  const text = useText();
  const { t } = text;
  const open = useOpen();
  const follow = useFollow();
  const navigate = useNavigate();
  const client = useQueryClient();
  const blocked = useBlocked();
  const { history = false, filter = NO_FILTER } = useSearch({ strict: false }) as SessionsSearch;
  const which: Which = history ? 'history' : 'active';
  const [selected, setSelected] = useState<SessionRow[]>([]);
  const [dialog, setDialog] = useState<'terminate' | 'search'>();
  const list = useList({
    name: 'sessions',
    about: [which, filter],
    columns: DEFAULT_COLUMNS,
    read: (max) => readSessions(which, filter, max),
    exportLimit: EXPORT_LIMIT,
    refetchInterval: usePolling(),
  });
  const columns = useMemo(() => columnsOf(text, follow), [text, follow]);
  const change = (next: SessionsSearch) => {
    setSelected([]);
    void navigate({ to: '/sessions', search: next as never, replace: true });
  };
  const cannot = history ? t('sessions.overAlready') : selected.length === 0 ? t('sessions.terminateNone') : blocked;
  return (
    <>
      <ListPage
        title={t('sessions.title')}
        description={t('sessions.description')}
        label={t('sessions.title')}
        failed={t('sessions.failed')}
        list={list}
        trackBy="SessionId"
        columns={columns}
        selection={{
          selectionType: 'multi',
          selectedItems: selected,
          onSelectionChange: ({ detail }) => setSelected(detail.selectedItems),
          labels: { selectionGroupLabel: t('sessions.title'), allItemsSelectionLabel: () => t('common.all'), itemSelectionLabel: (_, item) => item.SessionId },
        }}
        filter={{
          properties: [filterProperty('target', t('sessions.node')), filterProperty('owner', t('sessions.ownerArn')), filterProperty('session', t('sessions.session'))],
          options: [...new Set(list.paged.items.map((item) => item.Target ?? ''))].filter(Boolean).map((value) => ({ propertyKey: 'target', value })),
          label: t('sessions.filter'),
          placeholder: t('sessions.filterPlaceholder'),
          query: { operation: 'and', tokens: KEYS.flatMap((key) => (filter[key] ? [{ propertyKey: key, operator: '=', value: filter[key] }] : [])) },
          onChange: (query) => {
            const next: SessionsFilter = {};
            // Text without a property is the id of a session.
            for (const token of query.tokens) next[KEYS.find((key) => key === token.propertyKey) ?? 'session'] = String(token.value);
            change({ history: history || undefined, filter: Object.keys(next).length > 0 ? next : undefined });
          },
          noMatch: { title: t('sessions.noMatch'), hint: t('sessions.noMatchHint'), clear: t('sessions.clearFilter') },
        }}
        empty={
          <Empty
            title={t(history ? 'sessions.noneEnded' : 'sessions.none')}
            hint={t(history ? 'sessions.noneEndedHint' : 'sessions.noneHint')}
            action={!history && <Button onClick={() => open('/terminal')}>{t('nav.terminal')}</Button>}
          />
        }
        file={{
          done: 'sessions.exported',
          failed: 'sessions.exportFailed',
          columns: [
            { header: t('sessions.session'), cell: (item) => item.SessionId },
            { header: t('sessions.node'), cell: (item) => item.Target },
            { header: t('common.status'), cell: (item) => item.Status },
            { header: t('sessions.ownerArn'), cell: (item) => item.Owner },
            { header: t('sessions.document'), cell: (item) => item.DocumentName },
            { header: t('sessions.reason'), cell: (item) => item.Reason },
            { header: t('sessions.started'), cell: (item) => toDate(item.StartDate ?? undefined)?.toISOString() },
            { header: t('sessions.ended'), cell: (item) => toDate(item.EndDate ?? undefined)?.toISOString() },
            { header: t('sessions.details'), cell: (item) => item.Details },
          ],
        }}
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <SegmentedControl
              label={t('sessions.which')}
              selectedId={which}
              options={[
                { id: 'active', text: t('sessions.active') },
                { id: 'history', text: t('sessions.history') },
              ]}
              onChange={({ detail }) => change({ history: detail.selectedId === 'history' || undefined, filter: Object.keys(filter).length > 0 ? filter : undefined })}
            />
            <Button iconName="search" onClick={() => setDialog('search')}>
              {t('sessions.search')}
            </Button>
            <Button disabled={Boolean(cannot)} disabledReason={cannot} onClick={() => setDialog('terminate')}>
              {t('sessions.terminate')}
            </Button>
          </SpaceBetween>
        }
      />
      {dialog === 'search' && <RecordingSearch onClose={() => setDialog(undefined)} />}
      {dialog === 'terminate' && (
        <Confirm
          title={t('sessions.terminateAsk', { count: selected.length })}
          action={t('sessions.terminate')}
          dismiss={t('sessions.keep')}
          disabledReason={blocked}
          failed={t('sessions.terminateFailed')}
          onClose={() => setDialog(undefined)}
          onConfirm={async () => {
            for (const session of selected) await call('TerminateSession', { SessionId: session.SessionId });
            const count = selected.length;
            setSelected([]);
            await client.invalidateQueries({ queryKey: ['sessions'] });
            flash({ type: 'success', text: 'sessions.terminated', values: { count } });
          }}
        >
          <p>{t('sessions.terminateText')}</p>
          <ul className="qd-plain">
            {selected.map((session) => (
              <li key={session.SessionId} className="qd-id">
                {session.SessionId} · {session.Target}
              </li>
            ))}
          </ul>
        </Confirm>
      )}
    </>
  );
}
