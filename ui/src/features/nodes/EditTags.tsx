import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { call } from '../../api/call';
import type { NodeRow } from '../../api/extension';
import { flash } from '../../app/flash';
import { useBlocked } from '../../app/useBlocked';
import { Confirm } from '../../components/Confirm';
import { TagFields, tagProblem } from '../../components/TagFields';
import { useText } from '../../i18n';
import { nodeName } from './columns';
import { tagChanges } from './tagChanges';

export function EditTags({ node, onClose }: { node: NodeRow; onClose: () => void }) {
  const { t } = useText();
  const client = useQueryClient();
  // As they are now: the node is read again while this is open, and what comes in then is not this person's change.
  const [before] = useState(node.Tags);
  const [items, setItems] = useState(() => Object.entries(before).map(([key, value]) => ({ key, value })));
  const problem = tagProblem(items);
  const blocked = useBlocked();
  const save = async () => {
    const resource = { ResourceType: 'ManagedInstance', ResourceId: node.InstanceId } as const;
    const { added, removed } = tagChanges(before, items);
    try {
      // Added first: a failure in between leaves a tag too many, not one too few.
      if (added.length > 0) await call('AddTagsToResource', { ...resource, Tags: added });
      if (removed.length > 0) await call('RemoveTagsFromResource', { ...resource, TagKeys: removed });
    } finally {
      await Promise.all([client.invalidateQueries({ queryKey: ['node', node.InstanceId] }), client.invalidateQueries({ queryKey: ['nodes'] })]);
    }
    flash({ type: 'success', text: 'nodes.tagsSaved', values: { name: nodeName(node) } });
  };
  return (
    <Confirm
      title={t('nodes.editTags')}
      action={t('nodes.saveTags')}
      dismiss={t('nodes.discardTags')}
      failed={t('nodes.tagsFailed')}
      onConfirm={save}
      onClose={onClose}
      disabledReason={problem ? t(problem) : blocked}
    >
      <TagFields items={items} onChange={setItems} add={t('nodes.addTag')} empty={t('nodes.noTagsHint')} />
    </Confirm>
  );
}
