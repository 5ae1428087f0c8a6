/** How a person wants their terminals: kept by the host, one choice for every terminal. */
import * as z from 'zod/mini';
import { host } from '../../host';
import { createStore } from '../../lib/store';

const Schema = z.object({
  fontSize: z.catch(z.number().check(z.minimum(8), z.maximum(40)), 13),
  /** Families in CSS form; empty: those of the console. */
  fontFamily: z.catch(z.string().check(z.maxLength(200)), ''),
  lineHeight: z.catch(z.number().check(z.minimum(1), z.maximum(2)), 1.2),
  cursor: z.catch(z.enum(['block', 'underline', 'bar']), 'block'),
  blink: z.catch(z.boolean(), false),
  scrollback: z.catch(z.number().check(z.minimum(0), z.maximum(200_000)), 10_000),
  renderer: z.catch(z.enum(['auto', 'dom', 'webgl']), 'auto'),
  screenReader: z.catch(z.boolean(), false),
  pasteWarning: z.catch(z.enum(['lines', 'plain-lines', 'never']), 'lines'),
  copyOnSelect: z.catch(z.boolean(), false),
});
export type TerminalSettings = z.infer<typeof Schema>;

const STORED = 'terminal.settings';
export const LEAST_FONT = 8;
export const MOST_FONT = 40;
const FONT = 13;

function parse(text: string | undefined): TerminalSettings {
  let value: unknown = {};
  try {
    value = JSON.parse(text ?? '{}');
  } catch {
    // Damaged is the same as none.
  }
  const parsed = Schema.safeParse(typeof value === 'object' && value !== null ? value : {});
  return parsed.success ? parsed.data : Schema.parse({});
}

export const terminalSettings = createStore<TerminalSettings>(parse(undefined));

let loaded: Promise<void> | undefined;

/** Reads them once; later calls wait for the same read. */
export function loadTerminalSettings(): Promise<void> {
  loaded ??= host.settingsGet(STORED).then(
    (text) => terminalSettings.set(parse(text)),
    // A terminal with the usual settings is still a terminal.
    () => undefined,
  );
  return loaded;
}

export async function changeTerminalSettings(change: Partial<TerminalSettings>): Promise<void> {
  const next = parse(JSON.stringify({ ...terminalSettings.get(), ...change }));
  terminalSettings.set(next);
  await host.settingsSet(STORED, JSON.stringify(next)).catch(() => undefined);
}

export function zoom(step: -1 | 0 | 1): void {
  const now = terminalSettings.get().fontSize;
  const next = step === 0 ? FONT : Math.min(Math.max(now + step, LEAST_FONT), MOST_FONT);
  void changeTerminalSettings({ fontSize: next });
}
