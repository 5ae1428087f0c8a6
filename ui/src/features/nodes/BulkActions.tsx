/** What is done to many nodes at once: tags, removal. Which nodes is known when it begins: those selected, or all that match. */
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import SpaceBetween from '@cloudscape-design/components/space-between';
import TokenGroup from '@cloudscape-design/components/token-group';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { call } from '../../api/call';
import { getNodes, type NodeCondition, type NodeRow } from '../../api/extension';
import { readUpTo } from '../../api/paging';
import { useBlocked } from '../../app/useBlocked';
import { BulkDialog } from '../../components/BulkDialog';
import { TagFields, type TagField, tagProblem } from '../../components/TagFields';
import type { Selection } from '../../components/useSelection';
import { isTyped } from '../../components/typed';
import { useText } from '../../i18n';
import { nodeName } from './columns';
import { applyTags, effectOn, inverse, tagCalls } from './tagChanges';

export interface Chosen {
  selection: Selection<NodeRow>;
  filters: NodeCondition[];
  search: string;
}

/** More than a hub holds. */
const MOST = 1_000_000;
const PAGE = 200;

/** The nodes chosen, as they are now. */
async function nodesOf({ selection, filters, search }: Chosen, onProgress: (count: number) => void, signal: AbortSignal): Promise<NodeRow[]> {
  if (!selection.all) return selection.items;
  const read = async (token: string | undefined) => {
    const answer = await getNodes({ filters, search, sort: 'instance-id', order: 'asc', max: PAGE, token });
    return { items: answer.nodes, nextToken: answer.nextToken };
  };
  const { items } = await readUpTo(read, MOST, onProgress, signal);
  return items.filter((node) => !selection.except.has(node.InstanceId));
}

/** Ids of the nodes chosen, for a command that names them. */
export async function idsOf(chosen: Chosen): Promise<string[]> {
  const nodes = await nodesOf(chosen, () => undefined, new AbortController().signal);
  return nodes.map((node) => node.InstanceId);
}

interface Props {
  chosen: Chosen;
  onClose: () => void;
}

function useRefresh(): () => void {
  const client = useQueryClient();
  return () => {
    for (const key of ['nodes', 'node', 'node-facets', 'overview', 'preview']) void client.invalidateQueries({ queryKey: [key] });
  };
}

export function BulkTags({ chosen, onClose }: Props) {
  const { t } = useText();
  const blocked = useBlocked();
  const refresh = useRefresh();
  const [given, setGiven] = useState<TagField[]>([{ key: '', value: '' }]);
  const [kept, setRemoved] = useState<string[]>([]);
  const [key, setKey] = useState('');
  // A key that was typed is meant, with or without Enter.
  const removed = key.trim() === '' || kept.includes(key.trim()) ? kept : [...kept, key.trim()];
  const set = given.filter((item) => item.key.trim() !== '' || item.value !== '');
  const problem = tagProblem(set);
  const [count] = useState(chosen.selection.count);
  const both = set.some((item) => removed.includes(item.key.trim()));
  const why = problem ? t(problem) : both ? t('nodes.tagBoth') : set.length === 0 && removed.length === 0 ? t('nodes.tagNothing') : blocked;
  const change = { added: set.map((item) => ({ Key: item.key.trim(), Value: item.value })), removed };
  const addKey = () => {
    setRemoved(removed);
    setKey('');
  };
  return (
    <BulkDialog<NodeRow>
      title={t('nodes.bulkTags', { count })}
      action={t('nodes.saveTags')}
      disabledReason={why}
      gather={(onProgress, signal) => nodesOf(chosen, onProgress, signal)}
      plan={(node, isBack) => tagCalls(node.InstanceId, isBack ? inverse(node.Tags, effectOn(node.Tags, change)) : effectOn(node.Tags, change))}
      work={(node, token) => applyTags(node.InstanceId, effectOn(node.Tags, change), token)}
      back={(node, token) => applyTags(node.InstanceId, inverse(node.Tags, effectOn(node.Tags, change)), token)}
      nameOf={nodeName}
      done={(count) => t('nodes.bulkTagged', { count })}
      failed={t('nodes.failed')}
      onClose={onClose}
      onChanged={refresh}
    >
      <FormField label={t('nodes.tagsToSet')} description={t('nodes.tagsToSetHint')} stretch>
        <TagFields items={given} onChange={setGiven} add={t('nodes.addTag')} empty={t('nodes.tagsToSetNone')} />
      </FormField>
      <FormField label={t('nodes.tagsToRemove')} description={t('nodes.tagsToRemoveHint')}>
        <SpaceBetween size="xs">
          <Input
            value={key}
            spellcheck={false}
            onChange={({ detail }) => setKey(detail.value)}
            onKeyDown={(event) => {
              if (event.detail.key !== 'Enter' || event.detail.isComposing) return;
              event.preventDefault();
              addKey();
            }}
          />
          {kept.length > 0 && (
            <TokenGroup
              items={kept.map((label) => ({ label, dismissLabel: `${t('common.remove')} ${label}` }))}
              onDismiss={({ detail }) => setRemoved(kept.filter((_, index) => index !== detail.itemIndex))}
            />
          )}
        </SpaceBetween>
      </FormField>
    </BulkDialog>
  );
}

/** Only nodes that registered with an activation can be removed: others were not registered here. */
const isRemovable = (node: NodeRow) => node.InstanceId.startsWith('mi-');

export function BulkDeregister({ chosen, onClose, onDone }: Props & { onDone: () => void }) {
  const { t, number } = useText();
  const blocked = useBlocked();
  const refresh = useRefresh();
  const [typed, setTyped] = useState('');
  // As it was asked: afterwards nothing is selected any more.
  const [count] = useState(chosen.selection.count);
  const word = String(count);
  const why = blocked ?? (isTyped(word, typed) || isTyped(number(count), typed) ? undefined : t('typed.missing', { word }));
  return (
    <BulkDialog<NodeRow>
      title={t('nodes.bulkDeregister', { count })}
      action={t('nodes.deregisterMany', { count })}
      disabledReason={why}
      gather={(onProgress, signal) => nodesOf(chosen, onProgress, signal).then((nodes) => nodes.filter(isRemovable))}
      plan={(node) => [{ operation: 'DeregisterManagedInstance', input: { InstanceId: node.InstanceId } }]}
      work={async (node, token) => {
        await call('DeregisterManagedInstance', { InstanceId: node.InstanceId }, token);
      }}
      nameOf={nodeName}
      done={(done) => t('nodes.bulkDeregistered', { count: done })}
      failed={t('nodes.failed')}
      onClose={onClose}
      onChanged={() => {
        refresh();
        onDone();
      }}
    >
      <Alert type="warning">{t('nodes.deregisterManyText')}</Alert>
      {!chosen.selection.all && chosen.selection.items.some((node) => !isRemovable(node)) && <Box color="text-body-secondary">{t('nodes.deregisterOnly')}</Box>}
      <FormField label={t('typed.label')} description={<span className="qd-id qd-typed">{word}</span>}>
        <Input value={typed} onChange={({ detail }) => setTyped(detail.value)} autoComplete={false} inputMode="numeric" name="typed-confirmation" />
      </FormField>
    </BulkDialog>
  );
}
