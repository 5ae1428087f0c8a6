/** Changes of a node's tags, and what takes them back. */
import { host, type PlannedCall } from '../../host';
import type { Tag } from '../../api/operations';
import type { TagField } from '../../components/TagFields';

export type NodeTags = Record<string, string>;

export interface TagChange {
  added: Tag[];
  /** Keys. */
  removed: string[];
}

/**
 * What turns the tags as they were when editing began into those that were typed. Tags that someone else gave the node
 * meanwhile are in neither list: they stay.
 */
export function tagChanges(before: NodeTags, items: TagField[]): TagChange {
  const next = new Map(items.map((item) => [item.key.trim(), item.value]));
  return {
    added: [...next].filter(([key, value]) => before[key] !== value).map(([Key, Value]) => ({ Key, Value })),
    removed: Object.keys(before).filter((key) => !next.has(key)),
  };
}

export function isNoChange({ added, removed }: TagChange): boolean {
  return added.length === 0 && removed.length === 0;
}

/** What a change does to these tags, without what it leaves as it is. */
export function effectOn(before: NodeTags, { added, removed }: TagChange): TagChange {
  return {
    added: added.filter((tag) => before[tag.Key ?? ''] !== tag.Value),
    removed: removed.filter((key) => Object.hasOwn(before, key)),
  };
}

/** What takes a change back, given the tags there were before it. */
export function inverse(before: NodeTags, { added, removed }: TagChange): TagChange {
  const had = (key: string) => Object.hasOwn(before, key);
  const restored = [...added.map((tag) => tag.Key ?? ''), ...removed].filter(had);
  return { added: restored.map((Key) => ({ Key, Value: before[Key] ?? '' })), removed: added.map((tag) => tag.Key ?? '').filter((key) => !had(key)) };
}

/** The calls of a change. Added first: a failure in between leaves a tag too many, not one too few. */
export function tagCalls(node: string, { added, removed }: TagChange): PlannedCall[] {
  const resource = { ResourceType: 'ManagedInstance', ResourceId: node } as const;
  return [
    ...(added.length > 0 ? [{ operation: 'AddTagsToResource', input: { ...resource, Tags: added } }] : []),
    ...(removed.length > 0 ? [{ operation: 'RemoveTagsFromResource', input: { ...resource, TagKeys: removed } }] : []),
  ];
}

/** Makes a change. A protected connection asks once for it, or `token` is the answer to the action that it is part of. */
export async function applyTags(node: string, change: TagChange, token?: string): Promise<void> {
  const calls = tagCalls(node, change);
  const given = token ?? (calls.length > 1 ? await host.permit?.(calls) : undefined);
  for (const { operation, input } of calls) await host.call(operation, input, given);
}
