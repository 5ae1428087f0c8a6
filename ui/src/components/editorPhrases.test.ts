import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect, it } from 'vitest';
import { editorPhrases, PHRASES } from './editorPhrases';

const require = createRequire(import.meta.url);

it.each(['search', 'view', 'commands', 'merge', 'autocomplete', 'lint'])('has words for all that @codemirror/%s says', (name) => {
  const source = readFileSync(require.resolve(`@codemirror/${name}`), 'utf8');
  const said = [...source.matchAll(/phrase\((?:view, )?"([^"]+)"/g)].map((match) => match[1]);
  expect(said.length).toBeGreaterThan(0);
  expect(said.filter((phrase) => !Object.hasOwn(PHRASES, phrase ?? ''))).toEqual([]);
});
it('hands them over under the words the editor knows', () => expect(editorPhrases((key) => key)['match case']).toBe('editor.matchCase'));
