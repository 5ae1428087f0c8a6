/**
 * Events over AWS, which streams none to a desktop: commands are asked for again and again, often while one runs, ever more
 * seldom while nothing happens, and what changed is told as the hub would tell it.
 */
import type { EventSink } from '../../host/host';
import type { Call } from './index';

const BUSY = 3_000;
const IDLE_FIRST = 6_000;
const IDLE_LONGEST = 30_000;
const AWAY_LONGEST = 60_000;
const ENDED = new Set(['Success', 'Failed', 'Cancelled', 'TimedOut', 'Incomplete']);

interface Command {
  CommandId: string;
  Status?: string;
  StatusDetails?: string;
  CompletedCount?: number;
  DocumentName?: string;
}

/** Commands that are not as they were; all that have been seen are remembered in `before`. The first reading changes nothing. */
export function changes(before: Map<string, string>, now: Command[]): Command[] {
  const first = before.size === 0;
  const changed = now.filter((command) => {
    const state = `${command.Status} ${command.StatusDetails} ${command.CompletedCount}`;
    const same = before.get(command.CommandId) === state;
    before.set(command.CommandId, state);
    return !same && !first;
  });
  for (const id of [...before.keys()].slice(0, Math.max(0, before.size - 200))) before.delete(id);
  return changed;
}

export function pollEvents(call: Call, sink: EventSink): () => void {
  const before = new Map<string, string>();
  let live = true;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let wait = IDLE_FIRST;
  let seq = 0;
  const ask = async () => {
    try {
      const commands = ((await call('ListCommands', { MaxResults: 25 })).Commands as Command[] | undefined) ?? [];
      if (!live) return;
      sink.onState('open');
      const changed = changes(before, commands);
      for (const command of changed) {
        seq += 1;
        const detail = { 'command-id': command.CommandId, 'document-name': command.DocumentName, status: command.Status, 'status-details': command.StatusDetails };
        sink.onEvent({ seq, 'detail-type': 'EC2 Command Status-change Notification', source: 'aws.ssm', detail });
      }
      const busy = changed.length > 0 || commands.some((command) => !ENDED.has(command.Status ?? ''));
      wait = busy ? BUSY : Math.min(Math.max(wait * 1.5, IDLE_FIRST), IDLE_LONGEST);
    } catch {
      if (!live) return;
      // The pages show why; this only asks more seldom.
      sink.onState('closed');
      wait = Math.min(wait * 2, AWAY_LONGEST);
    }
    timer = setTimeout(() => void ask(), wait * (0.8 + 0.4 * Math.random()));
  };
  sink.onState('connecting');
  void ask();
  return () => {
    live = false;
    clearTimeout(timer);
  };
}
