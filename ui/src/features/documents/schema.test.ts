import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { PLUGINS } from './schema';

const root = join(import.meta.dirname, '../../../..');
const source = (path: string) => readFileSync(join(root, path), 'utf8');

it('knows the plugins that the hub accepts, and no other', () => {
  const names = [...source('crates/model/src/document/plugins.rs').matchAll(/(?:plugin|timed)\("(aws:\w+)"/g)].map((match) => match[1]);
  expect(names.length).toBeGreaterThan(10);
  expect(PLUGINS.map((plugin) => plugin.name).sort()).toEqual(names.sort());
});

it('knows which of them the agent runs itself', () => {
  const table = source('crates/agent/src/plugin/mod.rs').split('const PLUGINS')[1]?.split('];')[0] ?? '';
  const ours = [...table.matchAll(/"(aws:\w+)",\s*Kind::(\w+)/g)].filter((match) => match[2] !== 'Elsewhere').map((match) => match[1]);
  expect(PLUGINS.filter((plugin) => plugin.ours).map((plugin) => plugin.name).sort()).toEqual(ours.sort());
});
