import { describe, expect, it } from 'vitest';
import { isOnlyJamo, score } from './hangul';

describe('score', () => {
  it.each([
    ['ㄴㄷ', '노드'],
    ['ㅁㄹ', '명령 실행'],
    ['며', '명령'],
    ['명령', '명령'.normalize('NFD')],
    ['run', 'Run a command'],
    ['rc', 'Run a command'],
    ['명령실', '명령실행'],
    ['녿', '노드'],
    ['ㄴㅗㄷㅡ', '노드'],
    ['명려', '명령'],
    ['값', '갑순'],
    ['shem', '노드'],
    ['aud', '명령 실행'],
    ['Tkd', '쌍둥이'],
    ['ㅜㅐㅇㄷ', 'Nodes'],
    ['녀ㅐ', 'suo'],
    ['노드', '노드'.normalize('NFD')],
  ])('%s finds %s', (query, text) => expect(score(query, text)).toBeDefined());

  it.each([
    ['ㅎ', '노드'],
    ['명', '며칠'],
    ['zz', 'Run a command'],
    ['각', '가나'],
    ['ㅗㄷ', '노드'],
    ['sh', '노드'],
    ['xyz', '노드'],
  ])('%s does not find %s', (query, text) => expect(score(query, text)).toBeUndefined());

  it('prefers the start of a word to the middle, and a run to scattered letters', () => {
    const start = score('web', 'web-01') ?? 0;
    const middle = score('web', 'cobweb') ?? 0;
    const scattered = score('web', 'w-e-b') ?? 0;
    expect(start).toBeGreaterThan(middle);
    expect(middle).toBeGreaterThan(scattered);
  });
});

it('knows what a hub cannot look for', () => {
  expect(['ㄴㄷ', 'ㅏ ', '노ㄷ', 'web', ''].map(isOnlyJamo)).toEqual([true, true, false, false, false]);
});
