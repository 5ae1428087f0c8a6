import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { call } from '../../api/call';
import type { NodeRow } from '../../api/extension';
import { flash } from '../../app/flash';
import { Confirm } from '../../components/Confirm';
import { TagFields, tagProblem } from '../../components/TagFields';
import { useText } from '../../i18n';
import { nodeName } from './columns';

export function EditTags({ node, onClose }: { node: NodeRow; onClose: () => void }) {
  const { t } = useText();
  const client = useQueryClient();
  const [items, setItems] = useState(() => Object.entries(node.Tags).map(([key, value]) => ({ key, value })));
  const problem = tagProblem(items);
  const save = async () => {
    const resource = { ResourceType: 'ManagedInstance', ResourceId: node.InstanceId } as const;
    const next = new Map(items.map((item) => [item.key.trim(), item.value]));
    const gone = Object.keys(node.Tags).filter((key) => !next.has(key));
    const changed = [...next].filter(([key, value]) => node.Tags[key] !== value).map(([Key, Value]) => ({ Key, Value }));
    if (gone.length > 0) await call('RemoveTagsFromResource', { ...resource, TagKeys: gone });
    if (changed.length > 0) await call('AddTagsToResource', { ...resource, Tags: changed });
    await Promise.all([client.invalidateQueries({ queryKey: ['node', node.InstanceId] }), client.invalidateQueries({ queryKey: ['nodes'] })]);
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
      disabledReason={problem && t(problem)}
    >
      <TagFields items={items} onChange={setItems} add={t('nodes.addTag')} empty={t('nodes.noTagsHint')} />
    </Confirm>
  );
}
