/** What ran on a node, newest first. */
import Button from '@cloudscape-design/components/button';
import Header from '@cloudscape-design/components/header';
import Link from '@cloudscape-design/components/link';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table from '@cloudscape-design/components/table';
import { call } from '../../api/call';
import type { NodeRow } from '../../api/extension';
import { usePolling } from '../../api/live';
import { usePaged } from '../../api/paging';
import { href, useFollow, useOpen } from '../../app/router';
import { Empty } from '../../components/Empty';
import { Failure } from '../../components/Failure';
import { Nothing } from '../../components/Nothing';
import { Pages } from '../../components/Pages';
import { CommandStatus } from '../../components/Status';
import { When } from '../../components/When';
import { useText } from '../../i18n';

export function CommandsTab({ node }: { node: NodeRow }) {
  const { t } = useText();
  const follow = useFollow();
  const open = useOpen();
  const id = node.InstanceId;
  const read = async (token: string | undefined) => {
    const answer = await call('ListCommandInvocations', { InstanceId: id, MaxResults: 20, NextToken: token });
    return { items: answer.CommandInvocations ?? [], nextToken: answer.NextToken };
  };
  const paged = usePaged(['node-commands', id], read, { refetchInterval: usePolling() });
  return (
    <SpaceBetween size="s">
      {paged.error !== null && <Failure error={paged.error} what={t('nodes.recentFailed')} onRetry={paged.refetch} />}
      <Table
        items={paged.items}
        trackBy="CommandId"
        loading={paged.loading}
        loadingText={t('common.loading')}
        ariaLabels={{ tableLabel: t('nodes.recent') }}
        header={<Header variant="h2">{t('nodes.recent')}</Header>}
        pagination={<Pages paged={paged} />}
        empty={
          <Nothing paged={paged}>
            <Empty title={t('nodes.recentNone')} action={<Button onClick={() => open(`/run?nodes=${encodeURIComponent(JSON.stringify([id]))}`)}>{t('nodes.runHere')}</Button>} />
          </Nothing>
        }
        columnDefinitions={[
          {
            id: 'command',
            header: t('commands.command'),
            isRowHeader: true,
            cell: (item) => (
              <Link href={href(`/commands/${item.CommandId}?node=${id}`)} onFollow={follow}>
                {item.Comment || item.DocumentName}
              </Link>
            ),
          },
          { id: 'document', header: t('commands.document'), cell: (item) => item.DocumentName },
          { id: 'status', header: t('common.status'), cell: (item) => <CommandStatus status={item.Status} details={item.StatusDetails} /> },
          { id: 'when', header: t('commands.requested'), cell: (item) => <When at={item.RequestedDateTime} /> },
        ]}
      />
    </SpaceBetween>
  );
}
