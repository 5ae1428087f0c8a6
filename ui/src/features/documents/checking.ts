/** A document checked while it is typed: the hub is asked with every pause, so what the editor says is what the hub would say. */
import { autocompletion, type CompletionContext, type CompletionResult, completionKeymap } from '@codemirror/autocomplete';
import { type Diagnostic, linter, lintGutter, lintKeymap } from '@codemirror/lint';
import { type Extension, type Text as Lines } from '@codemirror/state';
import { keymap } from '@codemirror/view';
import { suggestionsAt } from './completion';
import type { Format } from './place';

export interface Problem {
  code: string;
  message: string;
}

/** Where a problem is, as far as its text tells: at a line it names, or at a name it quotes. */
export function spotOf(message: string, text: Lines): { from: number; to: number } {
  const [, line, column] = /\bline (\d+)(?:,? column (\d+))?/.exec(message) ?? [];
  if (line !== undefined) {
    const at = text.line(Math.min(Math.max(1, Number(line)), text.lines));
    const from = Math.min(at.to, at.from + Math.max(0, Number(column ?? 1) - 1));
    return { from: Math.min(from, at.from), to: at.to };
  }
  const whole = text.toString();
  for (const [, name] of message.matchAll(/`([^`]+)`/g)) {
    // A name is at home where it is said what it is: as a name, a key or an action.
    for (const place of [new RegExp(`(?:name|action)["']?\\s*:\\s*["']?${escaped(name)}\\b`), new RegExp(`["']?${escaped(name)}["']?\\s*:`), new RegExp(escaped(name))]) {
      const found = place.exec(whole);
      if (found) return { from: found.index, to: found.index + found[0].length };
    }
  }
  const [, named] = /\b(schemaVersion|mainSteps|runtimeConfig|parameters|description)\b/.exec(message) ?? [];
  const key = named === undefined ? undefined : new RegExp(`["']?${named}["']?\\s*:`).exec(whole);
  if (key) return { from: key.index, to: key.index + key[0].length };
  return { from: 0, to: text.line(1).to };
}

function escaped(name = ''): string {
  return name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** Milliseconds without a key before the hub is asked. */
const PAUSE = 400;

interface Options {
  format: Format | 'TEXT';
  /** Completion knows Command documents alone. */
  completes: boolean;
  check: (content: string) => Promise<Problem | undefined>;
  /** What a suggested plugin is called beside its name. */
  runBy: { ours: string; elsewhere: string };
}

export function documentChecks({ format, completes, check, runBy }: Options): Extension {
  const source = async (view: { state: { doc: Lines } }): Promise<Diagnostic[]> => {
    const { doc } = view.state;
    const problem = await check(doc.toString());
    return problem ? [{ ...spotOf(problem.message, doc), severity: 'error', message: problem.message }] : [];
  };
  const complete = (context: CompletionContext): CompletionResult | null => {
    if (format === 'TEXT') return null;
    const found = suggestionsAt(context.state.doc.toString(), context.pos, format);
    if (!found) return null;
    // Unasked, only where something was begun: an empty line is often meant to be empty.
    if (!context.explicit && found.from === context.pos && !/(\{\{\s*|: |")$/.test(context.state.sliceDoc(Math.max(0, context.pos - 8), context.pos))) return null;
    return {
      from: found.from,
      options: found.options.map(({ label, kind, text }) => ({
        label,
        apply: text,
        type: kind === 'key' ? 'property' : kind === 'parameter' ? 'variable' : 'constant',
        detail: kind === 'plugin' ? runBy.ours : kind === 'pluginElsewhere' ? runBy.elsewhere : undefined,
      })),
      validFor: /^[\w$.:/-]*$/,
    };
  };
  return [
    linter(source, { delay: PAUSE }),
    lintGutter(),
    keymap.of([...lintKeymap, ...(completes ? completionKeymap : [])]),
    completes ? autocompletion({ override: [complete], icons: false }) : [],
  ];
}
