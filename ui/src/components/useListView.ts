/** A list whose filter, order and columns stand in its address, so that a link shows what its sender saw, and can be saved as views. */
import { type ListSearch, listPath } from './listAddress';
import { sameName, useSavedViews } from './savedViews';
import { displayOf } from './tablePreferences';
import type { List } from './useList';
import type { ViewsProps } from './ViewControls';

interface Options<T> {
  path: string;
  list: List<T>;
  /** Every column there is, in the order of the page. */
  columns: readonly { id?: string }[];
  search: ListSearch;
  change: (next: ListSearch) => void;
}

export function useListView<T>({ path, list, columns, search, change }: Options<T>): { list: List<T>; views: ViewsProps } {
  const saved = useSavedViews(list.name, list.initial, list.sizes);
  const linked = search.columns;
  const preferences = linked ? { ...list.preferences, visible: linked, order: linked } : list.preferences;
  const shown = displayOf(columns.map(({ id = '' }, index) => ({ id, fixed: index === 0 })), preferences).filter(({ visible }) => visible);
  const { q = '', sort, order } = search;
  const plain = { view: undefined, columns: undefined };
  return {
    list: {
      ...list,
      preferences,
      setPreferences: (next) => {
        list.setPreferences(next);
        if (linked) change({ columns: undefined });
      },
    },
    views: {
      ...saved,
      current: saved.views.find((view) => search.view !== undefined && sameName(view.name, search.view)),
      now: { name: '', q, sort, order, columns: preferences },
      path: listPath(path, { q, sort, order, columns: shown.map(({ id }) => id) }),
      open: (view) => {
        if (view) list.setPreferences(view.columns);
        change(view ? { ...plain, q: view.q || undefined, sort: view.sort, order: view.order, view: view.name } : { ...plain, q: undefined, sort: undefined, order: undefined });
      },
    },
  };
}
