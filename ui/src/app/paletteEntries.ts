/** What the palette finds: actions and pages at once, nodes and documents by asking the hub, the latest commands. */
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { call } from '../api/call';
import { getNodes } from '../api/extension';
import { useDebounced } from '../components/useDebounced';
import { useNow } from '../components/useNow';
import { host } from '../host';
import { useText } from '../i18n';
import { isOnlyJamo, score } from '../lib/hangul';
import { useStore } from '../lib/store';
import { actions } from './actions';
import { useOpen } from './router';
import { used, weightAt } from './used';

export interface Entry {
  id: string;
  group: 'recent' | 'page' | 'go' | 'action' | 'node' | 'document' | 'command';
  text: string;
  note?: string;
  /** What is looked through. */
  match: string;
  keys?: string;
  /** Why it cannot be done now. */
  blocked?: string;
  run: () => void;
}

const SHOWN = 40;
const RECENT = 5;
/** Few enough to be read at once; a hub finds the others by what is typed. */
const NODES = 20;
/** A hub cannot look for ㄴㄷ: so many are looked through here instead. */
const NODES_BY_INITIALS = 200;
const PAUSE_MS = 120;
/** In the order in which they stand while nothing is typed. */
const GROUPS: Entry['group'][] = ['recent', 'page', 'go', 'action', 'node', 'document', 'command'];

function useActionsAsEntries(): Entry[] {
  const { t } = useText();
  const open = useOpen();
  const all = useStore(actions);
  return useMemo(
    () =>
      all
        .filter((action) => action.id !== 'palette')
        .map((action): Entry => {
          const text = t(action.text, action.values);
          const blocked = action.blocked?.();
          return {
            id: action.id, group: action.group ?? 'action', text, match: `${text} ${action.also ?? ''}`, keys: action.keys,
            blocked: blocked && t(blocked), run: () => action.run({ open }),
          };
        }),
    [all, t, open],
  );
}

function useNodes(asked: string): { entries: Entry[]; searching: boolean } {
  const { t, maybe } = useText();
  const open = useOpen();
  const initials = isOnlyJamo(asked);
  const search = initials ? '' : asked.normalize('NFC');
  const nodes = useQuery({
    queryKey: ['nodes', 'palette', search, initials],
    queryFn: () => getNodes({ filter: [], search: search || undefined, sort: 'name', order: 'asc', max: initials ? NODES_BY_INITIALS : NODES }),
    placeholderData: (previous) => previous,
    retry: false,
  });
  const entries = useMemo(
    () =>
      (nodes.data?.nodes ?? []).flatMap((node): Entry[] => {
        const name = node.Name || node.ComputerName || node.InstanceId;
        const terminal: Entry = {
          id: `terminal:${node.InstanceId}`, group: 'node', text: t('terminal.on', { name }), note: node.InstanceId,
          match: `${t('terminal.on', { name })} ${node.InstanceId} shell 셸`, run: () => open(`/terminal?nodes=${encodeURIComponent(JSON.stringify([node.InstanceId]))}`),
        };
        const page: Entry = {
          id: `node:${node.InstanceId}`, group: 'node', text: name, note: `${node.InstanceId} · ${maybe(`status.node.${node.PingStatus}`, node.PingStatus ?? '')}`,
          match: `${name} ${node.ComputerName ?? ''} ${node.InstanceId} ${node.IPAddress ?? ''}`, run: () => open(`/nodes/${node.InstanceId}`),
        };
        // Only for what is typed: without, it would be every node twice.
        return host.terminal && asked !== '' && node.PingStatus === 'Online' ? [page, terminal] : [page];
      }),
    [nodes.data, maybe, open, t, asked],
  );
  return { entries, searching: nodes.isFetching };
}

