/**
 * Which rows of a list are selected, when the list has more rows than a page: some of them by hand, on any page, or all that
 * match, without reading them.
 */
import { useState } from 'react';

interface State<T> {
  /** The list it belongs to: another filter selects nothing. */
  identity: string;
  all: boolean;
  /** With `all`, those taken out of it; otherwise those selected. */
  items: Map<string, T>;
}

export interface Selection<T> {
  all: boolean;
  /** How many; not known exactly while `all` and the total is not. */
  count: number;
  /** Selected by hand. Empty when `all`. */
  items: T[];
  /** With `all`, the keys of those taken out. */
  except: ReadonlySet<string>;
  /** Of the rows of this page. */
  shown: T[];
  change: (selected: readonly T[]) => void;
  selectAll: () => void;
  clear: () => void;
}

/** What the table says is selected of a page, on top of what is selected elsewhere. */
export function merge<T>(state: Pick<State<T>, 'all' | 'items'>, page: readonly T[], selected: readonly T[], keyOf: (item: T) => string): Map<string, T> {
  const next = new Map(state.items);
  const on = new Set(selected.map(keyOf));
  for (const item of page) {
    const key = keyOf(item);
    if (on.has(key) !== state.all) next.set(key, item);
    else next.delete(key);
  }
  return next;
}

export function useSelection<T>(identity: string, page: readonly T[], total: number | undefined, keyOf: (item: T) => string): Selection<T> {
  const [kept, setKept] = useState<State<T>>({ identity, all: false, items: new Map() });
  const state: State<T> = kept.identity === identity ? kept : { identity, all: false, items: new Map() };
  const { all, items } = state;
  return {
    all,
    count: all ? Math.max(0, (total ?? page.length) - items.size) : items.size,
    items: all ? [] : [...items.values()],
    except: new Set(all ? items.keys() : []),
    shown: page.filter((item) => items.has(keyOf(item)) !== all),
    change: (selected) => setKept({ ...state, items: merge(state, page, selected, keyOf) }),
    selectAll: () => setKept({ identity, all: true, items: new Map() }),
    clear: () => setKept({ identity, all: false, items: new Map() }),
  };
}
