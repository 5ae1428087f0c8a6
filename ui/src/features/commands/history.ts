/** The filter of the command history, between Cloudscape's tokens and the filters of ListCommands (semantics 2.5). */
import type { PropertyFilterProps } from '@cloudscape-design/components/property-filter';
import type { CommandFilter } from '../../api/operations';

export const STAGES = ['Executing', 'Complete'];
export const COMMAND_STATUSES = ['Pending', 'InProgress', 'Success', 'Cancelled', 'Failed', 'TimedOut', 'AccessDenied', 'DeliveryTimedOut', 'ExecutionTimedOut', 'Incomplete', 'NoInstancesInTag', 'LimitExceeded'];
export const KEYS = ['Status', 'ExecutionStage', 'DocumentName', 'InvokedAfter', 'InvokedBefore'] as const;
type Key = (typeof KEYS)[number];

export type HistoryFilter = Partial<Record<Key, string>>;

export function isHistoryFilter(value: unknown): value is HistoryFilter {
  return typeof value === 'object' && value !== null && Object.entries(value).every(([key, item]) => KEYS.includes(key as Key) && typeof item === 'string');
}

/** `2026-11-22` or `2026-11-22T10:00` in the time zone of the person → the instant, as the API takes it. */
export function instantOf(text: string): string | undefined {
  const local = /^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00` : text;
  const date = new Date(local);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString().replace(/\.\d{3}Z$/, 'Z');
}

/** The API takes each key once; the last one given counts. */
export function fromQuery(query: PropertyFilterProps.Query): HistoryFilter {
  const filter: HistoryFilter = {};
  for (const token of query.tokens) {
    if (token.propertyKey && KEYS.includes(token.propertyKey as Key) && token.value) filter[token.propertyKey as Key] = String(token.value);
    else if (!token.propertyKey && token.value) filter.DocumentName = String(token.value);
  }
  return filter;
}

export function toQuery(filter: HistoryFilter): PropertyFilterProps.Query {
  return { operation: 'and', tokens: KEYS.flatMap((key) => (filter[key] ? [{ propertyKey: key, operator: '=', value: filter[key] }] : [])) };
}

/** A time in the filter that is none: left out, more would be shown than was asked for. */
export function badTime(filter: HistoryFilter): string | undefined {
  return [filter.InvokedAfter, filter.InvokedBefore].find((value) => value && instantOf(value) === undefined);
}

/** The filters of ListCommands. Only for a filter without a `badTime`. */
export function toWire(filter: HistoryFilter): CommandFilter[] | undefined {
  const filters = KEYS.flatMap((key): CommandFilter[] => {
    const value = filter[key];
    if (!value) return [];
    return [{ key, value: key.startsWith('Invoked') ? (instantOf(value) ?? value) : value }];
  });
  return filters.length > 0 ? filters : undefined;
}
