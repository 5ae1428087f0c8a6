/** The nodes of a command, and below them the output of the one selected. */
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import Link from '@cloudscape-design/components/link';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table from '@cloudscape-design/components/table';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useMemo } from 'react';
import { call } from '../../api/call';
import { usePolling } from '../../api/live';
import type { Command, CommandFilter, CommandInvocation } from '../../api/operations';
import { readUpTo, usePaged } from '../../api/paging';
import { href, useFollow } from '../../app/router';
import { Empty } from '../../components/Empty';
import { ExportButton } from '../../components/ExportButton';
import { Failure } from '../../components/Failure';
import { Nothing } from '../../components/Nothing';
import { Pages } from '../../components/Pages';
import { isRunning } from '../../components/commandStatus';
import { CommandStatus } from '../../components/Status';
import { When } from '../../components/When';
import { useText } from '../../i18n';
import { useDocumentSummary } from './documents';
import { OutputViewer } from './OutputViewer';

export interface CommandSearch {
  node?: string;
  status?: string;
}

/** Filter tokens of ListCommandInvocations (semantics 2.5.2). */
const STATUSES = ['Pending', 'InProgress', 'Delayed', 'Success', 'Cancelled', 'Failed', 'TimedOut', 'DeliveryTimedOut', 'ExecutionTimedOut', 'Undeliverable', 'InvalidPlatform', 'AccessDenied', 'Terminated'];
const EXPORT_LIMIT = 100_000;

function readPage(id: string, status: string | undefined, max: number) {
  return async (token: string | undefined) => {
    const filters = status ? [{ key: 'Status', value: status } as CommandFilter] : undefined;
    const answer = await call('ListCommandInvocations', { CommandId: id, Filters: filters, Details: true, MaxResults: max, NextToken: token });
    return { items: answer.CommandInvocations ?? [], nextToken: answer.NextToken };
  };
}

function exitCode(item: CommandInvocation): number | undefined {
  const codes = (item.CommandPlugins ?? []).map((plugin) => plugin.ResponseCode).filter((code): code is number => code !== undefined && code >= 0);
  return codes.find((code) => code !== 0) ?? codes[0];
}

function startOf(item: CommandInvocation): number | undefined {
  const starts = (item.CommandPlugins ?? []).map((plugin) => plugin.ResponseStartDateTime).filter((at): at is number => Boolean(at));
  return starts.length > 0 ? Math.min(...starts) : undefined;
}

function tookOf(item: CommandInvocation): number | undefined {
  const start = startOf(item);
  const ends = (item.CommandPlugins ?? []).map((plugin) => plugin.ResponseFinishDateTime).filter((at): at is number => Boolean(at));
  return start !== undefined && ends.length > 0 && !isRunning(item.Status) ? Math.max(0, Math.max(...ends) - start) : undefined;
}

