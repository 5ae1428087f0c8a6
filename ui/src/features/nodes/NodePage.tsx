/** One node: what it is, its tags, what ran on it. */
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import CopyToClipboard from '@cloudscape-design/components/copy-to-clipboard';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import Link from '@cloudscape-design/components/link';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table from '@cloudscape-design/components/table';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { call } from '../../api/call';
import { getNodes, type NodeRow } from '../../api/extension';
import { usePolling } from '../../api/live';
import { usePaged } from '../../api/paging';
import { flash } from '../../app/flash';
import { Page } from '../../app/page';
import { href, useFollow, useOpen } from '../../app/router';
import { useBlocked } from '../../app/useBlocked';
import { Confirm } from '../../components/Confirm';
import { Empty } from '../../components/Empty';
import { Failure } from '../../components/Failure';
import { Loading } from '../../components/Loading';
import { Nothing } from '../../components/Nothing';
import { Pages } from '../../components/Pages';
import { CommandStatus, NodeStatus } from '../../components/Status';
import { Tags } from '../../components/Tags';
import { When } from '../../components/When';
import { useText } from '../../i18n';
import { nodeName, platformOf } from './columns';
import { EditTags } from './EditTags';

export function NodePage() {
  const { t } = useText();
  const { id = '' } = useParams({ strict: false }) as { id?: string };
  const query = useQuery({
    queryKey: ['node', id],
    queryFn: () => getNodes({ filter: [{ Key: 'InstanceIds', Values: [id] }], sort: 'name', order: 'asc', max: 5 }),
    refetchInterval: usePolling(),
  });
  const node = query.data?.nodes.find((item) => item.InstanceId === id);
  const parents = [{ text: t('nodes.title'), href: href('/nodes') }];
  // Above what was read before, too: it may no longer be true.
  const failure = query.error && <Failure error={query.error} what={t('nodes.failed')} onRetry={() => void query.refetch()} />;
  if (node) return <Known node={node} parents={parents} failure={failure} />;
  return (
    <Page title={id} parents={parents}>
      {failure}
      {query.isPending && <Loading />}
      {query.data && <Empty title={t('nodes.notFound', { id })} hint={t('nodes.notFoundHint')} />}
    </Page>
  );
}

function Known({ node, parents, failure }: { node: NodeRow; parents: { text: string; href: string }[]; failure: ReactNode }) {
  const { t } = useText();
  const open = useOpen();
  const client = useQueryClient();
  const [dialog, setDialog] = useState<'tags' | 'remove'>();
  const name = nodeName(node);
  const blocked = useBlocked();
  const fixed = node.InstanceId.startsWith('mi-') ? blocked : t('nodes.deregisterOnly');
  return (
    <Page
      title={name}
      parents={parents}
      actions={
        <SpaceBetween direction="horizontal" size="xs">
          <Button disabled={Boolean(fixed)} disabledReason={fixed} onClick={() => setDialog('remove')}>
            {t('nodes.deregister')}
          </Button>
          <Button variant="primary" onClick={() => open(`/run?nodes=${encodeURIComponent(JSON.stringify([node.InstanceId]))}`)}>
            {t('nodes.runHere')}
          </Button>
        </SpaceBetween>
      }
    >
      <SpaceBetween size="l">
        {failure}
        <Summary node={node} />
        <Container
          header={
            <Header
              variant="h2"
              actions={
                <Button disabled={Boolean(blocked)} disabledReason={blocked} onClick={() => setDialog('tags')}>
                  {t('nodes.editTags')}
                </Button>
              }
            >
              {t('nodes.tags')}
            </Header>
          }
        >
          {Object.keys(node.Tags).length === 0 ? <Empty title={t('nodes.noTags')} hint={t('nodes.noTagsHint')} /> : <Tags tags={node.Tags} all />}
        </Container>
        <RecentCommands id={node.InstanceId} />
      </SpaceBetween>
      {dialog === 'tags' && <EditTags node={node} onClose={() => setDialog(undefined)} />}
      {dialog === 'remove' && (
        <Confirm
          title={t('nodes.deregisterTitle', { name })}
          action={t('nodes.deregister')}
          dismiss={t('nodes.keep')}
          disabledReason={blocked}
          failed={t('nodes.deregisterFailed')}
          onClose={() => setDialog(undefined)}
          onConfirm={async () => {
            await call('DeregisterManagedInstance', { InstanceId: node.InstanceId });
            await client.invalidateQueries({ queryKey: ['nodes'] });
            flash({ type: 'success', text: 'nodes.deregistered', values: { name } });
            open('/nodes');
          }}
        >
          {t('nodes.deregisterText')}
        </Confirm>
      )}
    </Page>
  );
}

function Summary({ node }: { node: NodeRow }) {
  const { t } = useText();
  return (
    <Container header={<Header variant="h2">{t('nodes.summary')}</Header>}>
      <KeyValuePairs
        columns={3}
        items={[
          { label: t('nodes.status'), value: <NodeStatus status={node.PingStatus} /> },
          {
            label: t('nodes.id'),
            value: (
              <CopyToClipboard variant="inline" textToCopy={node.InstanceId} copyButtonAriaLabel={t('common.copy')} copySuccessText={t('common.copied')} copyErrorText={t('common.copyFailed')} />
            ),
          },
          { label: t('nodes.lastPing'), value: <When at={node.LastPingDateTime} /> },
          { label: t('nodes.platform'), value: platformOf(node) || '–' },
          { label: t('nodes.computer'), value: node.ComputerName || '–' },
          { label: t('nodes.address'), value: node.IPAddress || '–' },
          { label: t('nodes.agent'), value: [node.AgentName, node.AgentVersion].filter(Boolean).join(' ') || '–' },
          { label: t('nodes.registered'), value: <When at={node.RegistrationDate} /> },
          { label: t('nodes.role'), value: node.IamRole || '–' },
          { label: t('nodes.type'), value: node.ResourceType || '–' },
          { label: t('nodes.activation'), value: node.ActivationId || '–' },
        ]}
      />
    </Container>
  );
}

function RecentCommands({ id }: { id: string }) {
  const { t } = useText();
  const follow = useFollow();
  const open = useOpen();
  const read = async (token: string | undefined) => {
    const answer = await call('ListCommandInvocations', { InstanceId: id, MaxResults: 10, NextToken: token });
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
