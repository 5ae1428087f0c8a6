/** Saves a change of one node's tags, and offers the way back. */
import { useQueryClient } from '@tanstack/react-query';
import { useCallback } from 'react';
import type { NodeRow } from '../../api/extension';
import { flash } from '../../app/flash';
import { nodeName } from './columns';
import { applyTags, effectOn, inverse, isNoChange, type TagChange } from './tagChanges';

/** Rejects with what the hub said; whatever came through of it is shown either way. */
export function useTagEdit(): (node: NodeRow, change: TagChange) => Promise<void> {
  const client = useQueryClient();
  return useCallback(
    async (node, change) => {
      const effect = effectOn(node.Tags, change);
      if (isNoChange(effect)) return;
      const refresh = () => Promise.all([client.invalidateQueries({ queryKey: ['node', node.InstanceId] }), client.invalidateQueries({ queryKey: ['nodes'] }), client.invalidateQueries({ queryKey: ['node-facets'] })]);
      try {
        await applyTags(node.InstanceId, effect);
      } finally {
        await refresh();
      }
      const back = inverse(node.Tags, effect);
      flash({
        type: 'success',
        text: 'nodes.tagsSaved',
        values: { name: nodeName(node) },
        undo: { run: () => applyTags(node.InstanceId, back).finally(refresh), failed: 'nodes.tagsFailed' },
      });
    },
    [client],
  );
}
