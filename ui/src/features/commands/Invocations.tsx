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
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { call } from '../../api/call';
import { usePolling } from '../../api/live';
import type { Command, CommandFilter, CommandInvocation } from '../../api/operations';
import { readUpTo, usePaged } from '../../api/paging';
import { href, useFollow, useOpen } from '../../app/router';
import { useBlocked } from '../../app/useBlocked';
import { Empty } from '../../components/Empty';
import { ExportButton } from '../../components/ExportButton';
import { Failure } from '../../components/Failure';
import { Nothing } from '../../components/Nothing';
import { Pages } from '../../components/Pages';
import { isRunning } from '../../components/commandStatus';
import { SaveButton } from '../../components/SaveButton';
import { CommandStatus } from '../../components/Status';
import { useSaving } from '../../components/useSaving';
import { When } from '../../components/When';
import { useText } from '../../i18n';
import { useDocumentSummary } from './documents';
import { OutputViewer } from './OutputViewer';
import { MOST_IDS } from './runForm';
import { copyAllOutputs } from './wholeOutput';

export interface CommandSearch {
  /** Which of the views of the results. */
  view?: 'nodes' | 'groups' | 'search';
  node?: string;
  status?: string;
  /** A line of the node's output that is to be shown. */
  step?: string;
  stream?: 'stdout' | 'stderr';
  line?: number;
  /** The step whose outputs are grouped. */
  of?: string;
  /** What is looked for in all outputs. */
  q?: string;
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

/** Changes a part of what the address of a command says. */
export function useChange(id: string): (next: CommandSearch) => void {
  const navigate = useNavigate();
  const search = useSearch({ strict: false }) as CommandSearch;
  return (next) => void navigate({ to: '/commands/$id', params: { id }, search: { ...search, ...next } as never, replace: true });
}

export function Invocations({ command }: { command: Command }) {
  const { t, number, duration, maybe } = useText();
  const follow = useFollow();
  const open = useOpen();
  const search = useSearch({ strict: false }) as CommandSearch;
  const id = command.CommandId ?? '';
  const running = isRunning(command.Status);
  const polling = usePolling(15_000, 2_000);
  const paged = usePaged(['invocations', id, search.status ?? ''], readPage(id, search.status, 20), { refetchInterval: running ? polling : undefined });
  const change = useChange(id);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const blocked = useBlocked();
  const show = (item: CommandInvocation) => change({ node: item.InstanceId, step: undefined, stream: undefined, line: undefined });
  const only = paged.items.length === 1 && paged.pages === 1 ? paged.items[0]?.InstanceId : undefined;
  const node = search.node ?? only;
  const here = paged.items.find((item) => item.InstanceId === node);
  const elsewhere = useQuery({
    queryKey: ['invocations', id, 'one', node],
    queryFn: async () => (await call('ListCommandInvocations', { CommandId: id, InstanceId: node, Details: true })).CommandInvocations?.[0] ?? null,
    enabled: node !== undefined && !paged.loading && here === undefined,
  });
  const selected = here ?? elsewhere.data ?? undefined;
  const options = [{ value: '', label: t('commands.allStatuses') }, ...STATUSES.map((value) => ({ value, label: maybe(`status.command.${value}`, value) }))];
  return (
    <SpaceBetween size="l">
      {paged.error !== null && <Failure error={paged.error} what={t('commands.nodesFailed')} onRetry={paged.refetch} />}
      <Table
        items={paged.items}
        trackBy="InstanceId"
        loading={paged.loading}
        loadingText={t('common.loading')}
        selectionType="multi"
        selectedItems={paged.items.filter((item) => chosen.has(item.InstanceId ?? ''))}
        onSelectionChange={({ detail }) => setChosen(kept(chosen, paged.items, detail.selectedItems))}
        ariaLabels={{
          tableLabel: t('commands.nodes'),
          selectionGroupLabel: t('results.chooseNodes'),
          allItemsSelectionLabel: () => t('common.all'),
          itemSelectionLabel: (_, item) => item.InstanceName || item.InstanceId || '',
        }}
        header={
          <Header
            variant="h2"
            counter={`(${number(command.TargetCount ?? 0)})`}
            actions={
              <SpaceBetween direction="horizontal" size="xs">
                <Button iconName="refresh" ariaLabel={t('common.refresh')} onClick={paged.refetch} />
                <Button
                  disabled={chosen.size === 0 || chosen.size > MOST_IDS || Boolean(blocked)}
                  disabledReason={chosen.size === 0 ? t('results.chooseFirst') : chosen.size > MOST_IDS ? t('run.tooManyNodes', { limit: MOST_IDS }) : blocked}
                  onClick={() => open(`/run?from=${id}&nodes=${encodeURIComponent(JSON.stringify([...chosen]))}`)}
                >
                  {chosen.size === 0 ? t('results.rerunChosen') : t('results.rerunCount', { count: chosen.size })}
                </Button>
                <SaveAll command={command} />
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
          {
            id: 'output',
            header: t('commands.output'),
            cell: (item) => (
              <Button
                variant="inline-link"
                ariaLabel={`${item.InstanceId === node ? t('results.shownBelow') : t('results.showOutput')}: ${item.InstanceName || item.InstanceId}`}
                ariaExpanded={item.InstanceId === node}
                onClick={() => show(item)}
              >
                {item.InstanceId === node ? t('results.shownBelow') : t('results.showOutput')}
              </Button>
            ),
          },
        ]}
      />
      <NodeOutput command={command} node={node} invocation={selected} />
    </SpaceBetween>
  );
}

/** What is chosen on other pages stays chosen. */
function kept(chosen: ReadonlySet<string>, here: CommandInvocation[], now: CommandInvocation[]): ReadonlySet<string> {
  const ids = (items: CommandInvocation[]) => items.map((item) => item.InstanceId ?? '');
  const shown = new Set(ids(here));
  return new Set([...[...chosen].filter((one) => !shown.has(one)), ...ids(now)]);
}

/** Everything that every node wrote, as one text. */
function SaveAll({ command }: { command: Command }) {
  const text = useText();
  const saving = useSaving({ done: 'results.allSaved', failed: 'commands.downloadFailed', stopped: 'results.savingStopped' });
  const save = () => saving.start(`command-${command.CommandId}-outputs.txt`, 'text/plain;charset=utf-8', (to) => copyAllOutputs(command, text, to));
  return <SaveButton label={text.t('results.saveAll')} saving={saving} onClick={() => void save()} />;
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
  const { step, stream, line } = useSearch({ strict: false }) as CommandSearch;
  const place = step !== undefined && stream !== undefined && line !== undefined ? { step, stream, line } : undefined;
  const plugins = invocation?.CommandPlugins;
  // Until the agent has reported a step, the document says which there will be.
  const steps = useMemo(() => {
    const reported = (plugins ?? []).map((plugin) => plugin.Name ?? '').filter(Boolean);
    return [...new Set([...reported, ...(summary.data?.steps ?? []), ...(step === undefined ? [] : [step])])];
  }, [plugins, summary.data, step]);
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
          <OutputViewer key={`${node} ${JSON.stringify(place)}`} commandId={command.CommandId ?? ''} instanceId={node} steps={steps} codes={codes} place={place} />
        </SpaceBetween>
      ) : (
        <Box color="text-body-secondary">{t('commands.pickNode')}</Box>
      )}
    </Container>
  );
}
