/**
 * Everything that can be done by name or by keys: the palette lists it, the keys run it, the sheet of keys shows it.
 *
 * A feature adds its own in one line, for good (`registerActions` beside its code) or while its page is shown (`useActions`):
 *
 *   registerActions({ id: 'nodes.add', text: 'nav.addNode', keys: 'G A', run: ({ open }) => open('/activations') });
 */
import { useEffect, useRef } from 'react';
import type { TextKey, Values } from '../i18n';
import { createStore } from '../lib/store';
import { objection } from './keymap';

export interface ActionContext {
  open: (path: string) => void;
}

export interface Action {
  /** Stays the same over versions: how often it is used is kept under it. */
  id: string;
  text: TextKey;
  values?: Values;
  /** Where it stands in the sheet of keys and in the palette; `page` is what belongs to the page in view. */
  group?: 'action' | 'go' | 'page';
  /** Other words that people look for, in both languages. */
  also?: string;
  /** See `keymap.ts`. */
  keys?: string;
  /** The page listens to the keys itself; they are only shown. */
  keysElsewhere?: boolean;
  /** Why it cannot be done now: it is shown with this and does nothing. */
  blocked?: () => TextKey | undefined;
  run: (context: ActionContext) => void;
}

export const actions = createStore<readonly Action[]>([]);

/** Adds actions; the way to take them out again. Keys that something else has are left out, and said to whoever develops. */
export function registerActions(...added: Action[]): () => void {
  actions.set((now) => {
    const others = now.filter((action) => !added.some((one) => one.id === action.id));
    const keys = others.flatMap((action) => action.keys ?? []);
    const sound = added.map((action) => {
      const problem = action.keys === undefined ? undefined : objection(action.keys, keys);
      if (problem === undefined) {
        if (action.keys) keys.push(action.keys);
        return action;
      }
      // oxlint-disable-next-line no-console -- for whoever develops; the browser tests take it for a failure of the page
      console.error(`action ${action.id}: ${problem}`);
      return { ...action, keys: undefined };
    });
    return [...others, ...sound];
  });
  return () => actions.set((now) => now.filter((action) => !added.some((one) => one.id === action.id)));
}

/** Actions of the page in view, gone with it. They may close over the page's state: the newest one runs. */
export function useActions(list: Action[]): void {
  const newest = useRef(list);
  useEffect(() => {
    newest.current = list;
  });
  const shape = JSON.stringify(list.map(({ id, text, values, also, keys }) => ({ id, text, values, also, keys })));
  useEffect(() => {
    const of = (id: string) => newest.current.find((action) => action.id === id);
    return registerActions(
      ...newest.current.map((action): Action => ({
        ...action,
        group: 'page',
        blocked: () => of(action.id)?.blocked?.(),
        run: (context) => of(action.id)?.run(context),
      })),
    );
  }, [shape]);
}
