/** The hubs and AWS accounts a person works with: one list, in their order, each a click from a window. */
import Button from '@cloudscape-design/components/button';
import Link from '@cloudscape-design/components/link';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import Table from '@cloudscape-design/components/table';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { lineOf } from '../../api/errors';
import { useConnection } from '../../app/connection';
import { flash } from '../../app/flash';
import { Page } from '../../app/page';
import { href, useFollow, useOpen } from '../../app/router';
import { ConfirmTyped } from '../../components/ConfirmTyped';
import { Empty } from '../../components/Empty';
import { Failure } from '../../components/Failure';
import { type ConnectionsHost, host, type ListedConnection } from '../../host';
import { useText } from '../../i18n';
import { CONNECTIONS_KEY, useConnections } from './useConnections';

export function ConnectionsPage() {
  const { t } = useText();
  if (host.connections) return <List connections={host.connections} />;
  return (
    <Page title={t('connections.title')} description={t('connections.description')}>
      <Empty title={t('connections.onlyDesktop')} hint={t('connections.onlyDesktopHint')} />
    </Page>
  );
}

export function nameOf(connection: { name: string; kind: string }, embedded: string): string {
  return connection.kind === 'embedded' && !connection.name ? embedded : connection.name;
}

function List({ connections: kept }: { connections: ConnectionsHost }) {
  const { t, maybe } = useText();
  const open = useOpen();
  const client = useQueryClient();
  const here = useConnection()?.id;
  const { connections = [], error, refetch } = useConnections();
  const [chosenId, setChosenId] = useState<string>();
  const [removing, setRemoving] = useState<ListedConnection>();
  const chosen = connections.find((one) => one.id === chosenId);
  const at = connections.findIndex((one) => one.id === chosenId);
  const name = (one: ListedConnection) => nameOf(one, t('header.embedded'));
  const act = async (what: () => Promise<unknown>) => {
    try {
      await what();
    } catch (failure) {
      flash({ type: 'error', text: 'errors.flash', values: { what: t('connections.actionFailed'), message: lineOf(failure, maybe) } });
    }
    await client.invalidateQueries({ queryKey: CONNECTIONS_KEY });
  };
  const move = (by: number) => {
    const ids = connections.map((one) => one.id);
    const [moved] = ids.splice(at, 1);
    if (moved) ids.splice(at + by, 0, moved);
    return act(() => kept.order(ids));
  };
  const none = chosen ? undefined : t('connections.choose');
  const atHere = none ?? (chosen?.id === here ? t('connections.isHere') : undefined);
  const atTop = none ?? (at === 0 ? t('connections.isFirst') : undefined);
  const atEnd = none ?? (at === connections.length - 1 ? t('connections.isLast') : undefined);
  const stays = none ?? (chosen?.kind === 'embedded' ? t('connections.staysHere') : undefined);
  return (
    <Page
      title={t('connections.title')}
      description={t('connections.description')}
      counter={`(${connections.length})`}
      actions={
        <SpaceBetween direction="horizontal" size="xs">
          <Button iconName="angle-up" ariaLabel={t('connections.moveUp')} disabled={Boolean(atTop)} disabledReason={atTop} onClick={() => void move(-1)} />
          <Button iconName="angle-down" ariaLabel={t('connections.moveDown')} disabled={Boolean(atEnd)} disabledReason={atEnd} onClick={() => void move(1)} />
          <Button disabled={Boolean(stays)} disabledReason={stays} onClick={() => setRemoving(chosen)}>
            {t('connections.remove')}
          </Button>
          <Button disabled={Boolean(none)} disabledReason={none} onClick={() => chosen && open(`/connections/${chosen.id}`)}>
            {t('connections.edit')}
          </Button>
          <Button iconName="external" disabled={Boolean(none)} disabledReason={none} onClick={() => chosen && void act(() => kept.openWindow('/', chosen.id))}>
            {t('connections.openWindow')}
          </Button>
          <Button disabled={Boolean(atHere)} disabledReason={atHere} onClick={() => chosen && void act(() => kept.switchTo(chosen.id))}>
            {t('connections.switchTo')}
          </Button>
          <Button variant="primary" onClick={() => open('/connections/new')}>
            {t('connections.add')}
          </Button>
        </SpaceBetween>
      }
    >
      <SpaceBetween size="m">
        {error !== null && <Failure error={error} what={t('connections.failed')} onRetry={refetch} />}
        <Table
          items={connections}
          trackBy="id"
          selectionType="single"
          selectedItems={chosen ? [chosen] : []}
          onSelectionChange={({ detail }) => setChosenId(detail.selectedItems[0]?.id)}
          onRowClick={({ detail }) => setChosenId(detail.item.id)}
          ariaLabels={{ tableLabel: t('connections.list'), selectionGroupLabel: t('connections.list'), itemSelectionLabel: (_, item) => name(item) }}
          wrapLines
          columnDefinitions={[
            { id: 'name', header: t('connections.column.name'), isRowHeader: true, minWidth: 180, cell: (one) => <Name connection={one} name={name(one)} /> },
            { id: 'kind', header: t('connections.column.kind'), cell: (one) => t(`connections.kind.${one.kind}`) },
            { id: 'address', header: t('connections.column.address'), minWidth: 160, cell: (one) => <span className="qd-id">{one.url || '–'}</span> },
            { id: 'region', header: t('connections.column.region'), cell: (one) => one.region || '–' },
            { id: 'account', header: t('connections.column.account'), cell: (one) => one.account || '–' },
            {
              id: 'mark',
              header: t('connections.column.mark'),
              cell: (one) => (one.mark === 'open' ? t('connections.mark.open') : <StatusIndicator type={one.mark === 'protected' ? 'warning' : 'stopped'}>{t(`connections.mark.${one.mark}`)}</StatusIndicator>),
            },
            { id: 'windows', header: t('connections.column.windows'), cell: (one) => (one.id === here ? t('connections.thisWindow') : one.windows.length > 0 ? t('connections.open', { count: one.windows.length }) : '–') },
          ]}
          footer={connections.length === 1 ? <Empty title={t('connections.none')} hint={t('connection.description')} /> : undefined}
        />
      </SpaceBetween>
      {removing && (
        <ConfirmTyped
          title={t('connections.removeTitle', { name: name(removing) })}
          action={t('connections.remove')}
          failed={t('connections.removeFailed')}
          word={name(removing)}
          onConfirm={async () => {
            await kept.remove(removing.id);
            flash({ type: 'success', text: 'connections.removed', values: { name: name(removing) } });
            await client.invalidateQueries({ queryKey: CONNECTIONS_KEY });
          }}
          onClose={() => setRemoving(undefined)}
        >
          {t('connections.removeText')}
        </ConfirmTyped>
      )}
    </Page>
  );
}

function Name({ connection, name }: { connection: ListedConnection; name: string }) {
  const follow = useFollow();
  return (
    <span className="qd-connection">
      <span className="qd-connection-dot" style={{ background: connection.colour || 'transparent' }} aria-hidden="true" />
      <Link href={href(`/connections/${connection.id}`)} onFollow={follow}>
        {name}
      </Link>
    </span>
  );
}
