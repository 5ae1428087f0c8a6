/** Messages that outlive the page that caused them: shown once, at the top, by the shell. */
import { createStore } from '../lib/store';
import type { TextKey, Values } from '../i18n';

export interface Flash {
  id: number;
  type: 'success' | 'error' | 'warning' | 'info';
  text: TextKey;
  values?: Values;
  /** A page to go to, and the words of the button. */
  link?: { to: string; text: TextKey };
  /** Takes back what was done, while the message stands. `failed` is said when that does not work. */
  undo?: { run: () => Promise<void>; failed: TextKey };
}

export const flashes = createStore<Flash[]>([]);
let last = 0;
const KEPT = 5;
const SHOWN_MS = 8_000;
/** Somebody who sees that it was the wrong one needs time to find the way back. */
const UNDO_MS = 30_000;

export function flash(message: Omit<Flash, 'id'>): void {
  last += 1;
  const id = last;
  flashes.set((now) => [...now, { ...message, id }].slice(-KEPT));
  if (message.type === 'success') setTimeout(() => dismiss(id), message.undo ? UNDO_MS : SHOWN_MS);
}

export function dismiss(id: number): void {
  flashes.set((now) => now.filter((message) => message.id !== id));
}
