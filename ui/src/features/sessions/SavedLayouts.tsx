/** Divisions of a tab under names: kept, opened again on the same nodes, removed. */
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import Modal from '@cloudscape-design/components/modal';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table from '@cloudscape-design/components/table';
import { useEffect, useState } from 'react';
import { useBlocked } from '../../app/useBlocked';
import { Empty } from '../../components/Empty';
import { Failure } from '../../components/Failure';
import { useText } from '../../i18n';
import { useStore } from '../../lib/store';
import { panesOf } from './layout';
import { loadLayouts, openLayout, removeLayout, room, saveLayout, savedLayouts, type Tab } from './workspace';

export function SavedLayouts({ tab, onClose }: { tab: Tab | undefined; onClose: () => void }) {
  const { t } = useText();
  const layouts = useStore(savedLayouts);
  const readOnly = useBlocked();
  const [name, setName] = useState('');
  const [error, setError] = useState<unknown>();
  useEffect(() => void loadLayouts(), []);
  const keep = () => {
    setError(undefined);
    saveLayout(name.trim()).then(() => setName(''), setError);
  };
  const blocked = tab ? (name.trim() === '' ? t('terminal.layoutUnnamed') : undefined) : t('terminal.noneOpen');
  return (
    <Modal
      visible
      size="large"
      header={t('terminal.layouts')}
      closeAriaLabel={t('common.close')}
      onDismiss={onClose}
      footer={
        <Box float="right">
          <Button variant="primary" onClick={onClose}>
            {t('common.close')}
          </Button>
        </Box>
      }
    >
      <SpaceBetween size="m">
        {error !== undefined && <Failure error={error} what={t('terminal.layoutFailed')} />}
        <FormField
          label={t('terminal.layoutName')}
          description={t('terminal.layoutNameHint')}
          secondaryControl={
            <Button disabled={Boolean(blocked)} disabledReason={blocked} onClick={keep}>
              {t('terminal.layoutSave')}
            </Button>
          }
        >
          <Input value={name} onChange={({ detail }) => setName(detail.value.slice(0, 80))} />
        </FormField>
        <Table
          variant="embedded"
          items={layouts}
          trackBy="name"
          ariaLabels={{ tableLabel: t('terminal.layouts') }}
          empty={<Empty title={t('terminal.layoutNone')} hint={t('terminal.layoutNoneHint')} />}
          columnDefinitions={[
            { id: 'name', header: t('nodes.name'), isRowHeader: true, cell: (item) => item.name },
            { id: 'nodes', header: t('nodes.title'), cell: (item) => panesOf(item.layout).map((node) => item.labels[node] ?? node).join(', ') },
            {
              id: 'actions',
              header: t('terminal.actions'),
              cell: (item) => {
                const full = panesOf(item.layout).length > room() ? t('terminal.pickTooMany', { count: room() }) : readOnly;
                return (
                  <SpaceBetween direction="horizontal" size="xs">
                    <Button
                      disabled={Boolean(full)}
                      disabledReason={full}
                      ariaLabel={t('terminal.layoutOpen', { name: item.name })}
                      onClick={() => {
                        onClose();
                        openLayout(item);
                      }}
                    >
                      {t('terminal.open')}
                    </Button>
                    <Button variant="link" ariaLabel={t('terminal.layoutRemove', { name: item.name })} onClick={() => void removeLayout(item.name).catch(setError)}>
                      {t('common.remove')}
                    </Button>
                  </SpaceBetween>
                );
              },
            },
          ]}
        />
      </SpaceBetween>
    </Modal>
  );
}
