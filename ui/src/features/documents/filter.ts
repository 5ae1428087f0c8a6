/** The filter of the document list, between tokens and the filters of ListDocuments (semantics 3.5). */
import type { PropertyFilterProps } from '@cloudscape-design/components/property-filter';

export interface DocumentFilter {
  Key: string;
  Values: string[];
}

/** Owner takes one value; of the other keys several values are alternatives. Free text is the beginning of a name. */
export function fromQuery(query: PropertyFilterProps.Query): DocumentFilter[] {
  const filters = new Map<string, string[]>();
  for (const token of query.tokens) {
    const key = token.propertyKey ?? 'Name';
    const value = String(token.value ?? '').trim();
    if (value === '') continue;
    filters.set(key, key === 'Owner' ? [value] : [...new Set([...(filters.get(key) ?? []), value])]);
  }
  return [...filters].map(([Key, Values]) => ({ Key, Values }));
}

export function toQuery(filters: DocumentFilter[]): PropertyFilterProps.Query {
  return { operation: 'and', tokens: filters.flatMap((item) => item.Values.map((value) => ({ propertyKey: item.Key, operator: '=', value }))) };
}
