/** What turns the tags of a node, as they were when editing began, into those that were typed. */
import type { Tag } from '../../api/operations';
import type { TagField } from '../../components/TagFields';

/** Tags that someone else gave the node meanwhile are in neither list: they stay. */
export function tagChanges(before: Record<string, string>, items: TagField[]): { added: Tag[]; removed: string[] } {
  const next = new Map(items.map((item) => [item.key.trim(), item.value]));
  return {
    added: [...next].filter(([key, value]) => before[key] !== value).map(([Key, Value]) => ({ Key, Value })),
    removed: Object.keys(before).filter((key) => !next.has(key)),
  };
}
