/** What a node is, and whether something is wrong with it. */
import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import CopyToClipboard from '@cloudscape-design/components/copy-to-clipboard';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import SpaceBetween from '@cloudscape-design/components/space-between';
import type { NodeRow } from '../../api/extension';
import { useOpen } from '../../app/router';
import { NodeStatus } from '../../components/Status';
import { Tags } from '../../components/Tags';
import { When } from '../../components/When';
import { useText } from '../../i18n';
import { platformOf } from './columns';

export function OverviewTab({ node }: { node: NodeRow }) {
  const { t } = useText();
  const open = useOpen();
  const online = node.PingStatus === 'Online';
  return (
    <SpaceBetween size="l">
      {!online && (
        <Alert type="warning" header={t('nodes.offline')} action={<Button onClick={() => open(`/nodes/${node.InstanceId}?tab=connection`)}>{t('nodes.offlineWhy')}</Button>}>
          {t('nodes.offlineText')}
        </Alert>
      )}
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
      <Container header={<Header variant="h2">{t('nodes.tags')}</Header>}>{Object.keys(node.Tags).length === 0 ? t('nodes.noTags') : <Tags tags={node.Tags} all />}</Container>
    </SpaceBetween>
  );
}
