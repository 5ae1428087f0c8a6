/** Search in one terminal's screen and scrollback. */
import type { ISearchOptions } from '@xterm/addon-search';
import { useEffect, useRef, useState } from 'react';
import { isComposing } from '../../app/keys';
import { useText } from '../../i18n';
import type { LiveTerminal, TerminalView } from './liveTerminal';
import { searchOpen } from './workspace';

const MARKS = { matchOverviewRuler: '#b07b00', activeMatchColorOverviewRuler: '#c4352c', matchBackground: '#6b5200', activeMatchBackground: '#9a4a00' };

export function SearchBar({ terminal, view }: { terminal: LiveTerminal; view: TerminalView }) {
  const { t, number } = useText();
  const [words, setWords] = useState('');
  const [exact, setExact] = useState(false);
  const [pattern, setPattern] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    input.current?.focus();
    return () => {
      terminal.search.clearDecorations();
      terminal.focus();
    };
  }, [terminal]);
  const find = (back: boolean, now = words, options: ISearchOptions = {}) => {
    const all: ISearchOptions = { caseSensitive: exact, regex: pattern, decorations: MARKS, ...options };
    try {
      if (now === '') terminal.search.clearDecorations();
      else if (back) terminal.search.findPrevious(now, all);
      else terminal.search.findNext(now, all);
    } catch {
      // A pattern that is not finished yet finds nothing.
      terminal.search.clearDecorations();
    }
  };
  const close = () => searchOpen.set(undefined);
  const { index = -1, count = 0 } = view.found ?? {};
  const found = words === '' ? '' : count === 0 ? t('terminal.notFound') : index < 0 ? number(count) : `${number(index + 1)} / ${number(count)}`;
  return (
    <search className="qd-pane-search">
      <input
        ref={input}
        aria-label={t('terminal.search')}
        placeholder={t('terminal.search')}
        value={words}
        onChange={(event) => {
          setWords(event.target.value);
          find(false, event.target.value, { incremental: true });
        }}
        onKeyDown={(event) => {
          if (isComposing(event.nativeEvent)) return;
          if (event.key === 'Enter') find(event.shiftKey);
          else if (event.key === 'Escape') close();
          else return;
          event.preventDefault();
          event.stopPropagation();
        }}
      />
      <span className="qd-pane-found" role="status">
        {found}
      </span>
      <button type="button" className="qd-pane-button" aria-pressed={exact} onClick={() => { setExact(!exact); find(false, words, { caseSensitive: !exact }); }}>
        {t('terminal.matchCase')}
      </button>
      <button type="button" className="qd-pane-button" aria-pressed={pattern} onClick={() => { setPattern(!pattern); find(false, words, { regex: !pattern }); }}>
        {t('terminal.pattern')}
      </button>
      <button type="button" className="qd-pane-button" aria-label={t('terminal.previousMatch')} onClick={() => find(true)}>
        {'↑'}
      </button>
      <button type="button" className="qd-pane-button" aria-label={t('terminal.nextMatch')} onClick={() => find(false)}>
        {'↓'}
      </button>
      <button type="button" className="qd-pane-button" aria-label={t('common.close')} onClick={close}>
        {'✕'}
      </button>
    </search>
  );
}