function useDocuments(asked: string): { entries: Entry[]; searching: boolean } {
  const { maybe } = useText();
  const open = useOpen();
  const word = isOnlyJamo(asked) || asked.length < 2 ? '' : asked.normalize('NFC');
  const documents = useQuery({
    queryKey: ['documents', 'palette', word],
    queryFn: () => call('ListDocuments', { MaxResults: 50, ...(word ? { Filters: [{ Key: 'SearchKeyword', Values: [word] }] } : {}) }),
    placeholderData: (previous) => previous,
    staleTime: 60_000,
    retry: false,
  });
  const entries = useMemo(
    () =>
      (documents.data?.DocumentIdentifiers ?? []).map((document): Entry => {
        const name = document.Name ?? '';
        const known = maybe(`documents.known.${name}`, '');
        return {
          id: `document:${name}`, group: 'document', text: name, note: known || document.DocumentType || undefined,
          match: `${name} ${known}`, run: () => open(`/documents/${encodeURIComponent(name)}`),
        };
      }),
    [documents.data, maybe, open],
  );
  return { entries, searching: documents.isFetching };
}

function useCommands(): Entry[] {
  const { maybe } = useText();
  const open = useOpen();
  const commands = useQuery({ queryKey: ['commands', 'palette'], queryFn: () => call('ListCommands', { MaxResults: 50 }), retry: false });
  return useMemo(
    () =>
      (commands.data?.Commands ?? []).map((command): Entry => {
        const id = command.CommandId ?? '';
        return {
          id: `command:${id}`, group: 'command', text: command.Comment || command.DocumentName || id, note: `${id} · ${maybe(`status.command.${command.StatusDetails}`, command.Status ?? '')}`,
          match: `${command.Comment ?? ''} ${command.DocumentName ?? ''} ${id}`, run: () => open(`/commands/${id}`),
        };
      }),
    [commands.data, maybe, open],
  );
}

/** Best fit first; what is used often is moved up, but never past what fits much better. */
export function ranked(found: Entry[], query: string, weight: (id: string) => number): Entry[] {
  const fits = found.flatMap((entry, index) => {
    const fit = score(query, entry.match);
    return fit === undefined ? [] : [{ entry, index, fit: fit + 120 * Math.log2(1 + weight(entry.id)) }];
  });
  if (query === '') {
    const often = fits.filter(({ entry }) => weight(entry.id) > 0.05).sort((a, b) => b.fit - a.fit).slice(0, RECENT);
    const first = often.map(({ entry }): Entry => ({ ...entry, group: 'recent' }));
    const rest = fits.filter((fit) => !often.includes(fit)).map(({ entry }) => entry);
    return [...first, ...rest.sort((a, b) => GROUPS.indexOf(a.group) - GROUPS.indexOf(b.group))].slice(0, SHOWN);
  }
  // A group stands where its best entry would.
  const best = new Map<string, number>();
  for (const { entry, fit } of fits) best.set(entry.group, Math.max(best.get(entry.group) ?? Number.NEGATIVE_INFINITY, fit));
  const at = (group: string) => best.get(group) ?? 0;
  fits.sort((a, b) => at(b.entry.group) - at(a.entry.group) || GROUPS.indexOf(a.entry.group) - GROUPS.indexOf(b.entry.group) || b.fit - a.fit || a.index - b.index);
  return fits.map(({ entry }) => entry).slice(0, SHOWN);
}

export function useEntries(query: string): { entries: Entry[]; searching: boolean } {
  // At once, not deferred: Enter runs what fits the last letter typed.
  const typed = query.trim();
  const asked = useDebounced(typed, PAUSE_MS);
  const fixed = useActionsAsEntries();
  const nodes = useNodes(asked);
  const documents = useDocuments(asked);
  const commands = useCommands();
  const table = useStore(used);
  const now = useNow();
  const entries = useMemo(
    () => ranked([...fixed, ...nodes.entries, ...documents.entries, ...commands], typed, (id) => weightAt(table[id], now)),
    [fixed, nodes.entries, documents.entries, commands, typed, table, now],
  );
  return { entries, searching: nodes.searching || documents.searching || typed !== asked };
}
