/** How often and how lately each entry of the palette was chosen: what people use stands first. Kept by the host, bounded. */
import * as z from 'zod/mini';
import { host } from '../host';
import { createStore } from '../lib/store';

const STORED = 'paletteUse';
const KEPT = 200;
const HALF_LIFE_MS = 7 * 86_400_000;

const Schema = z.record(z.string(), z.tuple([z.number(), z.number()]));
/** By id: a weight, and when it had it. The weight halves every week. */
type Used = z.infer<typeof Schema>;

export const used = createStore<Used>({});

export function weightAt(entry: [number, number] | undefined, now: number): number {
  return entry ? entry[0] * 0.5 ** (Math.max(0, now - entry[1]) / HALF_LIFE_MS) : 0;
}

export function afterUse(table: Used, id: string, now: number): Used {
  const next: Used = { ...table, [id]: [weightAt(table[id], now) + 1, now] };
  const kept = Object.entries(next).sort((a, b) => weightAt(b[1], now) - weightAt(a[1], now));
  return Object.fromEntries(kept.slice(0, KEPT));
}

export async function loadUsed(): Promise<void> {
  const text = await host.settingsGet(STORED).catch(() => undefined);
  try {
    const parsed = Schema.safeParse(JSON.parse(text ?? '{}'));
    if (parsed.success) used.set(parsed.data);
  } catch {
    // A damaged table is the same as none.
  }
}

export function noteUse(id: string): void {
  used.set((now) => afterUse(now, id, Date.now()));
  // Not worth a word when it cannot be kept: it is for this window then.
  host.settingsSet(STORED, JSON.stringify(used.get())).catch(() => undefined);
}
