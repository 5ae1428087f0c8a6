/** "Add a node": make an activation, and the line to run on the machine; below, the activations there are. */
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import Table from '@cloudscape-design/components/table';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { call } from '../../api/call';
import { usePolling } from '../../api/live';
import type { Activation } from '../../api/operations';
import { usePaged } from '../../api/paging';
import { flash } from '../../app/flash';
import { Page } from '../../app/page';
import { href } from '../../app/router';
import { useBlocked } from '../../app/useBlocked';
import { Confirm } from '../../components/Confirm';
import { Empty } from '../../components/Empty';
import { Failure } from '../../components/Failure';
import { Nothing } from '../../components/Nothing';
import { Pages } from '../../components/Pages';
import { When } from '../../components/When';
import { useText } from '../../i18n';
import { Enrol } from './Enrol';
import { MakeActivation, type Made } from './MakeActivation';

export function ActivationsPage() {
  const { t } = useText();
  const client = useQueryClient();
  const [made, setMade] = useState<Made>();
  return (
    <Page title={t('activations.title')} description={t('activations.description')} parents={[{ text: t('nodes.title'), href: href('/nodes') }]}>
      <SpaceBetween size="l">
        {made ? (
          <Enrol made={made} onAgain={() => setMade(undefined)} />
        ) : (
          <MakeActivation
            onMade={(next) => {
              setMade(next);
              void client.invalidateQueries({ queryKey: ['activations'] });
            }}
          />
        )}
        <Existing />
      </SpaceBetween>
    </Page>
  );
}

function Existing() {
  const { t } = useText();
  const client = useQueryClient();
  const read = async (token: string | undefined) => {
    const answer = await call('DescribeActivations', { MaxResults: 10, NextToken: token });
    return { items: answer.ActivationList ?? [], nextToken: answer.NextToken };
  };
  const paged = usePaged<Activation>(['activations'], read, { refetchInterval: usePolling() });
  const [selected, setSelected] = useState<Activation[]>([]);
  const [asking, setAsking] = useState(false);
  const chosen = selected[0];
  const blocked = useBlocked();
  return (
    <SpaceBetween size="s">
      {paged.error !== null && <Failure error={paged.error} what={t('activations.failed')} onRetry={paged.refetch} />}
      <Table
        wrapLines
        items={paged.items}
        trackBy="ActivationId"
        loading={paged.loading}
        loadingText={t('common.loading')}
        selectionType="single"
        selectedItems={selected}
        onSelectionChange={({ detail }) => setSelected(detail.selectedItems)}
        ariaLabels={{ tableLabel: t('activations.existing'), selectionGroupLabel: t('activations.existing'), itemSelectionLabel: (_, item) => item.Description || item.ActivationId || '' }}
        header={
          <Header
            variant="h2"
            actions={
              <Button disabled={!chosen || Boolean(blocked)} disabledReason={blocked ?? t('activations.selectOne')} onClick={() => setAsking(true)}>
                {t('activations.remove')}
              </Button>
            }
          >
            {t('activations.existing')}
          </Header>
        }
        pagination={<Pages paged={paged} />}
        empty={
          <Nothing paged={paged}>
            <Empty title={t('activations.none')} hint={t('activations.noneHint')} />
          </Nothing>
        }
        columnDefinitions={[
          { id: 'id', header: t('activations.id'), isRowHeader: true, cell: (item) => <span className="qd-id">{item.ActivationId}</span> },
          { id: 'description', header: t('activations.descriptionField'), cell: (item) => item.Description || item.DefaultInstanceName || '–' },
          { id: 'used', header: t('activations.used'), cell: (item) => t('activations.usedOf', { used: item.RegistrationsCount ?? 0, limit: item.RegistrationLimit ?? 1 }) },
          { id: 'state', header: t('activations.state'), cell: (item) => <State item={item} /> },
          { id: 'expiry', header: t('activations.expiry'), cell: (item) => <When at={item.ExpirationDate} /> },
          { id: 'created', header: t('activations.created'), cell: (item) => <When at={item.CreatedDate} /> },
        ]}
      />
      {asking && chosen && (
        <Confirm
          title={t('activations.removeTitle')}
          action={t('activations.remove')}
          dismiss={t('activations.keep')}
          disabledReason={blocked}
          failed={t('activations.removeFailed')}
          onClose={() => setAsking(false)}
          onConfirm={async () => {
            await call('DeleteActivation', { ActivationId: chosen.ActivationId ?? '' });
            setSelected([]);
            await client.invalidateQueries({ queryKey: ['activations'] });
            flash({ type: 'success', text: 'activations.removed' });
          }}
        >
          <Alert type="warning">{t('activations.removeText')}</Alert>
          <Box variant="code">{chosen.ActivationId}</Box>
        </Confirm>
      )}
    </SpaceBetween>
  );
}

function State({ item }: { item: Activation }) {
  const { t } = useText();
  if (item.Expired) return <StatusIndicator type="stopped">{t('activations.expired')}</StatusIndicator>;
  const full = (item.RegistrationsCount ?? 0) >= (item.RegistrationLimit ?? 1);
  return full ? <StatusIndicator type="stopped">{t('activations.usedUp')}</StatusIndicator> : <StatusIndicator type="success">{t('activations.usable')}</StatusIndicator>;
}
