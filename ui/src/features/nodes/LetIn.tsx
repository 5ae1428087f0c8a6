/** "Let other machines in": on which addresses the hub can be reached, what it means to open one, and how. */
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Checkbox from '@cloudscape-design/components/checkbox';
import Container from '@cloudscape-design/components/container';
import FormField from '@cloudscape-design/components/form-field';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useConnection } from '../../app/connection';
import { flash } from '../../app/flash';
import { useBlocked } from '../../app/useBlocked';
import { CodeBlock } from '../../components/CodeBlock';
import { Confirm } from '../../components/Confirm';
import { Failure } from '../../components/Failure';
import { Loading } from '../../components/Loading';
import { host, type ListenerHost, type ListenerState } from '../../host';
import { useText } from '../../i18n';
import { isLoopback } from './install';

export function LetIn() {
  const { t } = useText();
  const connection = useConnection();
  const endpoint = connection?.endpoint ?? '';
  return (
    <Container header={<Header variant="h2" description={t('letIn.text')}>{t('letIn.title')}</Header>}>
      <SpaceBetween size="m">
        {endpoint !== '' && (
          <StatusIndicator type={isLoopback(endpoint) ? 'stopped' : 'success'}>{t(isLoopback(endpoint) ? 'letIn.closed' : 'letIn.open', { address: endpoint })}</StatusIndicator>
        )}
        {host.listener ? <Addresses listener={host.listener} /> : <ByHand />}
      </SpaceBetween>
    </Container>
  );
}

/** Where the app cannot move the listener: why not, and how a hub for other machines is started. */
function ByHand() {
  const { t } = useText();
  const reason = t(host.kind === 'browser' ? 'letIn.remote' : 'letIn.notHere');
  return (
    <SpaceBetween size="s">
      <div>
        <Button disabled disabledReason={reason}>
          {t('letIn.choose')}
        </Button>
      </div>
      <Box color="text-body-secondary">{reason}</Box>
      <div>
        <Box variant="awsui-key-label">{t('letIn.byHand')}</Box>
        <CodeBlock text={'quarterdeck-hub serve --data-dir /var/lib/quarterdeck --listen 0.0.0.0:8443 --name hub.example.net'} />
      </div>
      <Alert type="warning">{t('letIn.meaning')}</Alert>
    </SpaceBetween>
  );
}

function Addresses({ listener }: { listener: ListenerHost }) {
  const { t } = useText();
  const query = useQuery({ queryKey: ['listener'], queryFn: () => listener.get(), retry: false });
  if (query.error) return <Failure error={query.error} what={t('letIn.failed')} onRetry={() => void query.refetch()} />;
  // Built anew when the hub listens elsewhere: what was ticked is about the addresses before.
  return query.data ? <Choose key={query.data.addresses.join()} listener={listener} state={query.data} /> : <Loading />;
}

function Choose({ listener, state }: { listener: ListenerHost; state: ListenerState }) {
  const { t } = useText();
  const client = useQueryClient();
  const blocked = useBlocked();
  const [chosen, setChosen] = useState(state.addresses);
  const [asking, setAsking] = useState(false);
  const unchanged = chosen.length === state.addresses.length && chosen.every((address) => state.addresses.includes(address));
  const why = blocked ?? (unchanged ? t('letIn.unchanged') : undefined);
  const opened = chosen.filter((address) => !state.addresses.includes(address));
  const toggle = (address: string, on: boolean) => setChosen(on ? [...chosen, address] : chosen.filter((other) => other !== address));
  return (
    <SpaceBetween size="m">
      <FormField label={t('letIn.addresses')} description={t('letIn.addressesHint', { port: state.port })}>
        <SpaceBetween size="xs">
          {state.choices.map(({ address, name }) => (
            <Checkbox key={address} checked={chosen.includes(address)} onChange={({ detail }) => toggle(address, detail.checked)} description={name}>
              <span className="qd-id">{address}</span>
            </Checkbox>
          ))}
        </SpaceBetween>
      </FormField>
      <Button disabled={Boolean(why)} disabledReason={why} onClick={() => setAsking(true)}>
        {t('letIn.choose')}
      </Button>
      {asking && (
        <Confirm
          title={t(opened.length > 0 ? 'letIn.askOpen' : 'letIn.askClose')}
          action={t(opened.length > 0 ? 'letIn.doOpen' : 'letIn.doClose')}
          failed={t('letIn.failed')}
          disabledReason={blocked}
          onClose={() => setAsking(false)}
          onConfirm={async () => {
            client.setQueryData(['listener'], await listener.set(chosen));
            await client.invalidateQueries({ queryKey: ['connection'] });
            flash({ type: 'success', text: 'letIn.done' });
          }}
        >
          <Alert type="warning">{t(opened.length > 0 ? 'letIn.meaning' : 'letIn.closing')}</Alert>
          <ul>
            {chosen.map((address) => (
              <li key={address} className="qd-id">{`${address}:${state.port}`}</li>
            ))}
          </ul>
        </Confirm>
      )}
    </SpaceBetween>
  );
}
