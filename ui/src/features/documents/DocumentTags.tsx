/** The tags of a document, edited in place: what others change meanwhile stays. */
import Button from '@cloudscape-design/components/button';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { call } from '../../api/call';
import type { DocumentDescription } from '../../api/operations';
import { flash } from '../../app/flash';
import { useBlocked } from '../../app/useBlocked';
import { Confirm } from '../../components/Confirm';
import { Empty } from '../../components/Empty';
import { TagFields, tagProblem } from '../../components/TagFields';
import { Tags } from '../../components/Tags';
import { useText } from '../../i18n';
import { tagChanges } from '../nodes/tagChanges';
import { fixedReason } from './DocumentActions';

export function DocumentTags({ document }: { document: DocumentDescription }) {
  const text = useText();
  const { t } = text;
  const fixed = fixedReason(document, useBlocked(), text);
  const [editing, setEditing] = useState(false);
  const tags = Object.fromEntries((document.Tags ?? []).map((tag) => [tag.Key ?? '', tag.Value ?? '']));
  return (
    <SpaceBetween size="m">
      {Object.keys(tags).length > 0 ? <Tags tags={tags} all /> : <Empty title={t('documents.noTags')} hint={t('documents.noTagsHint')} />}
      <Button disabled={Boolean(fixed)} disabledReason={fixed} onClick={() => setEditing(true)}>
        {t('nodes.editTags')}
      </Button>
      {editing && <Edit name={document.Name ?? ''} tags={tags} onClose={() => setEditing(false)} />}
    </SpaceBetween>
  );
}

function Edit({ name, tags, onClose }: { name: string; tags: Record<string, string>; onClose: () => void }) {
  const { t } = useText();
  const client = useQueryClient();
  const [before] = useState(tags);
  const [items, setItems] = useState(() => Object.entries(before).map(([key, value]) => ({ key, value })));
  const problem = tagProblem(items);
  const save = async () => {
    const resource = { ResourceType: 'Document', ResourceId: name } as const;
    const { added, removed } = tagChanges(before, items);
    try {
      // Added first: a failure in between leaves a tag too many, not one too few.
      if (added.length > 0) await call('AddTagsToResource', { ...resource, Tags: added });
      if (removed.length > 0) await call('RemoveTagsFromResource', { ...resource, TagKeys: removed });
    } finally {
      await Promise.all([client.invalidateQueries({ queryKey: ['document', name] }), client.invalidateQueries({ queryKey: ['documents'] })]);
    }
    flash({ type: 'success', text: 'nodes.tagsSaved', values: { name } });
  };
  return (
    <Confirm
      title={t('nodes.editTags')}
      action={t('nodes.saveTags')}
      dismiss={t('documents.discardTags')}
      failed={t('nodes.tagsFailed')}
      onConfirm={save}
      onClose={onClose}
      disabledReason={problem && t(problem)}
    >
      <TagFields items={items} onChange={setItems} add={t('nodes.addTag')} empty={t('documents.noTagsHint')} />
    </Confirm>
  );
}
