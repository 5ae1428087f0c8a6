/** One node: its name, what can be done to it, and a tab for everything there is to know of it. */
import Button from '@cloudscape-design/components/button';
import ButtonDropdown from '@cloudscape-design/components/button-dropdown';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Tabs from '@cloudscape-design/components/tabs';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { call } from '../../api/call';
import { getNodes, type NodeRow, rotateKey } from '../../api/extension';
import { usePolling } from '../../api/live';
import { flash } from '../../app/flash';
import { Page } from '../../app/page';
import { href, useOpen } from '../../app/router';
import { useBlocked } from '../../app/useBlocked';
import { useLacking } from '../../app/useLacking';
import { Confirm } from '../../components/Confirm';
import { ConfirmTyped } from '../../components/ConfirmTyped';
import { Empty } from '../../components/Empty';
import { Failure } from '../../components/Failure';
import { Loading } from '../../components/Loading';
import { useText } from '../../i18n';
import { nodeName } from './columns';
import { NODE_TABS } from './tabs';
import { OpenTerminal } from '../sessions/OpenTerminal';

export interface NodeSearch {
  tab?: string;
}

export function NodePage() {
  const { t } = useText();
  const { id = '' } = useParams({ strict: false }) as { id?: string };
  const query = useQuery({
    queryKey: ['node', id],
    queryFn: () => getNodes({ filter: [{ Key: 'InstanceIds', Values: [id] }], sort: 'name', order: 'asc', max: 5 }),
    refetchInterval: usePolling(),
  });
  const node = query.data?.nodes.find((item) => item.InstanceId === id);
  const parents = [{ text: t('nodes.title'), href: href('/nodes') }];
  // Above what was read before, too: it may no longer be true.
  const failure = query.error && <Failure error={query.error} what={t('nodes.failed')} onRetry={() => void query.refetch()} />;
  if (node) return <Known node={node} parents={parents} failure={failure} />;
  return (
    <Page title={id} parents={parents}>
      {failure}
      {query.isPending && <Loading />}
      {query.data && <Empty title={t('nodes.notFound', { id })} hint={t('nodes.notFoundHint')} />}
    </Page>
  );
}

function Known({ node, parents, failure }: { node: NodeRow; parents: { text: string; href: string }[]; failure: ReactNode }) {
  const { t } = useText();
  const open = useOpen();
  const navigate = useNavigate();
  const search = useSearch({ strict: false }) as NodeSearch;
  const [dialog, setDialog] = useState<'rotate' | 'remove'>();
  const name = nodeName(node);
  const blocked = useBlocked();
  const lacking = useLacking('rotateKey');
  // Only these were registered here; the others have no key of ours, and nothing to take back.
  const fixed = node.InstanceId.startsWith('mi-') ? blocked : t('nodes.deregisterOnly');
  const tab = NODE_TABS.some(({ id }) => id === search.tab) ? search.tab : NODE_TABS[0]?.id;
  const close = () => setDialog(undefined);
  return (
    <Page
      title={name}
      parents={parents}
      actions={
        <SpaceBetween direction="horizontal" size="xs">
          <ButtonDropdown
            items={[
              { id: 'rotate', text: t('nodes.rotate'), disabled: Boolean(lacking ?? fixed), disabledReason: lacking ?? fixed },
              { id: 'remove', text: t('nodes.deregister'), disabled: Boolean(fixed), disabledReason: fixed },
            ]}
            onItemClick={({ detail }) => setDialog(detail.id === 'rotate' ? 'rotate' : 'remove')}
          >
            {t('nodes.actions')}
          </ButtonDropdown>
          <OpenTerminal count={1} nodes={async () => [node.InstanceId]} cannot={node.PingStatus === 'Online' ? undefined : t('terminal.nodeOffline')} />
          <Button variant="primary" onClick={() => open(`/run?nodes=${encodeURIComponent(JSON.stringify([node.InstanceId]))}`)}>
            {t('nodes.runHere')}
          </Button>
        </SpaceBetween>
      }
    >
      <SpaceBetween size="l">
        {failure}
        <Tabs
          ariaLabel={name}
          activeTabId={tab}
          onChange={({ detail }) => void navigate({ to: '/nodes/$id', params: { id: node.InstanceId }, search: { tab: detail.activeTabId } as never, replace: true })}
          tabs={NODE_TABS.map(({ id, title, Content }) => ({ id, label: t(title), content: <Content node={node} /> }))}
        />
      </SpaceBetween>
      {dialog === 'rotate' && (
        <Confirm
          title={t('nodes.rotateTitle', { name })}
          action={t('nodes.rotate')}
          disabledReason={blocked}
          failed={t('nodes.rotateFailed')}
          onClose={close}
          onConfirm={async () => {
            await rotateKey(node.InstanceId);
            flash({ type: 'success', text: 'nodes.rotated', values: { name } });
          }}
        >
          {t('nodes.rotateText')}
        </Confirm>
      )}
      {dialog === 'remove' && <Remove node={node} blocked={blocked} onClose={close} />}
    </Page>
  );
}

function Remove({ node, blocked, onClose }: { node: NodeRow; blocked?: string; onClose: () => void }) {
  const { t } = useText();
  const open = useOpen();
  const client = useQueryClient();
  const name = nodeName(node);
  return (
    <ConfirmTyped
      title={t('nodes.deregisterTitle', { name })}
      action={t('nodes.deregister')}
      dismiss={t('nodes.keep')}
      disabledReason={blocked}
      failed={t('nodes.deregisterFailed')}
      word={name}
      onClose={onClose}
      onConfirm={async () => {
        await call('DeregisterManagedInstance', { InstanceId: node.InstanceId });
        await client.invalidateQueries({ queryKey: ['nodes'] });
        flash({ type: 'success', text: 'nodes.deregistered', values: { name } });
        open('/nodes');
      }}
    >
      {t('nodes.deregisterText')}
    </ConfirmTyped>
  );
}
