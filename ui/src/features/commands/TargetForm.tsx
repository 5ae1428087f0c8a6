/** Where a command runs: nodes by hand, by tags, or all that have a tag; with what that means right now beside it. */
import Box from '@cloudscape-design/components/box';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table from '@cloudscape-design/components/table';
import TextFilter from '@cloudscape-design/components/text-filter';
import Tiles from '@cloudscape-design/components/tiles';
import TokenGroup from '@cloudscape-design/components/token-group';
import { useState } from 'react';
import { getNodes, type NodeRow, type NodesQuery } from '../../api/extension';
import { usePolling } from '../../api/live';
import { usePaged } from '../../api/paging';
import { Empty } from '../../components/Empty';
import { Failure } from '../../components/Failure';
import { Nothing } from '../../components/Nothing';
import { Pages } from '../../components/Pages';
import { NodeStatus } from '../../components/Status';
import { Tags } from '../../components/Tags';
import { TagFields } from '../../components/TagFields';
import { useDebounced } from '../../components/useDebounced';
import { useText } from '../../i18n';
import { nodeName, platformOf } from '../nodes/columns';
import { IDS_OF_A_COMMAND, type RunForm, type TargetMode, type Targeting, targetWords } from './runForm';

interface Props {
  form: RunForm;
  change: (next: Partial<RunForm>) => void;
  problem?: string;
}

export function TargetForm({ form, change, problem }: Props) {
  const { t } = useText();
  return (
    <SpaceBetween size="m">
      <Tiles
        ariaLabel={t('run.targets')}
        columns={form.before ? 4 : 3}
        value={form.mode}
        onChange={({ detail }) => change({ mode: detail.value as TargetMode })}
        items={[
          { value: 'ids', label: t('run.byIds'), description: t('run.byIdsHint') },
          { value: 'tags', label: t('run.byTags'), description: t('run.byTagsHint') },
          { value: 'tagKeys', label: t('run.byTagKeys'), description: t('run.byTagKeysHint') },
          ...(form.before ? [{ value: 'before', label: t('run.asBefore'), description: t('run.asBeforeHint') }] : []),
        ]}
      />
      {form.mode === 'before' && form.before && <AsBefore targeting={form.before} />}
      {form.mode === 'ids' && <ChooseNodes ids={form.ids} onChange={(ids) => change({ ids })} problem={problem} />}
      {form.mode === 'tags' && (
        <FormField description={t('run.tagsRule')} errorText={problem} stretch>
          <TagFields items={form.tags} onChange={(tags) => change({ tags })} add={t('run.addTag')} empty={t('run.tagsEmpty')} />
        </FormField>
      )}
      {form.mode === 'tagKeys' && (
        <FormField label={t('run.tagKeys')} description={t('run.tagKeysHint')} errorText={problem}>
          <Input value={form.tagKeys} spellcheck={false} onChange={({ detail }) => change({ tagKeys: detail.value })} />
        </FormField>
      )}
    </SpaceBetween>
  );
}

/** To read only: these targets have no fields. */
function AsBefore({ targeting }: { targeting: Targeting }) {
  const { t } = useText();
  return (
    <FormField label={t('run.asBeforeAll')}>
      <ul className="qd-plain">
        {targeting.InstanceIds && <li>{targeting.InstanceIds.join(', ')}</li>}
        {targeting.Targets?.map((target) => (
          <li key={`${target.Key} ${target.Values?.join()}`}>{targetWords(target)}</li>
        ))}
      </ul>
    </FormField>
  );
}

const PAGE = 10;

function ChooseNodes({ ids, onChange, problem }: { ids: string[]; onChange: (ids: string[]) => void; problem?: string }) {
  const { t } = useText();
  const [typed, setTyped] = useState('');
  const search = useDebounced(typed.trim());
  const query: NodesQuery = { filter: [], search: search || undefined, sort: 'name', order: 'asc', max: PAGE };
  const read = async (token: string | undefined) => {
    const answer = await getNodes({ ...query, token });
    return { items: answer.nodes, nextToken: answer.nextToken, total: answer.total };
  };
  const paged = usePaged<NodeRow>(['nodes', 'choose', query], read, { refetchInterval: usePolling() });
  const [names, setNames] = useState<Record<string, string>>({});
  const select = (chosen: NodeRow[]) => {
    const here = new Set(paged.items.map((node) => node.InstanceId));
    setNames((now) => ({ ...now, ...Object.fromEntries(chosen.map((node) => [node.InstanceId, nodeName(node)])) }));
    onChange([...ids.filter((id) => !here.has(id)), ...chosen.map((node) => node.InstanceId)]);
  };
  const label = (id: string) => names[id] ?? paged.items.find((node) => node.InstanceId === id)?.Name ?? id;
  return (
    <SpaceBetween size="s">
      {paged.error !== null && <Failure error={paged.error} what={t('nodes.failed')} onRetry={paged.refetch} />}
      <Table
        variant="embedded"
        items={paged.items}
        trackBy="InstanceId"
        loading={paged.loading}
        loadingText={t('common.loading')}
        selectionType="multi"
        selectedItems={paged.items.filter((node) => ids.includes(node.InstanceId))}
        onSelectionChange={({ detail }) => select(detail.selectedItems)}
        onRowClick={({ detail }) => {
          const chosen = paged.items.filter((node) => ids.includes(node.InstanceId) !== (node.InstanceId === detail.item.InstanceId));
          select(chosen);
        }}
        ariaLabels={{
          tableLabel: t('run.nodesTable'),
          selectionGroupLabel: t('run.byIds'),
          allItemsSelectionLabel: () => t('common.all'),
          itemSelectionLabel: (_, node) => nodeName(node),
        }}
        filter={<TextFilter filteringText={typed} filteringPlaceholder={t('run.findNodes')} filteringAriaLabel={t('run.findNodes')} onChange={({ detail }) => setTyped(detail.filteringText)} />}
        pagination={<Pages paged={paged} />}
        empty={
          <Nothing paged={paged}>
            <Empty title={search ? t('nodes.noMatch') : t('nodes.none')} hint={search ? t('nodes.noMatchHint') : t('nodes.noneHint')} />
          </Nothing>
        }
        columnDefinitions={[
          { id: 'name', header: t('nodes.name'), isRowHeader: true, cell: (node: NodeRow) => nodeName(node) },
          { id: 'status', header: t('nodes.status'), cell: (node) => <NodeStatus status={node.PingStatus} /> },
          { id: 'platform', header: t('nodes.platform'), cell: (node) => platformOf(node) || '–' },
          { id: 'tags', header: t('nodes.tags'), cell: (node) => <Tags tags={node.Tags} all /> },
        ]}
      />
      {ids.length > IDS_OF_A_COMMAND && <Box color="text-body-secondary">{t('results.parts', { count: Math.ceil(ids.length / IDS_OF_A_COMMAND), limit: IDS_OF_A_COMMAND })}</Box>}
      <FormField errorText={problem} label={ids.length > 0 ? t('run.chosen', { count: ids.length }) : undefined}>
        {ids.length > 0 ? (
          <TokenGroup
            items={ids.map((id) => ({ label: label(id), description: label(id) === id ? undefined : id, dismissLabel: `${t('common.remove')} ${label(id)}` }))}
            limit={8}
            onDismiss={({ detail }) => onChange(ids.filter((_, index) => index !== detail.itemIndex))}
          />
        ) : (
          <Box />
        )}
      </FormField>
    </SpaceBetween>
  );
}
