/** Which nodes to open a terminal on, and where. */
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import FormField from '@cloudscape-design/components/form-field';
import Modal from '@cloudscape-design/components/modal';
import SegmentedControl from '@cloudscape-design/components/segmented-control';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table from '@cloudscape-design/components/table';
import TextFilter, { type TextFilterProps } from '@cloudscape-design/components/text-filter';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { getNodes, type NodeRow } from '../../api/extension';
import { Empty } from '../../components/Empty';
import { Failure } from '../../components/Failure';
import { NodeStatus } from '../../components/Status';
import { useDebounced } from '../../components/useDebounced';
import { useText } from '../../i18n';
import { nodeName, platformOf } from '../nodes/columns';
import type { PaneRequest } from './liveTerminal';
import { room } from './workspace';

export type Place = 'tabs' | 'tiles' | 'row' | 'column';

const SHOWN = 12;

export function NodePicker({ canSplit, onOpen, onClose }: { canSplit: boolean; onOpen: (requests: PaneRequest[], place: Place) => void; onClose: () => void }) {
  const { t } = useText();
  const [words, setWords] = useState('');
  const [chosen, setChosen] = useState<NodeRow[]>([]);
  const [place, setPlace] = useState<Place>('tabs');
  const search = useDebounced(words, 200);
  const nodes = useQuery({
    queryKey: ['nodes', 'terminal', search],
    queryFn: () => getNodes({ filter: [], search: search || undefined, sort: 'name', order: 'asc', max: SHOWN }),
    placeholderData: (previous) => previous,
  });
  const filter = useRef<TextFilterProps.Ref>(null);
  useEffect(() => {
    // After the dialog has taken the focus to its first control, which closes it.
    const timer = setTimeout(() => filter.current?.focus(), 50);
    return () => clearTimeout(timer);
  }, []);
  const free = room();
  const blocked = chosen.length === 0 ? t('terminal.pickNone') : chosen.length > free ? t('terminal.pickTooMany', { count: free }) : undefined;
  const open = () => {
    onClose();
    onOpen(
      chosen.map((node) => ({ target: node.InstanceId, label: nodeName(node) })),
      place,
    );
  };
  const rest = (nodes.data?.total ?? 0) - (nodes.data?.nodes.length ?? 0);
  return (
    <Modal
      visible
      size="large"
      header={t('terminal.pickTitle')}
      closeAriaLabel={t('common.close')}
      onDismiss={onClose}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={onClose}>
              {t('common.cancel')}
            </Button>
            <Button variant="primary" disabled={Boolean(blocked)} disabledReason={blocked} onClick={open}>
              {t('terminal.open')}
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="m">
        {nodes.error && <Failure error={nodes.error} what={t('nodes.failed')} onRetry={() => void nodes.refetch()} />}
        <Table
          variant="embedded"
          items={nodes.data?.nodes ?? []}
          trackBy="InstanceId"
          loading={nodes.isPending}
          loadingText={t('common.loading')}
          selectionType="multi"
          selectedItems={chosen}
          onSelectionChange={({ detail }) => setChosen(detail.selectedItems)}
          onRowClick={({ detail }) => {
            if (detail.item.PingStatus === 'Online') setChosen((now) => (now.some((node) => node.InstanceId === detail.item.InstanceId) ? now.filter((node) => node.InstanceId !== detail.item.InstanceId) : [...now, detail.item]));
          }}
          isItemDisabled={(node) => node.PingStatus !== 'Online'}
          ariaLabels={{
            tableLabel: t('nodes.title'),
            selectionGroupLabel: t('nodes.title'),
            allItemsSelectionLabel: () => t('common.all'),
            itemSelectionLabel: (_, node) => nodeName(node),
          }}
          filter={<TextFilter ref={filter} filteringText={words} filteringPlaceholder={t('terminal.pickFilter')} filteringAriaLabel={t('terminal.pickFilter')} onChange={({ detail }) => setWords(detail.filteringText)} />}
          columnDefinitions={[
            { id: 'name', header: t('nodes.name'), isRowHeader: true, cell: (node) => nodeName(node) },
            { id: 'status', header: t('nodes.status'), cell: (node) => <NodeStatus status={node.PingStatus} /> },
            { id: 'platform', header: t('nodes.platform'), cell: (node) => platformOf(node) || '–' },
            { id: 'id', header: t('nodes.id'), cell: (node) => <span className="qd-id">{node.InstanceId}</span> },
          ]}
          empty={<Empty title={t('terminal.pickEmpty')} hint={t('terminal.pickEmptyHint')} />}
          footer={rest > 0 ? t('terminal.pickMore', { count: rest }) : undefined}
        />
        <FormField label={t('terminal.place')}>
          <SegmentedControl
            label={t('terminal.place')}
            selectedId={place}
            options={[
              { id: 'tabs', text: t('terminal.placeTabs') },
              { id: 'tiles', text: t('terminal.placeTiles') },
              { id: 'row', text: t('terminal.splitRight'), disabled: !canSplit, disabledReason: t('terminal.noneOpen') },
              { id: 'column', text: t('terminal.splitDown'), disabled: !canSplit, disabledReason: t('terminal.noneOpen') },
            ]}
            onChange={({ detail }) => setPlace(detail.selectedId as Place)}
          />
        </FormField>
      </SpaceBetween>
    </Modal>
  );
}
