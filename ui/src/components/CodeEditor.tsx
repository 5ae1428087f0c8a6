/** CodeMirror as a form control: a script to write, or a document to read. Loaded only by pages that show code. */
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { bracketMatching, indentOnInput } from '@codemirror/language';
import { highlightSelectionMatches, searchKeymap } from '@codemirror/search';
import { Compartment, EditorState, type Extension } from '@codemirror/state';
import { drawSelection, EditorView, highlightActiveLine, highlightActiveLineGutter, highlightSpecialChars, keymap, lineNumbers } from '@codemirror/view';
import { useEffect, useRef } from 'react';
import { useText } from '../i18n';
import { type CodeLanguage, LANGUAGES, LOOK } from './codeLook';
import { editorPhrases } from './editorPhrases';

/** No completion and no closing of quotes: a script is what was typed, and Enter is a new line. Tab leaves the editor, as people who use the keyboard alone expect. */
const SETUP: Extension = [
  lineNumbers(),
  highlightActiveLineGutter(),
  highlightSpecialChars(),
  history(),
  drawSelection(),
  indentOnInput(),
  bracketMatching(),
  highlightActiveLine(),
  highlightSelectionMatches(),
  keymap.of([...defaultKeymap.filter((binding) => binding.key !== 'Mod-Enter'), ...searchKeymap, ...historyKeymap]),
];

interface Props {
  value: string;
  language: CodeLanguage;
  label: string;
  onChange?: (value: string) => void;
  /** Rows the empty editor has room for. */
  rows?: number;
  invalid?: boolean;
  required?: boolean;
  /** Ids of what describes the field: its error and hints. */
  describedBy?: string;
  /** What else this editor can do, such as checking what is typed; the one it began with stays. */
  extension?: Extension;
}

/** What assistive technology hears of the editor as a form field. */
function fieldAttributes({ label, invalid, required, describedBy }: Pick<Props, 'label' | 'invalid' | 'required' | 'describedBy'>): Extension {
  return EditorView.contentAttributes.of({
    'aria-label': label,
    ...(invalid ? { 'aria-invalid': 'true' } : {}),
    ...(required ? { 'aria-required': 'true' } : {}),
    ...(describedBy ? { 'aria-describedby': describedBy } : {}),
  });
}

export function CodeEditor({ value, language, label, onChange, rows = 8, invalid, required, describedBy, extension }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const languageSlot = useRef(new Compartment());
  const fieldSlot = useRef(new Compartment());
  const wordsSlot = useRef(new Compartment());
  const { t } = useText();
  const change = useRef(onChange);
  const initial = useRef({ value, language, field: { label, invalid, required, describedBy }, t, readOnly: onChange === undefined, extension: extension ?? [] });
  useEffect(() => {
    change.current = onChange;
  }, [onChange]);
  useEffect(() => {
    if (!place.current) return undefined;
    const start = initial.current;
    const editor = new EditorView({
      parent: place.current,
      state: EditorState.create({
        doc: start.value,
        extensions: [
          SETUP,
          LOOK,
          languageSlot.current.of(LANGUAGES[start.language]),
          fieldSlot.current.of(fieldAttributes(start.field)),
          wordsSlot.current.of(EditorState.phrases.of(editorPhrases(start.t))),
          // A document to read is reached by Tab and scrolled by keys like a script to write.
          EditorView.contentAttributes.of(start.readOnly ? { tabindex: '0', 'aria-readonly': 'true' } : { tabindex: '0' }),
          EditorState.readOnly.of(start.readOnly),
          EditorState.lineSeparator.of('\n'),
          start.readOnly ? EditorView.lineWrapping : [],
          start.extension,
          EditorView.updateListener.of((update) => {
            if (update.docChanged) change.current?.(update.state.doc.toString());
          }),
        ],
      }),
    });
    view.current = editor;
    return () => {
      view.current = null;
      editor.destroy();
    };
  }, []);
  useEffect(() => {
    view.current?.dispatch({ effects: languageSlot.current.reconfigure(LANGUAGES[language]) });
  }, [language]);
  useEffect(() => {
    view.current?.dispatch({ effects: wordsSlot.current.reconfigure(EditorState.phrases.of(editorPhrases(t))) });
  }, [t]);
  useEffect(() => {
    view.current?.dispatch({ effects: fieldSlot.current.reconfigure(fieldAttributes({ label, invalid, required, describedBy })) });
  }, [label, invalid, required, describedBy]);
  useEffect(() => {
    const editor = view.current;
    // Only what came from outside: writing back what was just typed would break composing Hangul.
    if (editor && editor.state.doc.toString() !== value) editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: value } });
  }, [value]);
  return <div ref={place} className={`qd-code${invalid ? ' qd-code-invalid' : ''}`} style={{ '--qd-code-rows': rows } as React.CSSProperties} />;
}
