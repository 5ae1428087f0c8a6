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

/** Free text becomes the search; tokens of one property become one filter whose values are alternatives. */
export function fromQuery(query: PropertyFilterProps.Query): { filter: NodeFilter[]; search: string } {
  const filter: NodeFilter[] = [];
  const search: string[] = [];
  for (const token of query.tokens) {
    if (!token.propertyKey) {
      search.push(String(token.value));
      continue;
    }
    const found = filter.find((item) => item.Key === token.propertyKey);
    if (found) found.Values.push(String(token.value));
    else filter.push({ Key: token.propertyKey, Values: [String(token.value)] });
  }
  return { filter, search: search.join(' ') };
}

export function toQuery(filter: NodeFilter[], search: string): PropertyFilterProps.Query {
  const tokens: PropertyFilterProps.Token[] = filter.flatMap((item) => item.Values.map((value) => ({ propertyKey: item.Key, operator: '=', value })));
  if (search) tokens.push({ operator: ':', value: search });
  return { tokens, operation: 'and' };
}
