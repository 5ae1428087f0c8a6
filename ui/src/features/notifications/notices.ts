/**
 * What ended, failed or went away, kept until somebody has seen it: the list behind the bell.
 *
 * Why kept: a notification of the desktop is gone after seconds, and what happened while nobody was there is what people ask
 * for first. Kept by the host, at most `KEPT` of them; several windows add to one list, so it is read before it is written.
 */
import * as z from 'zod/mini';
import { type HubEvent, host } from '../../host';
import { createStore } from '../../lib/store';

const Notice = z.object({
  /** The same for the same happening, in whichever window it was seen. */
  id: z.string(),
  about: z.enum(['commands', 'nodes']),
  outcome: z.enum(['ended', 'failed', 'lost', 'back', 'new', 'removed']),
  /** Milliseconds since 1970. */
  at: z.number(),
  /** Id of the command or the node. */
  subject: z.string(),
  /** The document, or the node as people know it. */
  name: z.string(),
  /** The command's comment. */
  comment: z.optional(z.string()),
  /** As the command ended. */
  status: z.optional(z.string()),
  /** Nodes that failed, and all of them. */
  failed: z.optional(z.number()),
  nodes: z.optional(z.number()),
  connection: z.string(),
  read: z.boolean(),
  /** Cleared from the list. Still kept for a while, so that it is not told a second time and can be brought back. */
  gone: z.optional(z.boolean()),
});
export type Notice = z.infer<typeof Notice>;

const STORED = 'notices';
export const KEPT = 200;
const LONGEST_TEXT = 200;

export const notices = createStore<readonly Notice[]>([]);

export function unreadOf(list: readonly Notice[]): number {
  return list.filter((notice) => !notice.read && !notice.gone).length;
}

/** Newest first, each once. What was read in one window is read in all. */
export function merged(a: readonly Notice[], b: readonly Notice[]): Notice[] {
  const all = new Map<string, Notice>();
  for (const notice of [...a, ...b]) {
    const known = all.get(notice.id);
    all.set(notice.id, known ? { ...notice, ...known, read: known.read || notice.read, gone: known.gone || notice.gone } : notice);
  }
  return [...all.values()].sort((x, y) => y.at - x.at).slice(0, KEPT);
}

export function parseNotices(text: string | undefined): Notice[] {
  try {
    const list: unknown = JSON.parse(text ?? '[]');
    return (Array.isArray(list) ? list : []).flatMap((one) => {
      const parsed = Notice.safeParse(one);
      return parsed.success ? [parsed.data] : [];
    });
  } catch {
    // A damaged list is the same as none.
    return [];
  }
}

/** One write after the other, each on what the last one left. */
let writing: Promise<void> = Promise.resolve();

function keep(change: (stored: Notice[]) => readonly Notice[]): Promise<void> {
  writing = writing.then(async () => {
    const stored = parseNotices(await host.settingsGet(STORED).catch(() => undefined));
    const next = change(stored);
    notices.set(next);
    await host.settingsSet(STORED, JSON.stringify(next)).catch(() => undefined);
  });
  return writing;
}

export const loadNotices = (): Promise<void> => keep((stored) => stored);
export const addNotices = (added: readonly Notice[]): Promise<void> => keep((stored) => merged(stored, added));

function marked(ids: ReadonlySet<string>, mark: Partial<Notice>): Promise<void> {
  return keep((stored) => stored.map((notice) => (ids.has(notice.id) ? { ...notice, ...mark } : notice)));
}
export const clearNotices = (ids: ReadonlySet<string>): Promise<void> => marked(ids, { gone: true, read: true });
/** Gives back what was cleared by mistake. */
export const restoreNotices = (ids: ReadonlySet<string>): Promise<void> => marked(ids, { gone: false });

export function markRead(ids?: ReadonlySet<string>): Promise<void> {
  return keep((stored) => stored.map((notice) => (ids === undefined || ids.has(notice.id) ? { ...notice, read: true } : notice)));
}

export function pathOf(notice: Notice): string {
  if (notice.outcome === 'removed') return '/nodes';
  return `/${notice.about}/${encodeURIComponent(notice.subject)}`;
}

const GOING_ON = new Set(['Pending', 'InProgress', 'Delayed', 'Cancelling']);

function detailOf(event: HubEvent, name: string): string {
  const value = event.detail?.[name];
  return typeof value === 'string' ? value.slice(0, LONGEST_TEXT) : '';
}

/** What an event tells of, when it is worth a notice. Names and counts are asked for later. */
export function noticeOf(event: HubEvent, connection: string): Notice | undefined {
  const kind = event['detail-type'];
  const at = Date.parse(event.time ?? '') || Date.now();
  if (kind === 'EC2 Command Status-change Notification') {
    const status = detailOf(event, 'status');
    const subject = detailOf(event, 'command-id');
    if (status === '' || subject === '' || GOING_ON.has(status)) return undefined;
    // The details say more: a command that met no node at all has the status Success.
    const said = detailOf(event, 'status-details') || status;
    return { id: `command:${subject}`, about: 'commands', outcome: said === 'Success' ? 'ended' : 'failed', at, subject, name: detailOf(event, 'document-name'), status: said, connection, read: false };
  }
  const subject = detailOf(event, 'instance-id');
  if (subject === '') return undefined;
  const node = (outcome: Notice['outcome']): Notice => ({ id: `node:${subject}:${event.seq}`, about: 'nodes', outcome, at, subject, name: subject, connection, read: false });
  if (kind === 'Quarterdeck Node Connection') return node(detailOf(event, 'state') === 'connected' ? 'back' : 'lost');
  if (kind === 'Quarterdeck Node Information Change') return event.detail?.first === true ? node('new') : undefined;
  return kind === 'SSM Managed Instance Deregistration' ? node('removed') : undefined;
}
