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
}

export const flashes = createStore<Flash[]>([]);
let last = 0;
const KEPT = 5;

export function flash(message: Omit<Flash, 'id'>): void {
  last += 1;
  const id = last;
  flashes.set((now) => [...now, { ...message, id }].slice(-KEPT));
  if (message.type === 'success') setTimeout(() => dismiss(id), 8_000);
}

export function dismiss(id: number): void {
  flashes.set((now) => now.filter((message) => message.id !== id));
}
