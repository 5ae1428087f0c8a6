/** What needs a person, gathered by kind: a hundred lost nodes are one thing to look at, and do not hide a failed command. */
import type { Attention } from '../../api/extension';
import { nodesPath } from '../nodes/filter';

export interface Group {
  kind: string;
  severity: string;
  count: number;
  /** There may be more than were counted. */
  open: boolean;
  /** Those that are named, without the one that stands for the rest. */
  named: Attention[];
  /** Where all of them are listed. */
  path?: string;
}

/** The hub names at most so many commands and counts no others. */
const MOST_COMMANDS = 10;

/** Where one of them is looked at. */
export function subjectPath(item: Attention): string | undefined {
  if (/^m?i-/.test(item.subject)) return `/nodes/${item.subject}`;
  if (/^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(item.subject)) return item.kind.startsWith('Activation') ? '/activations' : `/commands/${item.subject}`;
  if (item.kind === 'AgentOutdated') {
    const version = item.subject.split(' ').at(-1);
    return version ? nodesPath([{ Key: 'AgentVersion', Values: [version] }]) : undefined;
  }
  return undefined;
}

/** As people know it: a command by its comment and its document, a node by its name; by its id where it has nothing else. */
export function nameOf(item: Attention): string {
  return [item.comment, item.name].filter(Boolean).join(' · ') || item.subject;
}

function allPath(kind: string, items: Attention[]): string | undefined {
  if (kind === 'CommandFailed') return `/commands?filter=${encodeURIComponent(JSON.stringify({ Status: 'Failed' }))}`;
  if (kind === 'CommandTimedOut') return `/commands?filter=${encodeURIComponent(JSON.stringify({ Status: 'TimedOut' }))}`;
  if (kind.startsWith('Activation')) return '/activations';
  if (kind === 'AgentOutdated') return nodesPath([{ Key: 'AgentVersion', Values: items.map((item) => item.subject.split(' ').at(-1) ?? '') }]);
  return ['NodeConnectionLost', 'ConnectionLost', 'NeverSeen'].includes(kind) ? nodesPath([{ Key: 'PingStatus', Values: ['ConnectionLost'] }]) : undefined;
}

/** In the order in which the hub names the kinds: the gravest first. */
export function grouped(attention: Attention[]): Group[] {
  const kinds = [...new Set(attention.map((item) => item.kind))];
  return kinds.map((kind) => {
    const items = attention.filter((item) => item.kind === kind);
    // A subject that is a number stands for all that are not named one by one.
    const named = items.filter((item) => !item.subject.startsWith('+'));
    return {
      kind,
      severity: items[0]?.severity ?? 'medium',
      count: items.reduce((sum, item) => sum + (item.count ?? 1), 0),
      open: kind.startsWith('Command') && items.length >= MOST_COMMANDS,
      named,
      path: allPath(kind, named),
    };
  });
}
