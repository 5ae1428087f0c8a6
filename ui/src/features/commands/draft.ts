/**
 * A command that is being written, kept when its page is left.
 *
 * In `sessionStorage`: it comes back after a look at another page or a reload, is gone when the window closes, and a secret
 * in a script never reaches a disk by our doing. One draft for each address of the form.
 */
import * as z from 'zod/mini';
import type { RunForm } from './runForm';

const PREFIX = 'quarterdeck.draft.';

const words = z.array(z.string());
const target = z.object({ Key: z.optional(z.string()), Values: z.optional(words) });
const Form = z.object({
  document: z.string(),
  version: z.string(),
  fields: z.record(z.string(), z.string()),
  given: z.record(z.string(), words),
  mode: z.enum(['ids', 'tags', 'tagKeys', 'before']),
  ids: words,
  tags: z.array(z.object({ key: z.string(), value: z.string() })),
  tagKeys: z.string(),
  before: z.optional(z.object({ InstanceIds: z.optional(words), Targets: z.optional(z.array(target)) })),
  kept: z.record(z.string(), z.unknown()),
  comment: z.string(),
  timeout: z.string(),
  concurrency: z.string(),
  errors: z.string(),
  hash: z.optional(z.string()),
});

export function draftOf(address: string): RunForm | undefined {
  try {
    const parsed = Form.safeParse(JSON.parse(sessionStorage.getItem(PREFIX + address) ?? ''));
    return parsed.success ? (parsed.data as RunForm) : undefined;
  } catch {
    // None, or a damaged one, which is the same as none.
    return undefined;
  }
}

/** Keeps the form when it differs from how it began. Returns whether it would survive leaving the page. */
export function keepDraft(address: string, form: RunForm, initial: RunForm): boolean {
  const text = JSON.stringify(form);
  try {
    if (text === JSON.stringify(initial)) sessionStorage.removeItem(PREFIX + address);
    else sessionStorage.setItem(PREFIX + address, text);
    return true;
  } catch {
    // Full, or storage is forbidden: what lies there from before is not what was typed.
    dropDraft(address);
    return text === JSON.stringify(initial);
  }
}

export function dropDraft(address: string): void {
  try {
    sessionStorage.removeItem(PREFIX + address);
  } catch {
    // Then there is none.
  }
}
