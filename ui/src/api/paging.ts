/**
 * Lists that are paged by opaque tokens: remembers the token of every page seen, so that a person can go back, and reads
 * one page at a time, so that a refresh costs one call.
 */
import { keepPreviousData, type QueryKey, useQuery } from '@tanstack/react-query';
import { useState } from 'react';

export interface Page<T> {
  items: T[];
  nextToken?: string | null;
  total?: number;
}

export interface Paged<T> {
  items: T[];
  total?: number;
  page: number;
  pages: number;
  openEnd: boolean;
  loading: boolean;
  stale: boolean;
  error: unknown;
  go(page: number): void;
  refetch(): void;
}

export function usePaged<T>(key: QueryKey, read: (token: string | undefined) => Promise<Page<T>>, options: { refetchInterval?: number; enabled?: boolean } = {}): Paged<T> {
  const identity = JSON.stringify(key);
  const [place, setPlace] = useState<{ identity: string; tokens: (string | undefined)[]; page: number }>({ identity, tokens: [undefined], page: 0 });
  // Another filter or order is another list: its pages start anew.
  const current = place.identity === identity ? place : { identity, tokens: [undefined], page: 0 };
  const token = current.tokens[current.page];
  const query = useQuery({
    queryKey: [...key, token ?? ''],
    queryFn: () => read(token),
    placeholderData: keepPreviousData,
    refetchInterval: options.refetchInterval,
    enabled: options.enabled,
  });
  const next = query.isPlaceholderData ? undefined : query.data?.nextToken;
  const pages = current.tokens.length + (next && current.page === current.tokens.length - 1 ? 1 : 0);
  return {
    items: query.data?.items ?? [],
    total: query.data?.total,
    page: current.page,
    pages,
    openEnd: Boolean(next) && current.page === pages - 2,
    // Of the first reading only. Looking at `fetchStatus` would draw a long table anew for every reading that changes nothing.
    loading: query.isLoading,
    stale: query.isPlaceholderData,
    error: query.error,
    go(page) {
      if (page < current.tokens.length) setPlace({ ...current, page });
      else if (next) setPlace({ identity, tokens: [...current.tokens, next], page });
    },
    refetch: () => void query.refetch(),
  };
}

export interface Whole<T> {
  /** None, when they were handed on page by page. */
  items: T[];
  /** Of all that were read; absent where `items` are all. */
  count?: number;
  /** The list goes on beyond the limit. */
  cut: boolean;
}

/**
 * Every item of a paged list, up to `limit`. `signal` ends it between two pages, with the signal's reason; `onPage` takes each
 * page, which then is not gathered.
 */
export async function readUpTo<T>(
  read: (token: string | undefined) => Promise<Page<T>>,
  limit: number,
  onProgress?: (count: number) => void,
  signal?: AbortSignal,
  onPage?: (items: T[]) => Promise<void>,
): Promise<Whole<T>> {
  const items: T[] = [];
  let count = 0;
  let token: string | undefined;
  let cut = false;
  do {
    signal?.throwIfAborted();
    const page: Page<T> = await read(token);
    const wanted = page.items.slice(0, limit - count);
    cut = wanted.length < page.items.length;
    count += wanted.length;
    if (onPage) await onPage(wanted);
    else items.push(...wanted);
    onProgress?.(count);
    token = page.nextToken || undefined;
  } while (token && count < limit);
  return { items, count, cut: cut || token !== undefined };
}

export async function readAll<T>(read: (token: string | undefined) => Promise<Page<T>>, limit: number): Promise<T[]> {
  return (await readUpTo(read, limit)).items;
}
