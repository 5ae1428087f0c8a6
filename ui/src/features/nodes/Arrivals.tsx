/** Machines that registered with an activation, as they come. */
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Link from '@cloudscape-design/components/link';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { useQuery } from '@tanstack/react-query';
import { getNodes } from '../../api/extension';
import { usePolling } from '../../api/live';
import { href, useFollow, useOpen } from '../../app/router';
import { Failure } from '../../components/Failure';
import { NodeStatus } from '../../components/Status';
import { useText } from '../../i18n';
import { nodeName, platformOf } from './columns';
import { nodesPath } from './filter';

const SHOWN = 10;

export function Arrivals({ activation, limit }: { activation: string; limit: number }) {
  const { t } = useText();
  const follow = useFollow();
  const open = useOpen();
  const query = useQuery({
    queryKey: ['nodes', 'arrivals', activation],
    queryFn: () => getNodes({ filters: [{ key: 'activation', op: '=', values: [activation] }], sort: 'last-ping', order: 'desc', max: SHOWN }),
    refetchInterval: usePolling(10_000, 3_000),
  });
  const nodes = query.data?.nodes ?? [];
  const total = query.data?.total ?? 0;
  return (
    <SpaceBetween size="xs">
      <Box variant="h3">{t('activations.arrivals')}</Box>
      {query.error && <Failure error={query.error} what={t('nodes.failed')} onRetry={() => void query.refetch()} />}
      <div aria-live="polite">
        {total < limit && !query.error && <StatusIndicator type="in-progress">{total === 0 ? t('activations.waiting') : t('activations.waitingMore', { used: total, limit })}</StatusIndicator>}
        {total >= limit && <StatusIndicator type="success">{t('activations.allHere', { count: limit })}</StatusIndicator>}
      </div>
      {nodes.length > 0 && (
        <ul className="qd-preview" aria-label={t('activations.arrivals')}>
          {nodes.map((node) => (
            <li key={node.InstanceId}>
              <span className="qd-preview-name">
                <Link href={href(`/nodes/${node.InstanceId}`)} onFollow={follow}>
                  {nodeName(node)}
                </Link>
                <Box variant="small" color="text-body-secondary" margin={{ left: 's' }} display="inline">
                  {platformOf(node)}
                </Box>
              </span>
              <NodeStatus status={node.PingStatus} />
            </li>
          ))}
        </ul>
      )}
      {total > nodes.length && (
        <Button variant="inline-link" onClick={() => open(nodesPath([{ Key: 'ActivationIds', Values: [activation] }]))}>
          {t('activations.allArrivals', { count: total })}
        </Button>
      )}
    </SpaceBetween>
  );
}
