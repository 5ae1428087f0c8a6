/** CodeMirror as a form control: a script to write, or a document to read. Loaded only by pages that show code. */
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { bracketMatching, defaultHighlightStyle, HighlightStyle, indentOnInput, StreamLanguage, type StreamParser, syntaxHighlighting } from '@codemirror/language';
import { powerShell } from '@codemirror/legacy-modes/mode/powershell';
import { shell } from '@codemirror/legacy-modes/mode/shell';
import { yaml } from '@codemirror/legacy-modes/mode/yaml';
import { json } from '@codemirror/legacy-modes/mode/javascript';
import { highlightSelectionMatches, searchKeymap } from '@codemirror/search';
import { Compartment, EditorState, type Extension } from '@codemirror/state';
import { drawSelection, EditorView, highlightActiveLine, highlightActiveLineGutter, highlightSpecialChars, keymap, lineNumbers } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import { useEffect, useRef } from 'react';
import { useText } from '../i18n';
import { editorPhrases } from './editorPhrases';

export type CodeLanguage = 'shell' | 'powershell' | 'yaml' | 'json' | 'text';

/** The modes name some tokens in words of their own. */
function language<State>(mode: StreamParser<State>): Extension {
  return StreamLanguage.define({ ...mode, tokenTable: { property: tags.propertyName, 'string-2': tags.special(tags.string), builtin: tags.standard(tags.variableName), ...mode.tokenTable } });
}

const LANGUAGES: Record<CodeLanguage, Extension> = {
  shell: language(shell),
  powershell: language(powerShell),
  yaml: language(yaml),
  json: language(json),
  text: [],
};

/** Colours are variables of the style sheet, so that they follow light and dark without a second theme. */
const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.controlKeyword, tags.operatorKeyword], color: 'var(--qd-code-keyword)' },
  { tag: [tags.string, tags.special(tags.string)], color: 'var(--qd-code-string)' },
  { tag: [tags.comment, tags.meta], color: 'var(--qd-code-comment)', fontStyle: 'italic' },
  { tag: [tags.number, tags.bool, tags.null, tags.atom], color: 'var(--qd-code-number)' },
  { tag: [tags.variableName, tags.definition(tags.variableName), tags.propertyName, tags.attributeName], color: 'var(--qd-code-name)' },
  { tag: [tags.standard(tags.variableName), tags.function(tags.variableName)], color: 'var(--qd-code-builtin)' },
]);

const look = EditorView.theme({
  '&': { fontSize: '13px', color: 'var(--qd-text)', backgroundColor: 'var(--qd-output)' },
  '.cm-content': { fontFamily: 'var(--qd-mono)', caretColor: 'var(--qd-text)' },
  '.cm-gutters': { backgroundColor: 'var(--qd-surface-2)', color: 'var(--qd-text-2)', borderRight: '1px solid var(--qd-line)', fontFamily: 'var(--qd-mono)' },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'color-mix(in srgb, var(--qd-accent) 8%, transparent)' },
  '&.cm-focused .cm-selectionBackground, .cm-selectionBackground, .cm-content ::selection': { backgroundColor: 'color-mix(in srgb, var(--qd-accent) 28%, transparent) !important' },
  '.cm-cursor': { borderLeftColor: 'var(--qd-text)' },
  '.cm-panels': { backgroundColor: 'var(--qd-surface-2)', color: 'var(--qd-text)' },
});

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

export function CodeEditor({ value, language, label, onChange, rows = 8, invalid, required, describedBy }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const languageSlot = useRef(new Compartment());
  const fieldSlot = useRef(new Compartment());
  const wordsSlot = useRef(new Compartment());
  const { t } = useText();
  const change = useRef(onChange);
  const initial = useRef({ value, language, field: { label, invalid, required, describedBy }, t, readOnly: onChange === undefined });
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
          syntaxHighlighting(colours),
          syntaxHighlighting(defaultHighlightStyle, { fallback: true }),
          look,
          languageSlot.current.of(LANGUAGES[start.language]),
          fieldSlot.current.of(fieldAttributes(start.field)),
          wordsSlot.current.of(EditorState.phrases.of(editorPhrases(start.t))),
          // A document to read is reached by Tab and scrolled by keys like a script to write.
          EditorView.contentAttributes.of(start.readOnly ? { tabindex: '0', 'aria-readonly': 'true' } : { tabindex: '0' }),
          EditorState.readOnly.of(start.readOnly),
          EditorState.lineSeparator.of('\n'),
          start.readOnly ? EditorView.lineWrapping : [],
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
