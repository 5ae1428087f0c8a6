/** How a node reaches the hub, and what is wrong when it does not. */
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import SpaceBetween from '@cloudscape-design/components/space-between';
import type { NodeRow } from '../../api/extension';
import { NodeStatus } from '../../components/Status';
import { When } from '../../components/When';
import { useText } from '../../i18n';
import { Diagnosis } from './Diagnosis';

export function ConnectionTab({ node }: { node: NodeRow }) {
  const { t } = useText();
  return (
    <SpaceBetween size="l">
      <Container header={<Header variant="h2">{t('nodes.tab.connection')}</Header>}>
        <KeyValuePairs
          columns={4}
          items={[
            { label: t('nodes.status'), value: <NodeStatus status={node.PingStatus} /> },
            { label: t('nodes.lastPing'), value: <When at={node.LastPingDateTime} /> },
            { label: t('nodes.address'), value: node.IPAddress || '–' },
            { label: t('nodes.agent'), value: [node.AgentName, node.AgentVersion].filter(Boolean).join(' ') || '–' },
          ]}
        />
      </Container>
      <Diagnosis node={node} />
    </SpaceBetween>
  );
}
