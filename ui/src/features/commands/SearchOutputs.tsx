/** Every line that holds a text, in all outputs of a command; each leads to its place. */
import Button from '@cloudscape-design/components/button';
import Input from '@cloudscape-design/components/input';
import Link from '@cloudscape-design/components/link';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import Table from '@cloudscape-design/components/table';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useSearch } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import type { Command } from '../../api/operations';
import { type Match, searchOutputs } from '../../api/results';
import { isComposing } from '../../app/keys';
import { Empty } from '../../components/Empty';
import { Failure } from '../../components/Failure';
import { useText } from '../../i18n';
import { marks } from '../../lib/marks';
import { type CommandSearch, useChange } from './Invocations';

const PAGE = 50;

export function SearchOutputs({ command }: { command: Command }) {
  const { t, number } = useText();
  const id = command.CommandId ?? '';
  const { q = '' } = useSearch({ strict: false }) as CommandSearch;
  const change = useChange(id);
  const [typed, setTyped] = useState(q);
  const query = useInfiniteQuery({
    queryKey: ['command', id, 'search', q],
    queryFn: ({ pageParam }) => searchOutputs(id, q, pageParam, PAGE),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next || undefined,
    enabled: q !== '',
    staleTime: 10_000,
  });
  const items = (query.data?.pages ?? []).flatMap((page) => page.matches);
  // One request looks through so many bytes; where it found nothing, the next looks on.
  const { hasNextPage, isFetching, fetchNextPage } = query;
  const fruitless = query.data?.pages.at(-1)?.matches.length === 0 && !query.error;
  useEffect(() => {
    if (hasNextPage && fruitless && !isFetching) void fetchNextPage();
  }, [hasNextPage, fruitless, isFetching, fetchNextPage]);
  const look = () => {
    if (typed === q) void query.refetch();
    else change({ q: typed || undefined });
  };
  return (
    <SpaceBetween size="m">
      <div className="qd-output-bar" role="search">
        <div className="qd-search">
          <Input
            type="search"
            value={typed}
            ariaLabel={t('results.searchFor')}
            placeholder={t('results.searchFor')}
            clearAriaLabel={t('results.clearSearch')}
            spellcheck={false}
            onChange={({ detail }) => setTyped(detail.value)}
            onKeyDown={(event) => {
              if (event.detail.key === 'Enter' && !event.detail.isComposing && !isComposing(event.detail as unknown as KeyboardEvent)) look();
            }}
          />
        </div>
        <Button disabled={typed === ''} disabledReason={t('results.searchEmpty')} loading={query.isFetching} onClick={look}>
          {t('results.search')}
        </Button>
      </div>
      {query.error && <Failure error={query.error} what={t('results.searchFailed')} onRetry={() => void query.refetch()} />}
      {query.isFetchingNextPage && <StatusIndicator type="in-progress">{t('results.searchGoes')}</StatusIndicator>}
      {q !== '' && (
        <Table
          variant="embedded"
          wrapLines
          items={items}
          trackBy={(match) => `${match.instanceId} ${match.step} ${match.stream} ${match.line}`}
          loading={query.isPending || (items.length === 0 && query.hasNextPage)}
          loadingText={t('common.loading')}
          ariaLabels={{ tableLabel: t('results.matches') }}
          empty={query.error ? undefined : <Empty title={t('results.noMatch', { q })} hint={t('results.noMatchHint')} />}
          columnDefinitions={[
            {
              id: 'text',
              header: t('results.line'),
              isRowHeader: true,
              cell: (match) => (
                <Link
                  href={`#/commands/${id}`}
                  ariaLabel={t('results.toLine', { line: match.line, node: match.name || match.instanceId })}
                  onFollow={(event) => {
                    event.preventDefault();
                    change({ view: 'nodes', node: match.instanceId, step: match.step, stream: match.stream, line: match.line });
                  }}
                >
                  {number(match.line)}
                </Link>
              ),
              width: 90,
            },
            { id: 'node', header: t('commands.node'), cell: (match) => match.name || match.instanceId, width: 180 },
            { id: 'match', header: t('results.found'), cell: (match) => <Marked match={match} q={q} /> },
            { id: 'stream', header: t('commands.output'), cell: (match) => `${match.step} · ${t(`commands.${match.stream}`)}`, width: 230 },
          ]}
          footer={
            query.hasNextPage ? (
              <Button loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
                {t('results.more')}
              </Button>
            ) : undefined
          }
        />
      )}
      {q === '' && <Empty title={t('results.searchNone')} hint={t('results.searchHint')} />}
    </SpaceBetween>
  );
}

function Marked({ match, q }: { match: Match; q: string }) {
  return (
    <span className="qd-match">
      {marks(match.text, q).map((part, index) =>
        // oxlint-disable-next-line react/no-array-index-key -- parts of a line have no other identity
        part.hit ? <mark key={index}>{part.text}</mark> : <span key={index}>{part.text}</span>,
      )}
    </span>
  );
}
