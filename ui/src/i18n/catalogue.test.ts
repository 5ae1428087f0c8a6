/** The catalogues against each other and against the source: nothing missing, nothing unused, nothing written into a page. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { en } from './en';
import { ko } from './ko';

type Tree = { [key: string]: string | Tree };

function leaves(tree: Tree, prefix = ''): [string, string][] {
  return Object.entries(tree).flatMap(([key, value]): [string, string][] => (typeof value === 'string' ? [[prefix + key, value]] : leaves(value, `${prefix}${key}.`)));
}

const english = new Map(leaves(en));
const korean = new Map(leaves(ko));
const stem = (key: string) => key.replace(/_(one|other)$/, '');
const stems = (catalogue: Map<string, string>) => [...new Set([...catalogue.keys()].map(stem))].sort();

function files(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === 'generated' || path.endsWith(join('src', 'i18n')) ? [] : files(path);
    return /\.tsx?$/.test(entry.name) && !entry.name.endsWith('.test.ts') ? [path] : [];
  });
}
const sources = files(join(import.meta.dirname, '..')).map((path): [string, string] => [path, readFileSync(path, 'utf8')]);

describe('the two catalogues', () => {
  it('have the same keys', () => expect(stems(korean)).toEqual(stems(english)));
  it('have a text for every key', () => expect([...english, ...korean].filter(([, value]) => value.trim() === '')).toEqual([]));
  it('count in English with one and other, in Korean with other', () => {
    for (const key of english.keys()) if (key.endsWith('_one')) expect(english.has(`${stem(key)}_other`), key).toBe(true);
    expect([...korean.keys()].filter((key) => key.endsWith('_one'))).toEqual([]);
  });
  it('use the same values in a text', () => {
    const names = (text: string) => [...new Set([...text.matchAll(/\{\{\s*(\w+)/g)].map((match) => match[1]))].sort();
    for (const [key, text] of korean) expect(names(text), key).toEqual(names(english.get(key) ?? ''));
  });
  it('do not mix languages', () => {
    const foreign = [...english].filter(([key, text]) => /[가-힣ㄱ-ㅎ]/.test(text) && key !== 'settings.korean');
    expect(foreign).toEqual([]);
    const names = /^(JSON|CSV.*|2026-11-22.*|Quarterdeck|Amazon|bash, zsh, sh|\{\{[^}]*\}\}.*|PowerShell.*)$/;
    expect([...korean].filter(([, text]) => !/[가-힣]/.test(text) && !names.test(text))).toEqual([]);
  });
  it('say it in Korean as Korean consoles do', () => {
    const odd = /까닭|둘 곳|알림 글|한 쪽의|순정|만든 때|마지막 연락|(^|[^(])이후에 요청|가진 태그/;
    expect([...korean].filter(([, text]) => odd.test(text))).toEqual([]);
  });
  it('leave particles after a value to be chosen', () => {
    const fixed = [...korean].filter(([, text]) => /\}\}["”’]?(은|는|이|가|을|를|과|와|으로)(?=[\s.,?!]|$)/.test(text));
    expect(fixed).toEqual([]);
  });
});

/** Keys that are put together at run time, by their beginning. */
const BUILT = ['activations.stockSystem.', 'nodes.check.', 'nodes.checkState.', 'nodes.evidence.', 'nodes.system.', 'status.', 'errors.advice.', 'errors.own.', 'overview.kind.', 'commands.stage.', 'run.problem.', 'documents.known.', 'documents.about.', 'header.stream.', 'palette.group.', 'notifications.only.', 'settings.rule.about.', 'settings.rule.only.', 'settings.rule.act.', 'connections.kind.', 'connections.mark.', 'connection.said.', 'connection.step.', 'connection.colourNames.', 'connection.needs.', 'connection.problem.', 'settings.secretsState.', 'terminal.state.', 'terminal.action.', 'sessions.state.'];

describe('the source', () => {
  it('uses every text', () => {
    const all = sources.map(([, text]) => text).join('\n');
    const unused = stems(english).filter((key) => !BUILT.some((prefix) => key.startsWith(prefix)) && !all.includes(`'${key}'`) && !all.includes(`"${key}"`));
    expect(unused).toEqual([]);
  });

  it('has no text of its own', () => {
    const found: string[] = [];
    for (const [path, text] of sources) {
      if (!path.endsWith('.tsx')) continue;
      const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
      // Words between tags, and words given to attributes that people see or hear.
      for (const match of code.matchAll(/(?<![=(])>\s*([A-Za-z가-힣][^<>{}\n;=()]*?)\s*<\//g)) found.push(`${path}: ${match[1]}`);
      for (const match of code.matchAll(/\s(?:label|header|headerText|description|placeholder|title|ariaLabel|aria-label|constraintText|errorText|empty|alt|text)="([^"]+)"/g)) found.push(`${path}: ${match[1]}`);
    }
    expect(found).toEqual([]);
  });
});
