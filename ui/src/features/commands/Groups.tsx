/** What a step wrote, once for all nodes that wrote the same: the common case at a glance, and what differs beside it. */
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import Link from '@cloudscape-design/components/link';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { useQuery } from '@tanstack/react-query';
import { useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { usePolling } from '../../api/live';
import type { Command } from '../../api/operations';
import { getGroups, type OutputGroup, type OutputGroups, type Sample } from '../../api/results';
import { href, useFollow, useOpen } from '../../app/router';
import { Empty } from '../../components/Empty';
import { Failure } from '../../components/Failure';
import { Loading } from '../../components/Loading';
import { CommandStatus } from '../../components/Status';
import { isRunning } from '../../components/commandStatus';
import { useText } from '../../i18n';
import { spans } from '../../lib/ansi';
import { Compare } from './Compare';
import { GroupMembers } from './GroupMembers';
import { type CommandSearch, useChange } from './Invocations';
import { MOST_IDS } from './runForm';

const NAMES = 8;
const LINES = 60;

/** The groups of a command's step, read again as long as nodes may still write. */
export function useGroups(command: Command, step: string | undefined) {
  const id = command.CommandId ?? '';
  const polling = usePolling(10_000, 3_000);
  return useQuery({
    queryKey: ['command', id, 'groups', step ?? ''],
    queryFn: () => getGroups(id, { step }),
    refetchInterval: (state) => (isRunning(command.Status) || state.state.data?.complete === false ? polling : false),
    placeholderData: (before) => before,
  });
}

/** "198 the same, 2 differ". */
export function Tally({ groups }: { groups: OutputGroups['groups'] }) {
  const { t } = useText();
  const [largest, ...others] = groups;
  if (!largest) return null;
  const differ = others.reduce((sum, group) => sum + group.count, 0);
  if (differ === 0) return <StatusIndicator type="success">{t('results.allSame', { count: largest.count })}</StatusIndicator>;
  return <StatusIndicator type="info">{t('results.same', { same: largest.count, differ })}</StatusIndicator>;
}

export function Groups({ command }: { command: Command }) {
  const { t } = useText();
  const { of } = useSearch({ strict: false }) as CommandSearch;
  const change = useChange(command.CommandId ?? '');
  const query = useGroups(command, of);
  const [comparing, setComparing] = useState<[string, string]>();
  if (query.error && !query.data) return <Failure error={query.error} what={t('results.groupsFailed')} onRetry={() => void query.refetch()} />;
  if (!query.data) return <Loading />;
  const { steps, groups, complete, total = groups.length } = query.data;
  const step = of !== undefined && steps.includes(of) ? of : (steps[0] ?? '');
  const [largest] = groups;
  return (
    <SpaceBetween size="m">
      {query.error && <Failure error={query.error} what={t('results.groupsFailed')} onRetry={() => void query.refetch()} />}
      <div className="qd-output-bar">
        {steps.length > 1 && (
          <Select
            ariaLabel={t('commands.step')}
            selectedOption={{ value: step, label: step }}
            options={steps.map((value) => ({ value, label: value }))}
            onChange={({ detail }) => change({ of: detail.selectedOption.value })}
          />
        )}
        <div aria-live="polite">
          <Tally groups={groups} />
        </div>
        {total > groups.length && <Box color="text-body-secondary">{t('results.groupsCut', { shown: groups.length, total })}</Box>}
        {!complete && <StatusIndicator type="in-progress">{t('results.groupsGrow')}</StatusIndicator>}
      </div>
      {groups.length === 0 && <Empty title={t('results.noGroups')} hint={complete ? undefined : t('results.noGroupsHint')} />}
      {groups.map((group, index) => (
        <GroupCard
          key={group.id}
          command={command}
          step={step}
          group={group}
          onCompare={groups.length > 1 ? () => setComparing(index === 0 ? [group.id, groups[1]?.id ?? ''] : [largest?.id ?? '', group.id]) : undefined}
        />
      ))}
      {comparing && <Compare commandId={command.CommandId ?? ''} step={step} groups={groups} initial={comparing} onClose={() => setComparing(undefined)} />}
    </SpaceBetween>
  );
}

interface CardProps {
  command: Command;
  step: string;
  group: OutputGroup;
  onCompare?: () => void;
}

function GroupCard({ command, step, group, onCompare }: CardProps) {
  const { t } = useText();
  const open = useOpen();
  const follow = useFollow();
  const change = useChange(command.CommandId ?? '');
  const [all, setAll] = useState(false);
  const id = command.CommandId ?? '';
  const first = group.nodes[0];
  const rest = group.count - Math.min(NAMES, group.nodes.length);
  const code = group.exitCode !== undefined && group.exitCode !== null && group.exitCode >= 0 ? group.exitCode : undefined;
  return (
    <Container
      header={
        <Header
          variant="h3"
          actions={
            <SpaceBetween direction="horizontal" size="xs">
              {onCompare && <Button onClick={onCompare}>{t('results.compare')}</Button>}
              <Button disabled={!first} onClick={() => change({ view: 'nodes', node: first?.id, step, stream: 'stdout', line: 1 })}>
                {t('results.wholeOutput')}
              </Button>
              <Button
                disabled={group.count > MOST_IDS}
                disabledReason={group.count > MOST_IDS ? t('run.tooManyNodes', { limit: MOST_IDS }) : undefined}
                onClick={() => open(`/run?from=${id}&step=${encodeURIComponent(step)}&group=${encodeURIComponent(group.id)}`)}
              >
                {t('results.rerunCount', { count: group.count })}
              </Button>
            </SpaceBetween>
          }
        >
          {t('results.groupOf', { count: group.count })}
        </Header>
      }
    >
      <SpaceBetween size="s">
        <div className="qd-output-bar">
          <CommandStatus status={group.status} />
          {code !== undefined && (
            <StatusIndicator type={code === 0 ? 'success' : 'error'}>
              {t('commands.exitCode')} {code}
            </StatusIndicator>
          )}
        </div>
        <div className="qd-names">
          {group.nodes.slice(0, NAMES).map((node) => (
            <Link key={node.id} href={href(`/nodes/${node.id}`)} onFollow={follow}>
              {node.name || node.id}
            </Link>
          ))}
          {rest > 0 && (
            <Button variant="inline-link" onClick={() => setAll(true)}>
              {t('results.moreNodes', { count: rest })}
            </Button>
          )}
        </div>
        <SampleText sample={group.stdout} label={t('commands.stdout')} />
        {group.stderr.bytes > 0 && (
          <div>
            <Box variant="awsui-key-label">{t('commands.stderr')}</Box>
            <SampleText sample={group.stderr} label={t('commands.stderr')} />
          </div>
        )}
      </SpaceBetween>
      {all && <GroupMembers commandId={id} step={step} group={group} onClose={() => setAll(false)} />}
    </Container>
  );
}

/** The beginning of an output, in its colours. */
function SampleText({ sample, label }: { sample: Sample; label: string }) {
  const { t, bytes } = useText();
  if (sample.bytes === 0) return <Box color="text-body-secondary">{t('commands.nothing')}</Box>;
  const lines = sample.sample.split('\n');
  const shown = lines.slice(0, LINES);
  const cut = sample.truncated || lines.length > LINES;
  return (
    <>
      <div className="qd-block">
        {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a region that scrolls has to be reachable by keyboard */}
        <pre tabIndex={0} aria-label={label}>
          {shown.map((line, index) => (
            // oxlint-disable-next-line react/no-array-index-key -- lines have no other identity
            <span key={index}>
              {spans(line).map((span, part) => (
                // oxlint-disable-next-line react/no-array-index-key -- nor have spans
                <span key={part} className={`${span.colour === undefined ? '' : `qd-ansi-${span.colour}`}${span.bold ? ' qd-bold' : ''}` || undefined}>
                  {span.text}
                </span>
              ))}
              {index < shown.length - 1 ? '\n' : ''}
            </span>
          ))}
        </pre>
      </div>
      {cut && (
        <Box variant="small" color="text-body-secondary">
          {t('results.beginning', { size: bytes(sample.bytes) })}
        </Box>
      )}
    </>
  );
}
