/** One command: how far it is, each node's result, and what it writes while it writes it. */
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import ButtonDropdown from '@cloudscape-design/components/button-dropdown';
import Container from '@cloudscape-design/components/container';
import CopyToClipboard from '@cloudscape-design/components/copy-to-clipboard';
import ExpandableSection from '@cloudscape-design/components/expandable-section';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import Link from '@cloudscape-design/components/link';
import ProgressBar from '@cloudscape-design/components/progress-bar';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import Tabs from '@cloudscape-design/components/tabs';
import { type QueryClient, useQuery, useQueryClient } from '@tanstack/react-query';
import { useParams, useSearch } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { call } from '../../api/call';
import { usePolling } from '../../api/live';
import type { Command, SendCommandInput } from '../../api/operations';
import { flash } from '../../app/flash';
import { Page } from '../../app/page';
import { href, useFollow, useOpen } from '../../app/router';
import { useBlocked } from '../../app/useBlocked';
import { CodeBlock } from '../../components/CodeBlock';
import { Confirm } from '../../components/Confirm';
import { Empty } from '../../components/Empty';
import { Failure } from '../../components/Failure';
import { Loading } from '../../components/Loading';
import { isRunning, progressType } from '../../components/commandStatus';
import { CommandStatus } from '../../components/Status';
import { When } from '../../components/When';
import { useText } from '../../i18n';
import { CopyCli } from './CopyCli';
import { Groups } from './Groups';
import { type CommandSearch, Invocations, useChange } from './Invocations';
import { SearchOutputs } from './SearchOutputs';
import { keptOf, targetingOf, targetWords } from './runForm';

async function readCommand(id: string): Promise<Command | null> {
  return (await call('ListCommands', { CommandId: id })).Commands?.[0] ?? null;
}

/** Cancels and looks how it stands then: it may have ended while the question was open. */
async function cancel(client: QueryClient, id: string): Promise<void> {
  await call('CancelCommand', { CommandId: id });
  // A read that began before would tell of the time before.
  await client.cancelQueries({ queryKey: ['command', id], exact: true });
  const now = await client.fetchQuery({ queryKey: ['command', id], queryFn: () => readCommand(id), staleTime: 0 });
  void client.invalidateQueries({ queryKey: ['invocations', id] });
  void client.invalidateQueries({ queryKey: ['commands'] });
  flash({ type: 'info', text: isRunning(now?.Status) || now?.Status === 'Cancelled' ? 'commands.cancelled' : 'commands.endedBefore' });
}

export function CommandPage() {
  const { t } = useText();
  const { id = '' } = useParams({ strict: false }) as { id?: string };
  const polling = usePolling(15_000, 2_000);
  const query = useQuery({
    queryKey: ['command', id],
    queryFn: () => readCommand(id),
    refetchInterval: (state) => (isRunning(state.state.data?.Status) ? polling : false),
  });
  const parents = [{ text: t('commands.title'), href: href('/commands') }];
  // Above what was read before, too: it may no longer be true.
  const failure = query.error && <Failure error={query.error} what={t('commands.failed')} onRetry={() => void query.refetch()} />;
  if (query.data) return <Known command={query.data} parents={parents} failure={failure} />;
  return (
    <Page title={id} parents={parents}>
      {failure}
      {query.isPending && <Loading />}
      {query.data === null && <Empty title={t('commands.notFound', { id })} hint={t('commands.notFoundHint')} />}
    </Page>
  );
}

/** The request that would send the command again. */
function requestOf(command: Command): SendCommandInput {
  return {
    DocumentName: command.DocumentName ?? '',
    ...(command.DocumentVersion && command.DocumentVersion !== '$DEFAULT' ? { DocumentVersion: command.DocumentVersion } : {}),
    ...targetingOf(command),
    ...keptOf(command),
    Parameters: command.Parameters,
    Comment: command.Comment,
    TimeoutSeconds: command.TimeoutSeconds,
    MaxConcurrency: command.MaxConcurrency,
    MaxErrors: command.MaxErrors,
  };
}

function Known({ command, parents, failure }: { command: Command; parents: { text: string; href: string }[]; failure: ReactNode }) {
  const { t } = useText();
  const open = useOpen();
  const client = useQueryClient();
  const [asking, setAsking] = useState(false);
  const id = command.CommandId ?? '';
  const blocked = useBlocked();
  const allGood = command.Status === 'Success' && (command.ErrorCount ?? 0) === 0;
  const fixed = !isRunning(command.Status) ? t('commands.finishedAlready') : command.Status === 'Cancelling' ? t('commands.cancelled') : blocked;
  return (
    <Page
      title={command.Comment || command.DocumentName || id}
      description={
        <CopyToClipboard variant="inline" textToCopy={id} copyButtonAriaLabel={t('commands.copyId')} copySuccessText={t('common.copied')} copyErrorText={t('common.copyFailed')} />
      }
      parents={parents}
      actions={
        <SpaceBetween direction="horizontal" size="xs">
          <CopyCli inputs={[requestOf(command)]} />
          <ButtonDropdown
            mainAction={{ text: t('commands.rerun'), onClick: () => open(`/run?from=${id}`) }}
            ariaLabel={t('results.rerunOn')}
            expandToViewport
            items={[
              {
                id: 'failed',
                text: t('results.rerunFailed'),
                disabled: allGood || isRunning(command.Status),
                disabledReason: allGood ? t('results.noneFailed') : t('results.stillRunning'),
              },
            ]}
            onItemClick={() => open(`/run?from=${id}&only=failed`)}
          />
          <Button disabled={Boolean(fixed)} disabledReason={fixed} onClick={() => setAsking(true)}>
            {t('commands.cancel')}
          </Button>
        </SpaceBetween>
      }
    >
      <SpaceBetween size="l">
        {failure}
        <Summary command={command} />
        <Results command={command} />
      </SpaceBetween>
      {asking && (
        <Confirm
          title={t('commands.cancelTitle')}
          action={t('commands.cancelNow')}
          dismiss={t('commands.keepRunning')}
          disabledReason={blocked}
          failed={t('commands.cancelFailed')}
          onClose={() => setAsking(false)}
          onConfirm={() => cancel(client, id)}
        >
          {t('commands.cancelText')}
        </Confirm>
      )}
    </Page>
  );
}

