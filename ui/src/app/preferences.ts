/**
 * What a person chose about the console: language, theme, density, when to be notified.
 *
 * Kept by the host; a copy in `localStorage` lets the very first paint have the right colours without waiting for it.
 */
import { applyDensity, applyMode, Density, Mode } from '@cloudscape-design/global-styles';
import * as z from 'zod/mini';
import { host } from '../host';
import { createStore } from '../lib/store';

const Schema = z.object({
  language: z.catch(z.enum(['system', 'en', 'ko']), 'system'),
  theme: z.catch(z.enum(['system', 'light', 'dark']), 'system'),
  density: z.catch(z.enum(['comfortable', 'compact']), 'comfortable'),
  notifications: z.catch(z.enum(['all', 'failed', 'none']), 'all'),
  quietHours: z.catch(z.nullable(z.object({ from: z.string().check(z.regex(/^([01]\d|2[0-3]):[0-5]\d$/)), to: z.string().check(z.regex(/^([01]\d|2[0-3]):[0-5]\d$/)) })), null),
  navigationOpen: z.catch(z.boolean(), true),
});

export type Preferences = z.infer<typeof Schema>;
export type Language = 'en' | 'ko';

const STORED = 'preferences';
const MIRROR = 'quarterdeck.preferences';

function parse(text: string | null | undefined): Preferences {
  let value: unknown = {};
  try {
    value = JSON.parse(text ?? '{}');
  } catch {
    // A damaged copy is the same as none.
  }
  const parsed = Schema.safeParse(typeof value === 'object' && value !== null ? value : {});
  return parsed.success ? parsed.data : Schema.parse({});
}

export const preferences = createStore<Preferences>(parse(localStorage.getItem(MIRROR)));

export function languageOf(value: Preferences): Language {
  if (value.language !== 'system') return value.language;
  return navigator.language.toLowerCase().startsWith('ko') ? 'ko' : 'en';
}

export async function changePreferences(change: Partial<Preferences>): Promise<void> {
  const next = { ...preferences.get(), ...change };
  preferences.set(next);
  const text = JSON.stringify(next);
  localStorage.setItem(MIRROR, text);
  await host.settingsSet(STORED, text);
}

export async function loadPreferences(): Promise<void> {
  const text = await host.settingsGet(STORED).catch(() => undefined);
  if (text === undefined) return;
  preferences.set(parse(text));
  localStorage.setItem(MIRROR, text);
}

const systemDark = window.matchMedia('(prefers-color-scheme: dark)');

export function isDark(value: Preferences): boolean {
  return value.theme === 'dark' || (value.theme === 'system' && systemDark.matches);
}

function applyLook(): void {
  const value = preferences.get();
  applyMode(isDark(value) ? Mode.Dark : Mode.Light);
  applyDensity(value.density === 'compact' ? Density.Compact : Density.Comfortable);
  document.documentElement.style.colorScheme = isDark(value) ? 'dark' : 'light';
}

/** Follows the choice and the system from now on. */
export function followLook(): void {
  applyLook();
  preferences.subscribe(applyLook);
  systemDark.addEventListener('change', applyLook);
}
