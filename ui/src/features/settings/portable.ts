/**
 * The settings as a file, to be carried to another machine or kept. Only what is named here goes into it: choices of a person, no
 * key, no secret, no notice, nothing of what is managed. What comes back is checked as if a stranger had written it.
 */
import * as z from 'zod/mini';
import { parsePreferences, type Preferences } from '../../app/preferences';

/** Settings of the app that a file may carry, and what each may be. */
const APP = { trayIcon: ['colour', 'light', 'dark'], closeWithoutTray: ['ask', 'minimise', 'quit'] } as const;
export type AppSetting = keyof typeof APP;
export const APP_SETTINGS = Object.keys(APP) as AppSetting[];

/** Settings of tables: `table.nodes` and the like. */
const TABLE = /^table\.[a-z-]{1,40}$/;
export const TABLES = ['nodes', 'commands', 'documents', 'activations', 'invocations', 'sessions', 'parameters'].map((name) => `table.${name}`);
const LONGEST_TABLE = 20_000;
/** Longest file that is read, in characters. */
export const LONGEST_FILE = 512 * 1024;

const File_ = z.object({
  quarterdeck: z.literal('settings'),
  version: z.literal(1),
  preferences: z.record(z.string(), z.unknown()),
  app: z.catch(z.record(z.string(), z.string()), {}),
  tables: z.catch(z.record(z.string(), z.string()), {}),
});

export interface Portable {
  preferences: Preferences;
  app: Partial<Record<AppSetting, string>>;
  tables: Record<string, string>;
}

export function toFile(settings: Portable): string {
  return `${JSON.stringify({ quarterdeck: 'settings', version: 1, ...settings }, null, 2)}\n`;
}

function isJson(text: string): boolean {
  try {
    return typeof JSON.parse(text) === 'object';
  } catch {
    return false;
  }
}

/** What a file holds; undefined when it is no file of settings. Unknown members and values that cannot be are left out. */
export function fromFile(text: string): Portable | undefined {
  if (text.length > LONGEST_FILE) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const parsed = File_.safeParse(value);
  if (!parsed.success) return undefined;
  const { preferences, app, tables } = parsed.data;
  return {
    preferences: parsePreferences(JSON.stringify(preferences)),
    app: Object.fromEntries(APP_SETTINGS.flatMap((key) => (APP[key] as readonly string[]).includes(app[key] ?? '') ? [[key, app[key]]] : [])),
    tables: Object.fromEntries(Object.entries(tables).filter(([key, held]) => TABLE.test(key) && held.length <= LONGEST_TABLE && isJson(held))),
  };
}