/** Seen node by node, by what they wrote, or by a text in it. */
function Results({ command }: { command: Command }) {
  const { t } = useText();
  const { view } = useSearch({ strict: false }) as CommandSearch;
  const change = useChange(command.CommandId ?? '');
  // Decided once: a view that changes when the command ends would take away what someone looks at.
  const [first] = useState<'nodes' | 'groups'>(() => ((command.TargetCount ?? 0) > 1 && !isRunning(command.Status) ? 'groups' : 'nodes'));
  const { node } = useSearch({ strict: false }) as CommandSearch;
  return (
    <Tabs
      ariaLabel={t('results.views')}
      activeTabId={view ?? (node === undefined ? first : 'nodes')}
      onChange={({ detail }) => change({ view: detail.activeTabId as CommandSearch['view'] })}
      tabs={[
        { id: 'nodes', label: t('results.byNode'), content: <Invocations command={command} /> },
        { id: 'groups', label: t('results.grouped'), content: <Groups command={command} /> },
        { id: 'search', label: t('results.searchTab'), content: <SearchOutputs command={command} /> },
      ]}
    />
  );
}

function targetsInWords(command: Command): string {
  const ids = (command.InstanceIds ?? []).join(', ');
  return [...(ids ? [ids] : []), ...(command.Targets ?? []).map(targetWords)].join('; ') || '–';
}

function Progress({ command }: { command: Command }) {
  const { t } = useText();
  const total = command.TargetCount ?? 0;
  const done = command.CompletedCount ?? 0;
  const running = isRunning(command.Status);
  const type = progressType(command);
  if (type !== 'in-progress' && type !== 'success' && type !== 'error') {
    return (
      <div>
        <Box variant="awsui-key-label">{t('commands.progress')}</Box>
        <StatusIndicator type={type}>{t('commands.progressOf', { done, total })}</StatusIndicator>
      </div>
    );
  }
  return (
    <ProgressBar
      variant="standalone"
      value={total > 0 ? (100 * done) / total : running ? 0 : 100}
      status={type}
      resultText={t('commands.progressOf', { done, total })}
      additionalInfo={running ? t('commands.progressOf', { done, total }) : undefined}
      label={t('commands.progress')}
    />
  );
}

function Summary({ command }: { command: Command }) {
  const { t, number, dateTime } = useText();
  const follow = useFollow();
  const parameters = Object.entries(command.Parameters ?? {});
  return (
    <Container>
      <SpaceBetween size="l">
        <Progress command={command} />
        <KeyValuePairs
          columns={4}
          items={[
            { label: t('common.status'), value: <CommandStatus status={command.Status} details={command.StatusDetails} /> },
            {
              label: t('commands.document'),
              value: (
                <Link href={href(`/documents/${encodeURIComponent(command.DocumentName ?? '')}`)} onFollow={follow}>
                  {command.DocumentName}
                </Link>
              ),
            },
            { label: t('commands.requested'), value: <When at={command.RequestedDateTime} /> },
            { label: t('commands.targets'), value: targetsInWords(command) },
          ]}
        />
        <ExpandableSection headerText={t('commands.details')}>
          <SpaceBetween size="m">
            <KeyValuePairs
              columns={4}
              items={[
                { label: t('commands.expires'), value: dateTime(command.ExpiresAfter) },
                { label: t('commands.errors'), value: number(command.ErrorCount ?? 0) },
                { label: t('commands.concurrency'), value: command.MaxConcurrency ?? '–' },
                { label: t('commands.maxErrors'), value: command.MaxErrors ?? '–' },
              ]}
            />
            {parameters.length === 0 ? (
              <div>
                <Box variant="awsui-key-label">{t('commands.parameters')}</Box>
                <Box color="text-body-secondary">{t('commands.noParameters')}</Box>
              </div>
            ) : (
              parameters.map(([name, values]) => (
                <div key={name}>
                  <Box variant="awsui-key-label">{name}</Box>
                  <CodeBlock text={values.join('\n')} />
                </div>
              ))
            )}
          </SpaceBetween>
        </ExpandableSection>
      </SpaceBetween>
    </Container>
  );
}
