/** "Try it with 20 simulated nodes": a fleet that is not there, to see the console at work before there is one. */
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useConnection } from '../../app/connection';
import { flash } from '../../app/flash';
import { useOpen } from '../../app/router';
import { useBlocked } from '../../app/useBlocked';
import { Failure } from '../../components/Failure';
import { host, type SimulationHost } from '../../host';
import { useText } from '../../i18n';
import { nodesPath } from './filter';

const NODES = 20;
/** The tag that every simulated node has. */
const TAG = 'tag:quarterdeck:simulated';

export function Simulated() {
  const { t } = useText();
  const connection = useConnection();
  const reason = !host.simulation ? t(host.kind === 'browser' ? 'simulated.appOnly' : 'simulated.notHere') : connection && !connection.embedded ? t('simulated.ownHubOnly') : undefined;
  return (
    <Container header={<Header variant="h2" description={t('simulated.text')}>{t('simulated.title', { count: NODES })}</Header>}>
      {host.simulation && !reason ? (
        <Fleet simulation={host.simulation} />
      ) : (
        <SpaceBetween size="xs">
          <Button disabled disabledReason={reason}>
            {t('simulated.start', { count: NODES })}
          </Button>
          <Box color="text-body-secondary">{reason}</Box>
        </SpaceBetween>
      )}
    </Container>
  );
}

function Fleet({ simulation }: { simulation: SimulationHost }) {
  const { t } = useText();
  const client = useQueryClient();
  const open = useOpen();
  const blocked = useBlocked();
  const [busy, setBusy] = useState<'start' | 'stop'>();
  const [error, setError] = useState<unknown>();
  const query = useQuery({ queryKey: ['simulation'], queryFn: () => simulation.status(), refetchInterval: 10_000, retry: false });
  const status = query.data;
  const act = async (what: 'start' | 'stop') => {
    setBusy(what);
    setError(undefined);
    try {
      if (what === 'start') await simulation.start(NODES);
      else await simulation.stop();
      flash({ type: 'success', text: what === 'start' ? 'simulated.started' : 'simulated.stopped', values: { count: NODES } });
    } catch (failure) {
      setError(failure);
    } finally {
      await client.invalidateQueries({ queryKey: ['simulation'] });
      for (const key of ['nodes', 'overview', 'activations']) void client.invalidateQueries({ queryKey: [key] });
      setBusy(undefined);
    }
  };
  const there = status !== undefined && (status.running || status.nodes > 0);
  return (
    <SpaceBetween size="s">
      {(error !== undefined || query.error) && <Failure error={error ?? query.error} what={t('simulated.failed')} onRetry={() => void query.refetch()} />}
      {status?.error && <Alert type="warning" header={t('simulated.ended')}>{status.error}</Alert>}
      {there && <StatusIndicator type={status.running ? 'success' : 'warning'}>{t('simulated.running', { count: status.nodes })}</StatusIndicator>}
      <SpaceBetween direction="horizontal" size="xs">
        <Button loading={busy === 'start'} disabled={Boolean(blocked) || busy !== undefined || there} disabledReason={blocked ?? (there ? t('simulated.already') : undefined)} onClick={() => void act('start')}>
          {t('simulated.start', { count: NODES })}
        </Button>
        <Button loading={busy === 'stop'} disabled={Boolean(blocked) || busy !== undefined || !there} disabledReason={blocked ?? (there ? undefined : t('simulated.none'))} onClick={() => void act('stop')}>
          {t('simulated.stop')}
        </Button>
        <Button variant="link" onClick={() => open(nodesPath([{ Key: TAG, Values: ['true'] }]))}>
          {t('simulated.show')}
        </Button>
      </SpaceBetween>
    </SpaceBetween>
  );
}
