import { describe, expect, it } from 'vitest';
import type { ParameterRule } from './parameters';
import { emptyForm, formOf, inputOf, isSound, problemsOf, type RunForm, targetsOf } from './runForm';

const commands: ParameterRule = { name: 'commands', type: 'StringList', description: '', required: true, default: '', allowedValues: [], multiline: true };
const directory: ParameterRule = { ...commands, name: 'workingDirectory', type: 'String', required: false };
const form = (change: Partial<RunForm> = {}): RunForm => ({ ...emptyForm('AWS-RunShellScript', undefined, ['mi-1']), fields: { commands: 'uptime' }, ...change });

describe('targets', () => {
  it('are ids, or tags whose keys must all match and whose values are alternatives', () => {
    expect(targetsOf(form())).toEqual({ InstanceIds: ['mi-1'] });
    const tags = [{ key: 'role', value: 'web' }, { key: ' role ', value: 'db' }, { key: 'env', value: '' }, { key: '', value: 'x' }];
    expect(targetsOf(form({ mode: 'tags', tags }))).toEqual({ Targets: [{ Key: 'tag:role', Values: ['web', 'db'] }, { Key: 'tag:env', Values: [''] }] });
    expect(targetsOf(form({ mode: 'tagKeys', tagKeys: 'role, env,, role' }))).toEqual({ Targets: [{ Key: 'tag-key', Values: ['role', 'env'] }] });
  });
  it('have to be there', () => {
    expect(problemsOf(form({ ids: [] }), []).targets).toBe('run.needNodes');
    expect(problemsOf(form({ mode: 'tags', tags: [{ key: '', value: '' }] }), []).targets).toBe('run.needTags');
    expect(problemsOf(form({ mode: 'tagKeys', tagKeys: ' , ' }), []).targets).toBe('run.needTagKeys');
    expect(problemsOf(form({ ids: Array.from({ length: 51 }, (_, i) => `mi-${i}`) }), []).targets).toBe('run.tooManyNodes');
  });
});

describe('rate control', () => {
  it.each(['1', '50', '10%', '100%'])('%s nodes at once is legal', (concurrency) => expect(problemsOf(form({ concurrency }), []).concurrency).toBeUndefined());
  it.each(['0', '0%', '101%', '', '1.5', '12345678'])('%j nodes at once is not', (concurrency) => expect(problemsOf(form({ concurrency }), []).concurrency).toBeDefined());
  it.each(['0', '0%', '3', '100%'])('%s errors is legal', (errors) => expect(problemsOf(form({ errors }), []).errors).toBeUndefined());
  it.each(['29', '2592001', '1e3', ''])('%j seconds is not', (timeout) => expect(problemsOf(form({ timeout }), []).timeout).toBeDefined());
});

it('sends what was changed and leaves the rest to the document', () => {
  expect(inputOf(form({ comment: '가동 시간' }), [commands, directory])).toEqual({
    DocumentName: 'AWS-RunShellScript', InstanceIds: ['mi-1'], Parameters: { commands: ['uptime'] }, Comment: '가동 시간', TimeoutSeconds: 3600, MaxConcurrency: '50', MaxErrors: '0',
  });
});

it('is sound only when every value is', () => {
  expect(isSound(problemsOf(form(), [commands, directory]))).toBe(true);
  expect(isSound(problemsOf(form({ fields: {} }), [commands]))).toBe(false);
});

it('runs an earlier command again as it was', () => {
  const sent = inputOf(form({ mode: 'tags', tags: [{ key: 'role', value: 'web' }, { key: 'role', value: 'db' }], concurrency: '10%', errors: '2', version: '3', fields: { commands: 'a\n\nb' } }), [commands, directory]);
  const again = formOf({ ...sent, DocumentName: sent.DocumentName });
  expect(inputOf(again, [commands, directory])).toEqual(sent);
});