export function Invocations({ command }: { command: Command }) {
  const { t, number, duration, maybe } = useText();
  const follow = useFollow();
  const navigate = useNavigate();
  const search = useSearch({ strict: false }) as CommandSearch;
  const id = command.CommandId ?? '';
  const running = isRunning(command.Status);
  const polling = usePolling(15_000, 2_000);
  const paged = usePaged(['invocations', id, search.status ?? ''], readPage(id, search.status, 20), { refetchInterval: running ? polling : undefined });
  const change = (next: CommandSearch) => void navigate({ to: '/commands/$id', params: { id }, search: { ...search, ...next } as never, replace: true });
  const only = paged.items.length === 1 && paged.pages === 1 ? paged.items[0]?.InstanceId : undefined;
  const node = search.node ?? only;
  const selected = paged.items.find((item) => item.InstanceId === node);
  const options = [{ value: '', label: t('commands.allStatuses') }, ...STATUSES.map((value) => ({ value, label: maybe(`status.command.${value}`, value) }))];
  return (
    <SpaceBetween size="l">
      {paged.error !== null && <Failure error={paged.error} what={t('commands.nodesFailed')} onRetry={paged.refetch} />}
      <Table
        items={paged.items}
        trackBy="InstanceId"
        loading={paged.loading}
        loadingText={t('common.loading')}
        selectionType="single"
        selectedItems={selected ? [selected] : []}
        onSelectionChange={({ detail }) => change({ node: detail.selectedItems[0]?.InstanceId })}
        ariaLabels={{ tableLabel: t('commands.nodes'), selectionGroupLabel: t('commands.output'), itemSelectionLabel: (_, item) => item.InstanceName || item.InstanceId || '' }}
        header={
          <Header
            variant="h2"
            counter={`(${number(command.TargetCount ?? 0)})`}
            actions={
              <SpaceBetween direction="horizontal" size="xs">
                <Button iconName="refresh" ariaLabel={t('common.refresh')} onClick={paged.refetch} />
                <ExportButton
                  name={`command-${id}`}
                  read={(onProgress) => readUpTo(readPage(id, search.status, 50), EXPORT_LIMIT, onProgress)}
                  done="commands.invocationsExported"
                  failed="commands.exportFailed"
                  columns={[
                    { header: t('commands.node'), cell: (item) => item.InstanceName },
                    { header: t('nodes.id'), cell: (item) => item.InstanceId },
                    { header: t('common.status'), cell: (item) => item.StatusDetails },
                    { header: t('commands.trace'), cell: (item) => item.TraceOutput },
                    { header: t('commands.exitCode'), cell: exitCode },
                    { header: t('commands.took'), cell: tookOf },
                    { header: t('commands.output'), cell: (item) => (item.CommandPlugins ?? []).map((plugin) => plugin.Output ?? '').join('\n') },
                  ]}
                />
              </SpaceBetween>
            }
          >
            {t('commands.nodes')}
          </Header>
        }
        filter={
          <div className="qd-narrow">
            <Select
              ariaLabel={t('commands.statusFilter')}
              selectedOption={options.find((item) => item.value === (search.status ?? '')) ?? null}
              options={options}
              onChange={({ detail }) => change({ status: detail.selectedOption.value || undefined })}
            />
          </div>
        }
        pagination={<Pages paged={paged} />}
        empty={
          <Nothing paged={paged}>
            {search.status ? <Empty title={t('commands.noNodesMatch')} /> : <Empty title={t('commands.noNodes')} hint={running ? t('commands.noNodesHint') : undefined} />}
          </Nothing>
        }
        columnDefinitions={[
          {
            id: 'node',
            header: t('commands.node'),
            isRowHeader: true,
            cell: (item) => (
              <Link href={href(`/nodes/${item.InstanceId}`)} onFollow={follow}>
                {item.InstanceName || item.InstanceId}
              </Link>
            ),
          },
          { id: 'id', header: t('nodes.id'), cell: (item) => <span className="qd-id">{item.InstanceId}</span> },
          { id: 'status', header: t('common.status'), cell: (item) => <InvocationStatus item={item} /> },
          { id: 'code', header: t('commands.exitCode'), cell: (item) => exitCode(item) ?? '–' },
          { id: 'started', header: t('commands.started'), cell: (item) => <When at={startOf(item)} /> },
          { id: 'took', header: t('commands.took'), cell: (item) => duration(tookOf(item)) },
        ]}
      />
      <NodeOutput command={command} node={node} invocation={selected} />
    </SpaceBetween>
  );
}

/** The status, and below it what the hub or the agent said about it. */
function InvocationStatus({ item }: { item: CommandInvocation }) {
  return (
    <>
      <CommandStatus status={item.Status} details={item.StatusDetails} />
      {item.TraceOutput && (
        <Box variant="small" display="block" color="text-body-secondary">
          <span className="qd-anywhere">{item.TraceOutput}</span>
        </Box>
      )}
    </>
  );
}

function NodeOutput({ command, node, invocation }: { command: Command; node?: string; invocation?: CommandInvocation }) {
  const { t } = useText();
  const version = command.DocumentVersion && command.DocumentVersion !== '$DEFAULT' ? command.DocumentVersion : undefined;
  const summary = useDocumentSummary(command.DocumentName ?? '', version);
  const plugins = invocation?.CommandPlugins;
  // Until the agent has reported a step, the document says which there will be.
  const steps = useMemo(() => {
    const reported = (plugins ?? []).map((plugin) => plugin.Name ?? '').filter(Boolean);
    return [...new Set([...reported, ...(summary.data?.steps ?? [])])];
  }, [plugins, summary.data]);
  const codes = Object.fromEntries((plugins ?? []).map((plugin) => [plugin.Name ?? '', plugin.ResponseCode]));
  return (
    <Container header={<Header variant="h2">{node ? t('commands.outputOf', { node: invocation?.InstanceName || node }) : t('commands.output')}</Header>}>
      {node ? (
        <SpaceBetween size="s">
          {invocation?.TraceOutput && (
            <Alert type={isRunning(invocation.Status) ? 'info' : 'warning'} header={t('commands.trace')}>
              <span className="qd-message">{invocation.TraceOutput}</span>
            </Alert>
          )}
          <OutputViewer key={node} commandId={command.CommandId ?? ''} instanceId={node} steps={steps} codes={codes} />
        </SpaceBetween>
      ) : (
        <Box color="text-body-secondary">{t('commands.pickNode')}</Box>
      )}
    </Container>
  );
}
