/**
 * Follows the event stream for the list behind the bell: asks for what an event leaves out, waits whether a lost node comes back
 * by itself, and lets the rules decide.
 */
import { call } from '../../api/call';
import { getNodes } from '../../api/extension';
import { onHubEvent } from '../../api/live';
import { preferences } from '../../app/preferences';
import type { HubEvent } from '../../host';
import { addNotices, type Notice, notices, noticeOf } from './notices';
import { decide } from './rules';

/** A node that is back by then was restarted, not lost. */
const COMES_BACK_MS = 15_000;
/** Happenings are gathered so long, and so many of them are looked up; the others are told without names. */
const GATHER_MS = 400;
const LOOKED_UP = 20;
/** How far back lost nodes are counted together. */
const TOGETHER_MS = 5 * 60_000;

type Tags = { key: string; value: string }[];

async function withCommand(notice: Notice): Promise<{ notice: Notice; tags: Tags }> {
  const command = (await call('ListCommands', { CommandId: notice.subject })).Commands?.[0];
  const failed = (command?.ErrorCount ?? 0) + (command?.DeliveryTimedOutCount ?? 0);
  const tags = (command?.Targets ?? []).flatMap((target) => {
    const key = /^tag:(.+)$/.exec(target.Key ?? '')?.[1];
    return key === undefined ? [] : (target.Values ?? []).map((value) => ({ key, value }));
  });
  return { notice: { ...notice, comment: command?.Comment || undefined, nodes: command?.TargetCount, failed }, tags };
}

async function withNode(notice: Notice): Promise<{ notice: Notice; tags: Tags }> {
  if (notice.outcome === 'removed') return { notice, tags: [] };
  const node = (await getNodes({ filter: [{ Key: 'InstanceIds', Values: [notice.subject] }], sort: 'name', order: 'asc', max: 1 })).nodes[0];
  const tags = Object.entries(node?.Tags ?? {}).map(([key, value]) => ({ key, value }));
  return { notice: { ...notice, name: node?.Name || node?.ComputerName || notice.subject }, tags };
}

/** What is kept of a happening; undefined when a rule says that it is not worth a place. */
async function judged(notice: Notice, lookUp: boolean): Promise<Notice | undefined> {
  const look = notice.about === 'commands' ? withCommand : withNode;
  const known = lookUp ? await look(notice).catch(() => undefined) : undefined;
  const told = known?.notice ?? notice;
  const lately = notices.get().filter((one) => one.outcome === 'lost' && told.at - one.at < TOGETHER_MS).length;
  const act = decide(preferences.get().notifyRules, {
    about: told.about,
    failed: told.outcome === 'failed' || told.outcome === 'lost',
    document: told.about === 'commands' ? told.name : '',
    tags: known?.tags ?? [],
    connection: told.connection,
    count: told.about === 'commands' ? (told.failed ?? 0) : lately + 1,
  });
  return act === 'ignore' ? undefined : told;
}

/** `connection` tells the name of the one in use. Returns the way to stop. */
export function followNotices(connection: () => string): () => void {
  const waiting: Notice[] = [];
  const away = new Map<string, ReturnType<typeof setTimeout>>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const flush = async () => {
    timer = undefined;
    const batch = waiting.splice(0);
    const kept: Notice[] = [];
    for (const [index, notice] of batch.entries()) {
      const told = await judged(notice, index < LOOKED_UP);
      if (told) kept.push(told);
    }
    if (kept.length > 0) await addNotices(kept);
  };
  const add = (notice: Notice) => {
    waiting.push(notice);
    timer ??= setTimeout(() => void flush(), GATHER_MS);
  };
  const onEvent = (event: HubEvent) => {
    const notice = noticeOf(event, connection());
    if (!notice) return;
    const pending = away.get(notice.subject);
    if (notice.outcome === 'lost') {
      clearTimeout(pending);
      away.set(notice.subject, setTimeout(() => {
        away.delete(notice.subject);
        add(notice);
      }, COMES_BACK_MS));
    } else if (notice.outcome === 'back') {
      clearTimeout(pending);
      away.delete(notice.subject);
      // Worth a word only after it was told that the node was lost.
      const last = notices.get().find((one) => one.subject === notice.subject && ['lost', 'back'].includes(one.outcome));
      if (pending === undefined && last?.outcome === 'lost') add(notice);
    } else {
      if (notice.outcome === 'removed') {
        clearTimeout(pending);
        away.delete(notice.subject);
      }
      add(notice);
    }
  };
  const stop = onHubEvent(onEvent);
  return () => {
    stop();
    clearTimeout(timer);
    for (const pending of away.values()) clearTimeout(pending);
  };
}

/** A command that was under way when the console was last here may have begun so long before. */
const LONG_RUN_MS = 6 * 3_600_000;

/** What ended while nobody listened: commands that were not told of yet, asked for once. Nothing when the list was never used. */
export async function catchUp(connection: string): Promise<void> {
  const last = notices.get()[0]?.at;
  if (last === undefined) return;
  const since = last - LONG_RUN_MS;
  const { Commands } = await call('ListCommands', { MaxResults: 50 });
  const missed = (Commands ?? []).flatMap((command): Notice[] => {
    const at = Number(command.RequestedDateTime ?? 0) * 1000;
    const status = command.StatusDetails || command.Status;
    const over = command.Status !== undefined && !['Pending', 'InProgress', 'Cancelling'].includes(command.Status);
    if (!over || at <= since || !command.CommandId) return [];
    const failed = (command.ErrorCount ?? 0) + (command.DeliveryTimedOutCount ?? 0);
    return [{
      id: `command:${command.CommandId}`, about: 'commands', outcome: status === 'Success' ? 'ended' : 'failed', at, subject: command.CommandId, name: command.DocumentName ?? '',
      comment: command.Comment || undefined, status, failed, nodes: command.TargetCount, connection, read: false,
    }];
  });
  const known = new Set(notices.get().map((notice) => notice.id));
  const kept = (await Promise.all(missed.filter((notice) => !known.has(notice.id)).map((notice) => judged(notice, false)))).filter((notice) => notice !== undefined);
  if (kept.length > 0) await addNotices(kept);
}
