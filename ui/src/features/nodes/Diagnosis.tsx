/** Why a node is offline: what to look at, in order, with what the hub saw of it and what to paste on the machine. */
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import ExpandableSection from '@cloudscape-design/components/expandable-section';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator, { type StatusIndicatorProps } from '@cloudscape-design/components/status-indicator';
import { useQuery } from '@tanstack/react-query';
import { type Check, getDiagnosis, type NodeRow } from '../../api/extension';
import { usePolling } from '../../api/live';
import { useConnection } from '../../app/connection';
import { useOpen } from '../../app/router';
import { useLacking } from '../../app/useLacking';
import { CodeBlock } from '../../components/CodeBlock';
import { Failure } from '../../components/Failure';
import { Loading } from '../../components/Loading';
import { useText } from '../../i18n';
import { evidenceOf, filled, needsActivation, PLATFORMS } from './diagnosis';

const ICON: Record<Check['state'], StatusIndicatorProps.Type> = { ok: 'success', warn: 'warning', fail: 'error', unknown: 'pending' };

export function Diagnosis({ node }: { node: NodeRow }) {
  const { t } = useText();
  const lacking = useLacking('diagnosis');
  if (lacking === undefined) return <Checks node={node} />;
  return (
    <Container header={<Header variant="h2">{t('nodes.diagnosis')}</Header>}>
      <Box color="text-body-secondary">{lacking}</Box>
    </Container>
  );
}

function Checks({ node }: { node: NodeRow }) {
  const { t } = useText();
  const query = useQuery({ queryKey: ['node', node.InstanceId, 'diagnosis'], queryFn: () => getDiagnosis(node.InstanceId), refetchInterval: usePolling(15_000), retry: false });
  const answer = query.data;
  const broken = answer?.checks.find((check) => check.state === 'fail' && check.id !== 'contact' && check.id !== 'channel') ?? answer?.checks.find((check) => check.state === 'fail');
  return (
    <Container
      header={
        <Header variant="h2" description={t('nodes.diagnosisHint')} actions={<Button iconName="refresh" ariaLabel={t('nodes.diagnoseAgain')} loading={query.isFetching} onClick={() => void query.refetch()} />}>
          {t(answer?.online === false ? 'nodes.whyOffline' : 'nodes.diagnosis')}
        </Header>
      }
    >
      <SpaceBetween size="m">
        {query.error && <Failure error={query.error} what={t('nodes.diagnosisFailed')} onRetry={() => void query.refetch()} />}
        {query.isPending && <Loading />}
        {answer?.online && <Alert type="success">{t('nodes.diagnosisOnline')}</Alert>}
        {answer && !answer.online && <Verdict check={broken} />}
        {answer && (
          <ol className="qd-checks">
            {answer.checks.map((check) => (
              <li key={check.id}>
                <One check={check} node={node} open={check.state === 'fail' || check === broken} />
              </li>
            ))}
          </ol>
        )}
      </SpaceBetween>
    </Container>
  );
}

/** The most telling of what failed, in a sentence. */
function Verdict({ check }: { check: Check | undefined }) {
  const { t, maybe } = useText();
  const text = check ? maybe(`nodes.check.${check.id}.fail`, '') : '';
  return <Alert type={check ? 'error' : 'info'}>{text || t('nodes.diagnosisUnknown')}</Alert>;
}

function One({ check, node, open }: { check: Check; node: NodeRow; open: boolean }) {
  const { t, maybe, dateTime } = useText();
  const connection = useConnection();
  const go = useOpen();
  const evidence = evidenceOf(check.evidence);
  const lines = PLATFORMS.flatMap((platform) => {
    const line = check.fix?.[platform];
    return line ? [{ platform, line: filled(line, platform, node, { endpoint: connection?.endpoint ?? '', region: connection?.region ?? '' }) }] : [];
  });
  const said = maybe(`nodes.check.${check.id}.${check.state}`, '');
  return (
    <ExpandableSection
      defaultExpanded={open}
      headerText={
        <span className="qd-check">
          <span>{maybe(`nodes.check.${check.id}.title`, check.id)}</span>
          <StatusIndicator type={ICON[check.state]}>{said || maybe(`nodes.checkState.${check.state}`, check.state)}</StatusIndicator>
        </span>
      }
    >
      <SpaceBetween size="s">
        {evidence.length > 0 && (
          <KeyValuePairs
            columns={2}
            items={evidence.map((one) => ({
              label: maybe(`nodes.evidence.${one.name}`, one.name),
              value: 'time' in one ? dateTime(one.time / 1000) : 'flag' in one ? t(one.flag ? 'common.yes' : 'common.no') : <span className="qd-message">{one.text}</span>,
            }))}
          />
        )}
        {lines.length > 0 && (
          <div>
            <Box variant="awsui-key-label">{t('nodes.fix')}</Box>
            {lines.map(({ platform, line }) => (
              <div key={platform}>
                {lines.length > 1 && (
                  <Box variant="small" color="text-body-secondary">
                    {maybe(`nodes.system.${platform}`, platform)}
                  </Box>
                )}
                <CodeBlock text={line} />
              </div>
            ))}
            {lines.some(({ line }) => needsActivation(line)) && (
              <SpaceBetween direction="horizontal" size="xs" alignItems="center">
                <Box color="text-body-secondary">{t('nodes.fixNeedsActivation')}</Box>
                <Button variant="inline-link" onClick={() => go('/activations')}>
                  {t('activations.make')}
                </Button>
              </SpaceBetween>
            )}
          </div>
        )}
        {evidence.length === 0 && lines.length === 0 && <Box color="text-body-secondary">{t('nodes.noEvidence')}</Box>}
      </SpaceBetween>
    </ExpandableSection>
  );
}
