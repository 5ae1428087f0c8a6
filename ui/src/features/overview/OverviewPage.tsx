/** The first page: the fleet at a glance, what ran lately, what needs a person. */
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import ColumnLayout from '@cloudscape-design/components/column-layout';
import Container from '@cloudscape-design/components/container';
import Grid from '@cloudscape-design/components/grid';
import Header from '@cloudscape-design/components/header';
import Link from '@cloudscape-design/components/link';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import Table from '@cloudscape-design/components/table';
import { useQuery } from '@tanstack/react-query';
import { usePolling } from '../../api/live';
import { type Attention, getOverview, type OverviewAnswer } from '../../api/extension';
import type { Command } from '../../api/operations';
import { Page } from '../../app/page';
import { href, useFollow, useOpen } from '../../app/router';
import { Empty } from '../../components/Empty';
import { Failure } from '../../components/Failure';
import { Loading } from '../../components/Loading';
import { CommandStatus } from '../../components/Status';
import { When } from '../../components/When';
import { useText } from '../../i18n';
import { Guide } from '../guide/Guide';
import { nodesPath } from '../nodes/filter';
import { type Group, grouped, nameOf, subjectPath } from './attention';

export function OverviewPage() {
  const { t } = useText();
  const open = useOpen();
  const query = useQuery({ queryKey: ['overview'], queryFn: getOverview, refetchInterval: usePolling() });
  return (
    <Page
      title={t('overview.title')}
      description={t('overview.description')}
      actions={
        <SpaceBetween direction="horizontal" size="xs">
          <Button iconName="add-plus" onClick={() => open('/activations')}>
            {t('nav.addNode')}
          </Button>
          <Button variant="primary" onClick={() => open('/run')}>
            {t('nav.run')}
          </Button>
        </SpaceBetween>
      }
    >
      <SpaceBetween size="l">
        {query.error && <Failure error={query.error} what={t('overview.failed')} onRetry={() => void query.refetch()} />}
        {query.isPending && <Loading />}
        {query.data && <Guide data={query.data} />}
        {query.data && <Content data={query.data} />}
      </SpaceBetween>
    </Page>
  );
}

function Content({ data }: { data: OverviewAnswer }) {
  return (
    <Grid gridDefinition={[{ colspan: { default: 12, s: 7 } }, { colspan: { default: 12, s: 5 } }, { colspan: { default: 12, s: 7 } }, { colspan: { default: 12, s: 5 } }]}>
      <Fleet data={data} />
      <AttentionList items={data.attention} />
      <Recent commands={data.commands.recent as Command[]} />
      <Platforms data={data} />
    </Grid>
  );
}

function Fleet({ data }: { data: OverviewAnswer }) {
  const { t, number } = useText();
  const follow = useFollow();
  const open = useOpen();
  const { total, byStatus } = data.nodes;
  const figure = (status: string, text: string, tone: 'good' | 'bad') => (
    <div>
      <Box variant="awsui-key-label">{text}</Box>
      <Link variant="awsui-value-large" href={href(nodesPath([{ Key: 'PingStatus', Values: [status] }]))} onFollow={follow}>
        <span className={`qd-figure qd-figure-${(byStatus[status] ?? 0) > 0 ? tone : 'none'}`}>{number(byStatus[status] ?? 0)}</span>
      </Link>
    </div>
  );
  return (
    <Container
      fitHeight
      header={
        <Header variant="h2" actions={<Button onClick={() => open('/nodes')}>{t('overview.allNodes')}</Button>}>
          {t('overview.nodes')}
        </Header>
      }
    >
      {total === 0 ? (
        <Empty title={t('overview.noNodes')} hint={t('overview.noNodesHint')} action={<Button onClick={() => open('/activations')}>{t('nav.addNode')}</Button>} />
      ) : (
        <SpaceBetween size="l">
          <ColumnLayout columns={3} variant="text-grid" minColumnWidth={110}>
            <div>
              <Box variant="awsui-key-label">{t('overview.nodes')}</Box>
              <Link variant="awsui-value-large" href={href('/nodes')} onFollow={follow}>
                <span className="qd-figure">{number(total)}</span>
              </Link>
            </div>
            {figure('Online', t('overview.online'), 'good')}
            {figure('ConnectionLost', t('overview.lost'), 'bad')}
          </ColumnLayout>
          <Share parts={[{ count: byStatus.Online ?? 0, tone: 'good' }, { count: byStatus.ConnectionLost ?? 0, tone: 'bad' }]} total={total} />
        </SpaceBetween>
      )}
    </Container>
  );
}

function Share({ parts, total }: { parts: { count: number; tone: string }[]; total: number }) {
  return (
    <div className="qd-share" aria-hidden="true">
      {parts.map((part) => (
        <span key={part.tone} className={`qd-share-${part.tone}`} style={{ width: `${(100 * part.count) / Math.max(1, total)}%` }} />
      ))}
    </div>
  );
}

