/** Ways of looking at a list that a person gave a name: filter, order, columns. Kept by the host, one entry a list. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import * as z from 'zod/mini';
import { host } from '../host';
import { readPreferences, type TablePreferences } from './tablePreferences';

export interface SavedView {
  name: string;
  /** The filter, as text: see `filterGrammar`. */
  q: string;
  sort?: string;
  order?: 'asc' | 'desc';
  columns: TablePreferences;
}

export const MAX_VIEWS = 50;
export const MAX_VIEW_NAME = 80;
const View = z.object({
  name: z.string().check(z.minLength(1), z.maxLength(MAX_VIEW_NAME)),
  q: z.string().check(z.maxLength(10_000)),
  sort: z.catch(z.optional(z.string()), undefined),
  order: z.catch(z.optional(z.enum(['asc', 'desc'])), undefined),
  columns: z.unknown(),
});

/** The views of a stored text; one that is damaged is left out, and the others stay. */
export function readViews(text: string | undefined, initial: TablePreferences, sizes: readonly number[]): SavedView[] {
  let value: unknown;
  try {
    value = JSON.parse(text ?? '[]');
  } catch {
    return [];
  }
  if (!Array.isArray(value)) return [];
  return value.slice(0, MAX_VIEWS).flatMap((item): SavedView[] => {
    const parsed = View.safeParse(item);
    return parsed.success ? [{ ...parsed.data, columns: readPreferences(parsed.data.columns, initial, sizes) }] : [];
  });
}

export const sameName = (a: string, b: string): boolean => a.normalize('NFC').trim().toLowerCase() === b.normalize('NFC').trim().toLowerCase();

/** The list with this view under its name, by name in order. */
export function withView(views: readonly SavedView[], view: SavedView): SavedView[] {
  return [...views.filter((other) => !sameName(other.name, view.name)), view].sort((a, b) => a.name.localeCompare(b.name));
}

export interface SavedViews {
  views: SavedView[];
  save: (view: SavedView) => Promise<void>;
  remove: (name: string) => Promise<void>;
}

export function useSavedViews(list: string, initial: TablePreferences, sizes: readonly number[]): SavedViews {
  const client = useQueryClient();
  const key = ['views', list];
  const load = async () => readViews(await host.settingsGet(`views.${list}`), initial, sizes);
  const { data } = useQuery({ queryKey: key, queryFn: load, staleTime: 5_000 });
  // Read anew before every change: another window may have saved one meanwhile.
  const change = async (make: (views: SavedView[]) => SavedView[]) => {
    const next = make(await load());
    await host.settingsSet(`views.${list}`, JSON.stringify(next));
    client.setQueryData(key, next);
  };
  return {
    views: data ?? [],
    save: (view) => change((views) => withView(views, view)),
    remove: (name) => change((views) => views.filter((view) => !sameName(view.name, name))),
  };
}
