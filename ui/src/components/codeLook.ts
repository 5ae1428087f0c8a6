/** How code looks, wherever it is shown: languages, colours and the frame. Loaded only by pages that show code. */
import { defaultHighlightStyle, HighlightStyle, StreamLanguage, type StreamParser, syntaxHighlighting } from '@codemirror/language';
import { json } from '@codemirror/legacy-modes/mode/javascript';
import { powerShell } from '@codemirror/legacy-modes/mode/powershell';
import { python } from '@codemirror/legacy-modes/mode/python';
import { shell } from '@codemirror/legacy-modes/mode/shell';
import { yaml } from '@codemirror/legacy-modes/mode/yaml';
import type { Extension } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { tags } from '@lezer/highlight';

export type CodeLanguage = 'shell' | 'powershell' | 'python' | 'yaml' | 'json' | 'text';

/** The modes name some tokens in words of their own. */
function language<State>(mode: StreamParser<State>): Extension {
  return StreamLanguage.define({ ...mode, tokenTable: { property: tags.propertyName, 'string-2': tags.special(tags.string), builtin: tags.standard(tags.variableName), ...mode.tokenTable } });
}

export const LANGUAGES: Record<CodeLanguage, Extension> = {
  shell: language(shell),
  powershell: language(powerShell),
  python: language(python),
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

const frame = EditorView.theme({
  '&': { fontSize: '13px', color: 'var(--qd-text)', backgroundColor: 'var(--qd-output)' },
  '.cm-content': { fontFamily: 'var(--qd-mono)', caretColor: 'var(--qd-text)' },
  '.cm-gutters': { backgroundColor: 'var(--qd-surface-2)', color: 'var(--qd-text-2)', borderRight: '1px solid var(--qd-line)', fontFamily: 'var(--qd-mono)' },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'color-mix(in srgb, var(--qd-accent) 8%, transparent)' },
  '&.cm-focused .cm-selectionBackground, .cm-selectionBackground, .cm-content ::selection': { backgroundColor: 'color-mix(in srgb, var(--qd-accent) 28%, transparent) !important' },
  '.cm-cursor': { borderLeftColor: 'var(--qd-text)' },
  '.cm-panels': { backgroundColor: 'var(--qd-surface-2)', color: 'var(--qd-text)' },
});

export const LOOK: Extension = [syntaxHighlighting(colours), syntaxHighlighting(defaultHighlightStyle, { fallback: true }), frame];
