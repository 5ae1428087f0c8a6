/** The filter of the document list, between tokens and the filters of ListDocuments (semantics 3.5). */
import type { PropertyFilterProps } from '@cloudscape-design/components/property-filter';

export interface DocumentFilter {
  Key: string;
  Values: string[];
}

/** Owner takes one value; of the other keys several values are alternatives. Free text is the beginning of a name, or `tag:KEY=VALUE`. */
export function fromQuery(query: PropertyFilterProps.Query): DocumentFilter[] {
  const filters = new Map<string, string[]>();
  for (const token of query.tokens) {
    const text = String(token.value ?? '').trim();
    const tag = token.propertyKey ? null : /^tag:([^=]*[^=\s])\s*=\s*(.*)$/s.exec(text);
    const key = token.propertyKey ?? (tag ? `tag:${tag[1]}` : 'Name');
    const value = tag ? (tag[2] ?? '') : text;
    if (value === '' && !tag) continue;
    // The API takes one tag key; the last one given counts, as with the owner.
    if (key.startsWith('tag:')) for (const other of filters.keys()) if (other.startsWith('tag:') && other !== key) filters.delete(other);
    filters.set(key, key === 'Owner' ? [value] : [...new Set([...(filters.get(key) ?? []), value])]);
  }
  return [...filters].map(([Key, Values]) => ({ Key, Values }));
}

export function toQuery(filters: DocumentFilter[]): PropertyFilterProps.Query {
  return { operation: 'and', tokens: filters.flatMap((item) => item.Values.map((value) => ({ propertyKey: item.Key, operator: '=', value }))) };
}
