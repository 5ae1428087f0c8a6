/** A document that is being written, kept when its page is left: see `commands/draft.ts` for why it is kept so. */
import * as z from 'zod/mini';

const PREFIX = 'quarterdeck.document.';
const Draft = z.object({
  name: z.string(),
  type: z.string(),
  format: z.enum(['JSON', 'YAML', 'TEXT']),
  content: z.string(),
  versionName: z.string(),
});
export type DocumentDraft = z.infer<typeof Draft>;

export function draftOf(address: string): DocumentDraft | undefined {
  try {
    const parsed = Draft.safeParse(JSON.parse(sessionStorage.getItem(PREFIX + address) ?? ''));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

/** Returns whether it is kept. */
export function keepDraft(address: string, draft: DocumentDraft): boolean {
  try {
    sessionStorage.setItem(PREFIX + address, JSON.stringify(draft));
    return true;
  } catch {
    dropDraft(address);
    return false;
  }
}

export function dropDraft(address: string): void {
  try {
    sessionStorage.removeItem(PREFIX + address);
  } catch {
    // Then there is none.
  }
}
