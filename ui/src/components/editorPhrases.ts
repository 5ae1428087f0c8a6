/** What the editor says by itself (its search panel, announcements), in our catalogues: its own words, and the key of ours. */
import type { TextKey, Translate } from '../i18n';

export const PHRASES: Record<string, TextKey> = {
  Find: 'editor.find',
  Replace: 'editor.replaceWith',
  next: 'editor.next',
  previous: 'editor.previous',
  all: 'editor.all',
  'match case': 'editor.matchCase',
  regexp: 'editor.regexp',
  'by word': 'editor.byWord',
  replace: 'editor.replace',
  'replace all': 'editor.replaceAll',
  close: 'editor.close',
  'current match': 'editor.currentMatch',
  'on line': 'editor.onLine',
  'replaced $ matches': 'editor.replacedMatches',
  'replaced match on line $': 'editor.replacedOnLine',
  'Go to line': 'editor.goToLine',
  go: 'editor.go',
  'Control character': 'editor.controlCharacter',
  'Selection deleted': 'editor.selectionDeleted',
  '$ unchanged lines': 'editor.unchangedLines',
  'Revert this chunk': 'editor.revertChunk',
  Accept: 'editor.accept',
  Reject: 'editor.reject',
  Completions: 'editor.completions',
  Diagnostics: 'editor.diagnostics',
  'No diagnostics': 'editor.noDiagnostics',
};

export function editorPhrases(t: Translate): Record<string, string> {
  return Object.fromEntries(Object.entries(PHRASES).map(([phrase, key]) => [phrase, t(key)]));
}
