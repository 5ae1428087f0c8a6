/**
 * What a person chose about the console: language, theme, density, when to be notified.
 *
 * Kept by the host; a copy in `localStorage` lets the very first paint have the right colours without waiting for it.
 */
import { applyDensity, applyMode, Density, Mode } from '@cloudscape-design/global-styles';
import * as z from 'zod/mini';
import { host } from '../host';
import { MOST_RULES, Rule } from '../features/notifications/rules';
import { createStore } from '../lib/store';

function isTimeZone(name: string): boolean {
  if (name === 'system') return true;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).format(0) !== '';
  } catch {
    return false;
  }
}

const Schema = z.object({
  language: z.catch(z.enum(['system', 'en', 'ko']), 'system'),
  theme: z.catch(z.enum(['system', 'light', 'dark']), 'system'),
  density: z.catch(z.enum(['comfortable', 'compact']), 'comfortable'),
  notifications: z.catch(z.enum(['all', 'failed', 'none']), 'all'),
  quietHours: z.catch(z.nullable(z.object({ from: z.string().check(z.regex(/^([01]\d|2[0-3]):[0-5]\d$/)), to: z.string().check(z.regex(/^([01]\d|2[0-3]):[0-5]\d$/)) })), null),
  navigationOpen: z.catch(z.boolean(), true),
  /** Read from the top; see `features/notifications/rules.ts`. */
  /** `system`, `UTC` or a name such as `Asia/Seoul`. */
  timeZone: z.catch(z.string().check(z.maxLength(64), z.refine(isTimeZone)), 'system'),
  /** `iso`: 2026-11-22 23:05:00 in every language. */
  dates: z.catch(z.enum(['language', 'iso']), 'language'),
  clock: z.catch(z.enum(['language', '12', '24']), 'language'),
  /** The first-run guide: there until it was put away. */
  guide: z.catch(z.enum(['shown', 'away']), 'shown'),
  notifyRules: z.catch(z.array(Rule).check(z.maxLength(MOST_RULES)), []),
});

export type Preferences = z.infer<typeof Schema>;
export type Language = 'en' | 'ko';

const STORED = 'preferences';
const MIRROR = 'quarterdeck.preferences';

/** What a text holds of choices; what it does not hold, or cannot be, is as at the first start. */
export function parsePreferences(text: string | null | undefined): Preferences {
  let value: unknown = {};
  try {
    value = JSON.parse(text ?? '{}');
  } catch {
    // A damaged copy is the same as none.
  }
  const parsed = Schema.safeParse(typeof value === 'object' && value !== null ? value : {});
  return parsed.success ? parsed.data : Schema.parse({});
}

export const preferences = createStore<Preferences>(parsePreferences(localStorage.getItem(MIRROR)));

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
  preferences.set(parsePreferences(text));
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
