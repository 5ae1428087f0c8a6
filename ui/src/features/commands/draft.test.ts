import { beforeEach, expect, it, vi } from 'vitest';
import { draftOf, dropDraft, keepDraft } from './draft';
import { emptyForm, formOf } from './runForm';

const kept = new Map<string, string>();
let full = false;
beforeEach(() => {
  kept.clear();
  full = false;
  vi.stubGlobal('sessionStorage', {
    getItem: (key: string) => kept.get(key) ?? null,
    removeItem: (key: string) => kept.delete(key),
    setItem: (key: string, value: string) => {
      if (full) throw new Error('QuotaExceededError');
      kept.set(key, value);
    },
  });
});

const initial = emptyForm('AWS-RunShellScript', undefined, []);

it('comes back as it was left, each under its own address', () => {
  const form = { ...initial, fields: { commands: 'echo 안녕\n' }, ids: ['mi-1'] };
  expect(keepDraft('{}', form, initial)).toBe(true);
  expect(draftOf('{}')).toEqual(form);
  expect(draftOf('{"from":"c1"}')).toBeUndefined();
  const again = { ...formOf({ DocumentName: 'D', Targets: [{ Key: 'tag:a', Values: ['b'] }, { Key: 'tag-key', Values: ['c'] }] }), comment: 'x' };
  keepDraft('a', again, initial);
  expect(draftOf('a')).toEqual(again);
  dropDraft('{}');
  expect(draftOf('{}')).toBeUndefined();
});
it('is none when nothing was changed, or changed back', () => {
  keepDraft('{}', { ...initial, comment: 'x' }, initial);
  keepDraft('{}', initial, initial);
  expect(kept.size).toBe(0);
});
it('says when it cannot be kept, and leaves no older one behind', () => {
  keepDraft('{}', { ...initial, comment: 'x' }, initial);
  full = true;
  expect(keepDraft('{}', { ...initial, comment: 'xy' }, initial)).toBe(false);
  expect(kept.size).toBe(0);
});
it('is none when it is damaged', () => {
  kept.set('quarterdeck.draft.{}', '{"document": 1}');
  expect(draftOf('{}')).toBeUndefined();
});
