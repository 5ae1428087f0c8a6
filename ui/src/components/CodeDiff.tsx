/** Two texts side by side, with the lines that differ marked and long stretches that do not folded. Loaded only where texts are compared. */
import { defaultKeymap } from '@codemirror/commands';
import { Chunk, MergeView } from '@codemirror/merge';
import { searchKeymap } from '@codemirror/search';
import { EditorState, type Extension, Text } from '@codemirror/state';
import { EditorView, highlightSpecialChars, keymap, lineNumbers } from '@codemirror/view';
import { useEffect, useMemo, useRef } from 'react';
import { useText } from '../i18n';
import { type CodeLanguage, LANGUAGES, LOOK } from './codeLook';
import { editorPhrases } from './editorPhrases';

interface Props {
  before: string;
  after: string;
  /** What each side is called. */
  names: [string, string];
  language?: CodeLanguage;
}

/** Texts that have little in common would take forever to align well; past this they are aligned roughly. */
const DIFF = { scanLimit: 2_000, timeout: 1_500 };

function side(name: string, language: CodeLanguage, words: Extension): Extension {
  return [
    lineNumbers(),
    highlightSpecialChars(),
    keymap.of([...defaultKeymap, ...searchKeymap]),
    LOOK,
    LANGUAGES[language],
    words,
    EditorView.lineWrapping,
    EditorState.readOnly.of(true),
    EditorState.lineSeparator.of('\n'),
    EditorView.contentAttributes.of({ 'aria-label': name, 'aria-readonly': 'true', tabindex: '0' }),
  ];
}

export function CodeDiff({ before, after, names, language = 'text' }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const { t } = useText();
  const [left, right] = names;
  const places = useMemo(() => {
    const lines = (text: string) => Text.of(text.split('\n'));
    return Chunk.build(lines(before), lines(after), DIFF).length;
  }, [before, after]);
  useEffect(() => {
    if (!place.current) return undefined;
    const words = EditorState.phrases.of(editorPhrases(t));
    const view = new MergeView({
      parent: place.current,
      a: { doc: before, extensions: side(left, language, words) },
      b: { doc: after, extensions: side(right, language, words) },
      collapseUnchanged: { margin: 3, minSize: 6 },
      diffConfig: DIFF,
      gutter: true,
    });
    return () => view.destroy();
  }, [before, after, left, right, language, t]);
  return (
    <div>
      <div className="qd-diff-names">
        <span>{left}</span>
        <span>{right}</span>
      </div>
      <div ref={place} className="qd-code qd-diff" style={{ '--qd-code-rows': 4 } as React.CSSProperties} />
      <div role="status">{places === 0 ? t('results.identical') : t('results.places', { count: places })}</div>
    </div>
  );
}
