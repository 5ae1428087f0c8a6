/**
 * Which happenings are told, how loudly. Rules are read from the top; the first that fits decides, and where none fits the choice
 * for desktop notifications does. The app reads the same rules for its own notifications (`src-tauri/src/notify/rules.rs`).
 */
import * as z from 'zod/mini';

export const Rule = z.object({
  id: z.string().check(z.maxLength(64)),
  about: z.catch(z.enum(['all', 'commands', 'nodes']), 'all'),
  only: z.catch(z.enum(['all', 'failed']), 'all'),
  /** `AWS-*`: a star stands for anything. Empty: every document. */
  document: z.catch(z.string().check(z.maxLength(200)), ''),
  /** `role=web`, or a key alone. Of a node its tags, of a command the tags that it was aimed at. Empty: whatever they are. */
  tag: z.catch(z.string().check(z.maxLength(400)), ''),
  /** Name of the connection. Empty: every one. */
  connection: z.catch(z.string().check(z.maxLength(200)), ''),
  /** Only when more nodes than so many are concerned: of a command those that failed, of nodes those lost within five minutes. */
  moreThan: z.catch(z.number().check(z.int(), z.gte(0), z.lte(1_000_000)), 0),
  /** `notify`: in the list and on the desktop; `list`: in the list alone; `ignore`: nowhere. */
  act: z.catch(z.enum(['notify', 'list', 'ignore']), 'notify'),
});
export type Rule = z.infer<typeof Rule>;

/** Most rules that are kept. */
export const MOST_RULES = 50;

/** What of a happening the rules look at. */
export interface Happening {
  about: 'commands' | 'nodes';
  failed: boolean;
  document: string;
  tags: readonly { key: string; value: string }[];
  connection: string;
  /** Nodes concerned. */
  count: number;
}

function fitsPattern(pattern: string, name: string): boolean {
  const parts = pattern.trim().split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 'iu').test(name);
}

function fitsTag(wanted: string, tags: Happening['tags']): boolean {
  const at = wanted.indexOf('=');
  const key = (at < 0 ? wanted : wanted.slice(0, at)).trim();
  const value = at < 0 ? undefined : wanted.slice(at + 1).trim();
  return tags.some((tag) => tag.key === key && (value === undefined || tag.value === value));
}

export function fits(rule: Rule, happening: Happening): boolean {
  return (
    (rule.about === 'all' || rule.about === happening.about) &&
    (rule.only === 'all' || happening.failed) &&
    (rule.document.trim() === '' || (happening.about === 'commands' && fitsPattern(rule.document, happening.document))) &&
    (rule.tag.trim() === '' || fitsTag(rule.tag, happening.tags)) &&
    (rule.connection.trim() === '' || rule.connection.trim() === happening.connection) &&
    (rule.moreThan === 0 || happening.count > rule.moreThan)
  );
}

/** What is done about it; undefined where no rule fits. */
export function decide(rules: readonly Rule[], happening: Happening): Rule['act'] | undefined {
  return rules.find((rule) => fits(rule, happening))?.act;
}
