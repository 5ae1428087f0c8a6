/** Which nodes the command would touch if it were sent now. */
import Box from '@cloudscape-design/components/box';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { useQuery } from '@tanstack/react-query';
import { getPreview, type PreviewAnswer } from '../../api/extension';
import { usePolling } from '../../api/live';
import { Failure } from '../../components/Failure';
import { NodeStatus } from '../../components/Status';
import { useDebounced } from '../../components/useDebounced';
import { useText } from '../../i18n';
import type { Targeting } from './runForm';

const SHOWN = 8;

export function TargetPreview({ targets, document }: { targets: Targeting | undefined; document: string }) {
  const { t } = useText();
  const asked = useDebounced(JSON.stringify({ targets, document }));
  const { targets: wanted, document: name } = JSON.parse(asked) as { targets?: Targeting; document: string };
  const query = useQuery({
    queryKey: ['preview', asked],
    queryFn: () => getPreview({ instanceIds: wanted?.InstanceIds, targets: wanted?.Targets?.map(({ Key = '', Values = [] }) => ({ Key, Values })), documentName: name || undefined }),
    enabled: wanted !== undefined,
    refetchInterval: usePolling(),
    placeholderData: (previous) => previous,
  });
  return (
    <Container
      header={
        <Header variant="h2" counter={wanted && query.data ? `(${query.data.total})` : undefined}>
          {t('run.preview')}
        </Header>
      }
    >
      <div aria-live="polite" aria-busy={query.isFetching}>
        {wanted === undefined && <Box color="text-body-secondary">{t('run.previewNone')}</Box>}
        {wanted !== undefined && query.error && <Failure error={query.error} what={t('run.previewFailed')} onRetry={() => void query.refetch()} />}
        {wanted !== undefined && query.data && !query.error && <Answer answer={query.data} />}
      </div>
    </Container>
  );
}

function Answer({ answer }: { answer: PreviewAnswer }) {
  const { t } = useText();
  if (answer.total === 0) return <StatusIndicator type="warning">{t('run.previewNoMatch')}</StatusIndicator>;
  // What will not run, or not now, is what a person wants to see.
  const weight = (node: PreviewAnswer['sample'][number]) => (node.supported === false ? 0 : node.status === 'Online' ? 2 : 1);
  const sorted = answer.sample.toSorted((a, b) => weight(a) - weight(b));
  const rest = answer.total - Math.min(SHOWN, answer.sample.length);
  return (
    <SpaceBetween size="s">
      <Box variant="strong">{t('run.previewOf', { count: answer.total })}</Box>
      <SpaceBetween size="xxs">
        {answer.online > 0 && <StatusIndicator type="success">{t('run.previewOnline', { count: answer.online })}</StatusIndicator>}
        {answer.offline > 0 && <StatusIndicator type="warning">{t('run.previewOffline', { count: answer.offline })}</StatusIndicator>}
        {answer.unsupported > 0 && <StatusIndicator type="error">{t('run.previewUnsupported', { count: answer.unsupported })}</StatusIndicator>}
      </SpaceBetween>
      <ul className="qd-preview">
        {sorted.slice(0, SHOWN).map((node) => (
          <li key={node.instanceId}>
            <span className="qd-preview-name">{node.name || node.instanceId}</span>
            {node.supported === false ? <StatusIndicator type="error">{t('run.previewNot', { platform: node.platformType ?? '–' })}</StatusIndicator> : <NodeStatus status={node.status} />}
          </li>
        ))}
      </ul>
      {rest > 0 && <Box color="text-body-secondary">{t('run.previewMore', { count: rest })}</Box>}
    </SpaceBetween>
  );
}