const SEVERITY: Record<string, 'error' | 'warning' | 'info'> = { critical: 'error', high: 'error', error: 'error', medium: 'warning', warning: 'warning' };

const NAMED = 3;

function AttentionList({ items }: { items: Attention[] }) {
  const { t, maybe, number } = useText();
  const follow = useFollow();
  const groups = grouped(items);
  const link = (path: string | undefined, text: string) =>
    path ? (
      <Link href={href(path)} onFollow={follow} fontSize="body-s">
        {text}
      </Link>
    ) : (
      text
    );
  const count = (group: Group) => (group.open ? t('overview.atLeast', { count: group.count }) : number(group.count));
  return (
    <Container fitHeight header={<Header variant="h2">{t('overview.attention')}</Header>}>
      {groups.length === 0 ? (
        <Empty title={t('overview.attentionNone')} hint={t('overview.attentionNoneHint')} />
      ) : (
        <ul className="qd-attention">
          {groups.map((group) => (
            <li key={group.kind}>
              <StatusIndicator type={SEVERITY[group.severity.toLowerCase()] ?? 'info'}>
                {maybe(`overview.kind.${group.kind}`, group.kind)} ({count(group)})
              </StatusIndicator>
              <Box variant="small" display="block" color="text-body-secondary" padding={{ left: 'l' }}>
                {group.named.slice(0, NAMED).map((item) => (
                  <div key={item.subject}>
                    {link(subjectPath(item), nameOf(item))}
                    {(item.count ?? 1) > 1 && ` · ${t('overview.countNodes', { count: item.count ?? 0 })}`}
                    {item.since ? (
                      <>
                        {' · '}
                        <When at={item.since} />
                      </>
                    ) : null}
                  </div>
                ))}
                {group.path && group.named.length > NAMED && link(group.path, t('overview.showAll'))}
              </Box>
            </li>
          ))}
        </ul>
      )}
    </Container>
  );
}

function Recent({ commands }: { commands: Command[] }) {
  const { t, number } = useText();
  const follow = useFollow();
  const open = useOpen();
  return (
    <Table
      variant="container"
      header={
        <Header variant="h2" actions={<Button onClick={() => open('/commands')}>{t('overview.seeAll')}</Button>}>
          {t('overview.recent')}
        </Header>
      }
      items={commands.slice(0, 8)}
      trackBy="CommandId"
      empty={<Empty title={t('overview.recentNone')} hint={t('overview.recentNoneHint')} action={<Button onClick={() => open('/run')}>{t('nav.run')}</Button>} />}
      columnDefinitions={[
        {
          id: 'command',
          header: t('commands.command'),
          isRowHeader: true,
          cell: (item) => (
            <Link href={href(`/commands/${item.CommandId}`)} onFollow={follow}>
              {item.Comment || item.DocumentName}
            </Link>
          ),
        },
        { id: 'status', header: t('common.status'), cell: (item) => <CommandStatus status={item.Status} details={item.StatusDetails} /> },
        { id: 'targets', header: t('commands.done'), cell: (item) => `${number(item.CompletedCount ?? 0)} / ${number(item.TargetCount ?? 0)}` },
        { id: 'when', header: t('commands.requested'), cell: (item) => <When at={item.RequestedDateTime} /> },
      ]}
    />
  );
}

function Platforms({ data }: { data: OverviewAnswer }) {
  const { t, number } = useText();
  const { total, byPlatform, byAgent } = data.nodes;
  const rows = (items: { id: string; text: string; count: number }[]) => (
    <ul className="qd-bars">
      {items.slice(0, 6).map((item) => (
        <li key={item.id}>
          <span className="qd-bars-text">{item.text}</span>
          <span className="qd-bars-count">{number(item.count)}</span>
          <span className="qd-bars-track" aria-hidden="true">
            <span style={{ width: `${(100 * item.count) / Math.max(1, total)}%` }} />
          </span>
        </li>
      ))}
    </ul>
  );
  const words = (...parts: (string | null | undefined)[]) => parts.filter(Boolean).join(' ') || t('overview.unknown');
  return (
    <Container fitHeight header={<Header variant="h2">{t('overview.byPlatform')}</Header>}>
      {total === 0 ? (
        <Empty title={t('overview.noNodes')} />
      ) : (
        <SpaceBetween size="m">
          {rows(byPlatform.map((item) => ({ id: words(item.platformName, item.platformVersion, item.platformType), text: words(item.platformName ?? item.platformType, item.platformVersion), count: item.count })))}
          <Box variant="h3">{t('overview.byAgent')}</Box>
          {rows(byAgent.map((item) => ({ id: words(item.agentName, item.agentVersion), text: words(item.agentName, item.agentVersion), count: item.count })))}
        </SpaceBetween>
      )}
    </Container>
  );
}
