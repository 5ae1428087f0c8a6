import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

function files(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? files(join(folder, entry.name)) : [join(folder, entry.name)]));
}

const writing = files(join(import.meta.dirname, '..', 'features'))
  .filter((path) => path.endsWith('.tsx'))
  .map((path): [string, string] => [path.split('/').at(-1) ?? '', readFileSync(path, 'utf8')])
  .filter(([, text]) => /\bcall\('(?!(?:Describe|Get|List)[A-Z])/.test(text));

it('finds the pages that change something', () => expect(writing.map(([name]) => name)).toContain('BulkActions.tsx'));
it.each(writing)('%s does not over a connection that is marked read only, and says so', (_, text) => {
  expect(text).toContain('useBlocked()');
  expect(text).toMatch(/disabledReason=\{/);
});
