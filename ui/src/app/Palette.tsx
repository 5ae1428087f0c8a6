/** Ctrl/Cmd-K: every page, every node and every recent command by a few letters, Hangul initials included. */
import { useQuery } from '@tanstack/react-query';
import { useDeferredValue, useEffect, useId, useMemo, useRef, useState } from 'react';
import { call } from '../api/call';
import { getNodes } from '../api/extension';
import { useText } from '../i18n';
import { score } from '../lib/hangul';
import { createStore, useStore } from '../lib/store';
import { isComposing } from './keys';
import { PAGES } from './pages';
import { changePreferences, isDark, preferences } from './preferences';
import { useOpen } from './router';
import { shortcutsOpen } from './Shortcuts';

export const paletteOpen = createStore(false);

interface Entry {
  id: string;
  group: string;
  text: string;
  note?: string;
  match: string;
  run: () => void;
}
const SHOWN = 40;

function useEntries(query: string): { entries: Entry[]; searching: boolean } {
  const { t, maybe } = useText();
  const open = useOpen();
  const asked = useDeferredValue(query.trim());
  const nodes = useQuery({
    queryKey: ['nodes', 'palette', asked],
    queryFn: () => getNodes({ filter: [], search: asked || undefined, sort: 'name', order: 'asc', max: 20 }),
    placeholderData: (previous) => previous,
    retry: false,
  });
  const commands = useQuery({ queryKey: ['commands', 'palette'], queryFn: () => call('ListCommands', { MaxResults: 20 }), retry: false });
  const fixed = useMemo((): Entry[] => {
    const pages = PAGES.map((page) => ({
      id: `page${page.path}`, group: t('palette.pages'), text: t(page.text), match: `${t(page.text)} ${page.also}`, run: () => open(page.path),
    }));
    const actions: Entry[] = [
      {
        id: 'theme', group: t('palette.actions'), text: t('palette.switchTheme'), match: `${t('palette.switchTheme')} theme dark light 테마`,
        run: () => void changePreferences({ theme: isDark(preferences.get()) ? 'light' : 'dark' }),
      },
      {
        id: 'language', group: t('palette.actions'), text: t('palette.switchLanguage'), match: `${t('palette.switchLanguage')} language korean english 언어 한국어`,
        run: () => void changePreferences({ language: document.documentElement.lang === 'ko' ? 'en' : 'ko' }),
      },
      { id: 'shortcuts', group: t('palette.actions'), text: t('shortcuts.title'), match: `${t('shortcuts.title')} keyboard help 단축키`, run: () => shortcutsOpen.set(true) },
    ];
    return [...pages, ...actions];
  }, [t, open]);
  const entries = useMemo(() => {
    const found: Entry[] = [...fixed];
    for (const node of nodes.data?.nodes ?? []) {
      const name = node.Name || node.ComputerName || node.InstanceId;
      found.push({
        id: node.InstanceId, group: t('palette.nodes'), text: name,
        note: `${node.InstanceId} · ${maybe(`status.node.${node.PingStatus}`, node.PingStatus ?? '')}`,
        match: `${name} ${node.InstanceId} ${node.IPAddress ?? ''}`, run: () => open(`/nodes/${node.InstanceId}`),
      });
    }
    for (const command of commands.data?.Commands ?? []) {
      const id = command.CommandId ?? '';
      found.push({
        id, group: t('palette.commands'), text: command.Comment || command.DocumentName || id,
        note: `${id} · ${maybe(`status.command.${command.StatusDetails}`, command.Status ?? '')}`,
        match: `${command.Comment ?? ''} ${command.DocumentName ?? ''} ${id}`, run: () => open(`/commands/${id}`),
      });
    }
    const ranked = found.map((entry, index) => ({ entry, index, rank: score(asked, entry.match) })).filter((item) => item.rank !== undefined);
    // Groups keep their order; inside one, the better fit comes first.
    const groups = [...new Set(found.map((entry) => entry.group))];
    ranked.sort((a, b) => groups.indexOf(a.entry.group) - groups.indexOf(b.entry.group) || (b.rank ?? 0) - (a.rank ?? 0) || a.index - b.index);
    return ranked.map((item) => item.entry).slice(0, SHOWN);
  }, [fixed, nodes.data, commands.data, asked, t, maybe, open]);
  return { entries, searching: nodes.isFetching };
}

function Search({ close }: { close: () => void }) {
  const { t } = useText();
  const [query, setQuery] = useState('');
  const [chosen, setChosen] = useState(0);
  const { entries, searching } = useEntries(query);
  const list = useId();
  const box = useRef<HTMLUListElement>(null);
  const at = Math.min(chosen, Math.max(0, entries.length - 1));
  useEffect(() => {
    // Not returned: newer engines answer a promise here, which React would take for a clean-up.
    box.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' });
  }, [at]);
  const run = (entry: Entry | undefined) => {
    if (!entry) return;
    close();
    entry.run();
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    if (isComposing(event.nativeEvent)) return;
    if (event.key === 'ArrowDown') setChosen((at + 1) % Math.max(1, entries.length));
    else if (event.key === 'ArrowUp') setChosen((at - 1 + entries.length) % Math.max(1, entries.length));
    else if (event.key === 'Enter') run(entries[at]);
    else return;
    event.preventDefault();
  };
  return (
    <div className="qd-palette-body">
      <input
        className="qd-palette-input"
        role="combobox"
        aria-expanded="true"
        aria-controls={list}
        aria-activedescendant={entries[at] ? `${list}-${at}` : undefined}
        aria-label={t('palette.label')}
        placeholder={t('palette.placeholder')}
        value={query}
        autoFocus // oxlint-disable-line jsx-a11y/no-autofocus
        onChange={(event) => {
          setQuery(event.target.value);
          setChosen(0);
        }}
        onKeyDown={onKeyDown}
      />
      <ul className="qd-palette-list" id={list} role="listbox" aria-label={t('palette.label')} ref={box} aria-busy={searching}>
        {entries.map((entry, index) => (
          <li key={entry.id} role="presentation">
            {entry.group !== entries[index - 1]?.group && <div className="qd-palette-group">{entry.group}</div>}
            <button
              type="button"
              tabIndex={-1}
              id={`${list}-${index}`}
              role="option"
              aria-selected={index === at}
              className="qd-palette-item"
              onMouseMove={() => setChosen(index)}
              onClick={() => run(entry)}
            >
              <span className="qd-palette-text">{entry.text}</span>
              {entry.note && <span className="qd-palette-note">{entry.note}</span>}
            </button>
          </li>
        ))}
      </ul>
      {entries.length === 0 && <p className="qd-palette-empty">{searching ? t('common.loading') : t('palette.empty')}</p>}
    </div>
  );
}

export function Palette() {
  const { t } = useText();
  const visible = useStore(paletteOpen);
  const dialog = useRef<HTMLDialogElement>(null);
  const close = () => paletteOpen.set(false);
  useEffect(() => {
    const element = dialog.current;
    if (visible && element && !element.open) element.showModal();
    if (!visible && element?.open) element.close();
  }, [visible]);
  return (
    // A native dialog: it keeps the focus inside, closes with Escape and gives the focus back by itself.
    // oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-noninteractive-element-interactions -- Escape closes it
    <dialog
      ref={dialog}
      className="qd-palette"
      aria-label={t('palette.title')}
      onClose={close}
      onClick={(event) => {
        if (event.target === dialog.current) close();
      }}
    >
      {visible && <Search close={close} />}
    </dialog>
  );
}
