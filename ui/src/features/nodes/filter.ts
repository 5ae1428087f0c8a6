/** The node list's filter, between its three forms: the address, Cloudscape's tokens, and what the hub is asked. */
import type { PropertyFilterProps } from '@cloudscape-design/components/property-filter';
import type { NodeFilter } from '../../api/extension';

/** The address of the node list with a filter: a link people can keep. */
export function nodesPath(filter: NodeFilter[], search = ''): string {
  const query = new URLSearchParams();
  if (filter.length > 0) query.set('filter', JSON.stringify(filter));
  if (search) query.set('search', search);
  const text = query.toString();
  return text ? `/nodes?${text}` : '/nodes';
}

export function isNodeFilter(value: unknown): value is NodeFilter[] {
  return (
    Array.isArray(value) &&
    value.every(
      (item) => typeof item === 'object' && item !== null && typeof item.Key === 'string' && Array.isArray(item.Values) && item.Values.every((v: unknown) => typeof v === 'string'),
    )
  );
}

/** `tag:KEY=VALUE` typed as text: a tag that no node in view has is not offered as a property. */
function typedTag(text: string): { key: string; value: string } | undefined {
  const match = /^\s*tag:([^=]*[^=\s])\s*=\s*(.*?)\s*$/s.exec(text);
  return match ? { key: `tag:${match[1]?.trim()}`, value: match[2] ?? '' } : undefined;
}

/** Free text becomes the search; tokens of one property become one filter whose values are alternatives. */
export function fromQuery(query: PropertyFilterProps.Query): { filter: NodeFilter[]; search: string } {
  const filter: NodeFilter[] = [];
  const search: string[] = [];
  for (const token of query.tokens) {
    const text = String(token.value ?? '');
    const tag = token.propertyKey ? undefined : typedTag(text);
    const key = token.propertyKey ?? tag?.key;
    const value = tag?.value ?? text;
    if (key === undefined) {
      search.push(text);
      continue;
    }
    const found = filter.find((item) => item.Key === key);
    if (!found) filter.push({ Key: key, Values: [value] });
    else if (!found.Values.includes(value)) found.Values.push(value);
  }
  return { filter, search: search.join(' ') };
}

export function toQuery(filter: NodeFilter[], search: string): PropertyFilterProps.Query {
  const tokens: PropertyFilterProps.Token[] = filter.flatMap((item) => item.Values.map((value) => ({ propertyKey: item.Key, operator: '=', value })));
  if (search) tokens.push({ operator: ':', value: search });
  return { tokens, operation: 'and' };
}
