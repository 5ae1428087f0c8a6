/** Ctrl/Cmd-K: every action, page, node, document and recent command by a few letters, Hangul initials included. */
import { useEffect, useId, useRef, useState } from 'react';
import { useText } from '../i18n';
import { createStore, useStore } from '../lib/store';
import { isComposing } from './keys';
import { type Entry, useEntries } from './paletteEntries';
import { Keys } from './Shortcuts';
import { noteUse } from './used';

export const paletteOpen = createStore(false);

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
    if (!entry || entry.blocked !== undefined) return;
    close();
    noteUse(entry.id);
    entry.run();
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    if (isComposing(event.nativeEvent)) return;
    if (event.key === 'ArrowDown') setChosen((at + 1) % Math.max(1, entries.length));
    else if (event.key === 'ArrowUp') setChosen((at - 1 + entries.length) % Math.max(1, entries.length));
    else if (event.key === 'Home' && query === '') setChosen(0);
    else if (event.key === 'End' && query === '') setChosen(entries.length - 1);
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
            {entry.group !== entries[index - 1]?.group && <div className="qd-palette-group">{t(`palette.group.${entry.group}`)}</div>}
            <button
              type="button"
              tabIndex={-1}
              id={`${list}-${index}`}
              role="option"
              aria-selected={index === at}
              aria-disabled={entry.blocked !== undefined}
              className="qd-palette-item"
              onMouseMove={() => setChosen(index)}
              onClick={() => run(entry)}
            >
              <span className="qd-palette-text">{entry.text}</span>
              {(entry.blocked ?? entry.note) && <span className="qd-palette-note">{entry.blocked ?? entry.note}</span>}
              {entry.keys && <Keys keys={entry.keys} />}
            </button>
          </li>
        ))}
      </ul>
      <span className="qd-heard" role="status">
        {t('palette.found', { count: entries.length })}
      </span>
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
