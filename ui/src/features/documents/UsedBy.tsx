/** Commands that ran a document, newest first. */
import Link from '@cloudscape-design/components/link';
import Table from '@cloudscape-design/components/table';
import { call } from '../../api/call';
import { usePolling } from '../../api/live';
import type { Command } from '../../api/operations';
import { usePaged } from '../../api/paging';
import { href, useFollow } from '../../app/router';
import { Empty } from '../../components/Empty';
import { Failure } from '../../components/Failure';
import { Nothing } from '../../components/Nothing';
import { Pages } from '../../components/Pages';
import { CommandStatus } from '../../components/Status';
import { When } from '../../components/When';
import { useText } from '../../i18n';

const PAGE = 10;

export function UsedBy({ name }: { name: string }) {
  const { t, number } = useText();
  const follow = useFollow();
  const paged = usePaged<Command>(
    ['commands', 'of', name],
    async (token) => {
      const answer = await call('ListCommands', { Filters: [{ key: 'DocumentName', value: name }], MaxResults: PAGE, NextToken: token });
      return { items: answer.Commands ?? [], nextToken: answer.NextToken };
    },
    { refetchInterval: usePolling() },
  );
  return (
    <>
      {paged.error !== null && <Failure error={paged.error} what={t('commands.failed')} onRetry={paged.refetch} />}
      <Table
        variant="embedded"
        items={paged.items}
        trackBy="CommandId"
        loading={paged.loading}
        loadingText={t('common.loading')}
        ariaLabels={{ tableLabel: t('documents.used') }}
        pagination={<Pages paged={paged} />}
        empty={
          <Nothing paged={paged}>
            <Empty title={t('documents.neverUsed')} hint={t('documents.neverUsedHint')} />
          </Nothing>
        }
        columnDefinitions={[
          {
            id: 'command',
            header: t('commands.command'),
            isRowHeader: true,
            cell: (item) => (
              <Link href={href(`/commands/${item.CommandId}`)} onFollow={follow}>
                {item.Comment || item.CommandId}
              </Link>
            ),
          },
          { id: 'version', header: t('documents.version'), cell: (item) => item.DocumentVersion || '$DEFAULT' },
          { id: 'status', header: t('common.status'), cell: (item) => <CommandStatus status={item.Status} details={item.StatusDetails} /> },
          { id: 'done', header: t('commands.done'), cell: (item) => `${number(item.CompletedCount ?? 0)} / ${number(item.TargetCount ?? 0)}` },
          { id: 'requested', header: t('commands.requested'), cell: (item) => <When at={item.RequestedDateTime} /> },
        ]}
      />
    </>
  );
}
