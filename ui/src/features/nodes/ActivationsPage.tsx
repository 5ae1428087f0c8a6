/** "Add a node": make an activation, the line to run on the machine and the machines as they come; then the activations there are, and how machines reach the hub. */
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Header from '@cloudscape-design/components/header';
import Link from '@cloudscape-design/components/link';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import Table from '@cloudscape-design/components/table';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { call } from '../../api/call';
import { usePolling } from '../../api/live';
import type { Activation } from '../../api/operations';
import { readUpTo, usePaged } from '../../api/paging';
import { useConnection } from '../../app/connection';
import { flash } from '../../app/flash';
import { Page } from '../../app/page';
import { href, useFollow } from '../../app/router';
import { useBlocked } from '../../app/useBlocked';
import { Confirm } from '../../components/Confirm';
import { Empty } from '../../components/Empty';
import { ExportButton } from '../../components/ExportButton';
import { Failure } from '../../components/Failure';
import { Nothing } from '../../components/Nothing';
import { Pages } from '../../components/Pages';
import { Tags } from '../../components/Tags';
import { When } from '../../components/When';
import { useText } from '../../i18n';
import { type Instant, toDate } from '../../lib/format';
import { Authority } from './Authority';
import { Enrol } from './Enrol';
import { nodesPath } from './filter';
import { LetIn } from './LetIn';
import { MakeActivation, type Made } from './MakeActivation';
import { Simulated } from './Simulated';

export function ActivationsPage() {
  const { t } = useText();
  const client = useQueryClient();
  const [made, setMade] = useState<Made>();
  // AWS listens where it listens, with certificates that every machine trusts.
  const isHub = useConnection()?.kind !== 'aws';
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
        {isHub && <LetIn />}
        {isHub && <Authority />}
        <Simulated />
      </SpaceBetween>
    </Page>
  );
}

function reading(max: number) {
  return async (token: string | undefined) => {
    const answer = await call('DescribeActivations', { MaxResults: max, NextToken: token });
    return { items: answer.ActivationList ?? [], nextToken: answer.NextToken };
  };
}

const tagsOf = (item: Activation) => Object.fromEntries((item.Tags ?? []).map((tag) => [tag.Key ?? '', tag.Value ?? '']));
const iso = (value: Instant) => toDate(value)?.toISOString() ?? '';
const EXPORT_LIMIT = 10_000;

function Existing() {
  const { t } = useText();
  const client = useQueryClient();
  const follow = useFollow();
  const paged = usePaged<Activation>(['activations'], reading(10), { refetchInterval: usePolling() });
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
              <SpaceBetween direction="horizontal" size="xs">
                <ExportButton<Activation>
                  name="activations"
                  read={(onProgress, signal, onPage) => readUpTo(reading(50), EXPORT_LIMIT, onProgress, signal, onPage)}
                  done="activations.exported"
                  failed="activations.failed"
                  columns={[
                    { header: t('activations.id'), cell: (item) => item.ActivationId },
                    { header: t('activations.descriptionField'), cell: (item) => item.Description },
                    { header: t('activations.defaultName'), cell: (item) => item.DefaultInstanceName },
                    { header: t('activations.used'), cell: (item) => item.RegistrationsCount ?? 0 },
                    { header: t('activations.limit'), cell: (item) => item.RegistrationLimit ?? 1 },
                    { header: t('activations.expiry'), cell: (item) => iso(item.ExpirationDate) },
                    { header: t('activations.role'), cell: (item) => item.IamRole },
                    { header: t('activations.tags'), cell: (item) => Object.entries(tagsOf(item)).map(([key, value]) => `${key}=${value}`).join(';') },
                  ]}
                />
                <Button disabled={!chosen || Boolean(blocked)} disabledReason={blocked ?? t('activations.selectOne')} onClick={() => setAsking(true)}>
                  {t('activations.remove')}
                </Button>
              </SpaceBetween>
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
          { id: 'id', header: t('activations.id'), isRowHeader: true, minWidth: 150, cell: (item) => <span className="qd-id">{item.ActivationId}</span> },
          { id: 'description', header: t('activations.descriptionField'), minWidth: 110, cell: (item) => item.Description || item.DefaultInstanceName || '–' },
          { id: 'used', header: t('activations.used'), minWidth: 130, cell: (item) => <Used item={item} follow={follow} /> },
          { id: 'state', header: t('activations.state'), minWidth: 130, cell: (item) => <State item={item} /> },
          { id: 'expiry', header: t('activations.expiry'), cell: (item) => <When at={item.ExpirationDate} /> },
          { id: 'tags', header: t('activations.tags'), cell: (item) => <Tags tags={tagsOf(item)} /> },
          { id: 'role', header: t('activations.role'), cell: (item) => item.IamRole || '–' },
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

/** How much of it is used; the machines that did are one step away. */
function Used({ item, follow }: { item: Activation; follow: ReturnType<typeof useFollow> }) {
  const { t } = useText();
  const used = item.RegistrationsCount ?? 0;
  const text = t('activations.usedOf', { used, limit: item.RegistrationLimit ?? 1 });
  if (used === 0) return <>{text}</>;
  return (
    <Link href={href(nodesPath([{ Key: 'ActivationIds', Values: [item.ActivationId ?? ''] }]))} onFollow={follow}>
      {text}
    </Link>
  );
}

function State({ item }: { item: Activation }) {
  const { t } = useText();
  if (item.Expired) return <StatusIndicator type="stopped">{t('activations.expired')}</StatusIndicator>;
  const full = (item.RegistrationsCount ?? 0) >= (item.RegistrationLimit ?? 1);
  return full ? <StatusIndicator type="stopped">{t('activations.usedUp')}</StatusIndicator> : <StatusIndicator type="success">{t('activations.usable')}</StatusIndicator>;
}
