/** All nodes of a group, a page at a time. */
import Link from '@cloudscape-design/components/link';
import Modal from '@cloudscape-design/components/modal';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table from '@cloudscape-design/components/table';
import { usePaged } from '../../api/paging';
import { getMembers, type Member, type OutputGroup } from '../../api/results';
import { href, useFollow } from '../../app/router';
import { Failure } from '../../components/Failure';
import { Nothing } from '../../components/Nothing';
import { Pages } from '../../components/Pages';
import { useText } from '../../i18n';

const PAGE = 20;

export function GroupMembers({ commandId, step, group, onClose }: { commandId: string; step: string; group: OutputGroup; onClose: () => void }) {
  const { t } = useText();
  const follow = useFollow();
  const paged = usePaged<Member>(['command', commandId, 'group', step, group.id], async (token) => {
    const answer = await getMembers(commandId, step, group.id, token, PAGE);
    return { items: answer.nodes, nextToken: answer.next };
  });
  return (
    <Modal visible header={t('results.groupOf', { count: group.count })} onDismiss={onClose} closeAriaLabel={t('common.close')}>
      <SpaceBetween size="s">
        {paged.error !== null && <Failure error={paged.error} what={t('commands.nodesFailed')} onRetry={paged.refetch} />}
        <Table
          variant="embedded"
          items={paged.items}
          trackBy="id"
          loading={paged.loading}
          loadingText={t('common.loading')}
          ariaLabels={{ tableLabel: t('commands.nodes') }}
          pagination={<Pages paged={paged} />}
          empty={<Nothing paged={paged}>{t('commands.noNodes')}</Nothing>}
          columnDefinitions={[
            {
              id: 'node',
              header: t('commands.node'),
              isRowHeader: true,
              cell: (node) => (
                <Link href={href(`/nodes/${node.id}`)} onFollow={follow}>
                  {node.name || node.id}
                </Link>
              ),
            },
            { id: 'id', header: t('nodes.id'), cell: (node) => <span className="qd-id">{node.id}</span> },
          ]}
        />
      </SpaceBetween>
    </Modal>
  );
}
