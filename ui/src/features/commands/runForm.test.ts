import { describe, expect, it } from 'vitest';
import type { ParameterRule } from './parameters';
import { emptyForm, formOf, inputOf, inputsOf, isSound, MOST_IDS, onNodes, problemsOf, type RunForm, targetsOf } from './runForm';

const commands: ParameterRule = { name: 'commands', type: 'StringList', description: '', required: true, default: '', allowedValues: [], multiline: true };
const directory: ParameterRule = { ...commands, name: 'workingDirectory', type: 'String', required: false };
const form = (change: Partial<RunForm> = {}): RunForm => ({ ...emptyForm('AWS-RunShellScript', undefined, ['mi-1']), fields: { commands: 'uptime' }, ...change });

describe('targets', () => {
  it('are ids, or tags whose keys must all match and whose values are alternatives', () => {
    expect(targetsOf(form())).toEqual({ InstanceIds: ['mi-1'] });
    const tags = [{ key: 'role', value: 'web' }, { key: ' role ', value: 'db' }, { key: 'env', value: '' }, { key: '', value: '' }];
    expect(targetsOf(form({ mode: 'tags', tags }))).toEqual({ Targets: [{ Key: 'tag:role', Values: ['web', 'db'] }, { Key: 'tag:env', Values: [''] }] });
    expect(targetsOf(form({ mode: 'tagKeys', tagKeys: 'role, env,, role' }))).toEqual({ Targets: [{ Key: 'tag-key', Values: ['role', 'env'] }] });
  });
  it('are not asked for while a value has no key', () => {
    const half = form({ mode: 'tags', tags: [{ key: 'env', value: 'prod' }, { key: ' ', value: 'web' }] });
    expect(problemsOf(half, []).targets).toBe('nodes.tagNeedsKey');
    expect(targetsOf(half)).toBeUndefined();
  });
  it('have to be there', () => {
    expect(problemsOf(form({ ids: [] }), []).targets).toBe('run.needNodes');
    expect(problemsOf(form({ mode: 'tags', tags: [{ key: '', value: '' }] }), []).targets).toBe('run.needTags');
    expect(problemsOf(form({ mode: 'tagKeys', tagKeys: ' , ' }), []).targets).toBe('run.needTagKeys');
    expect(problemsOf(form({ ids: Array.from({ length: MOST_IDS + 1 }, (_, i) => `mi-${i}`) }), []).targets).toBe('run.tooManyNodes');
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

describe('the targets of an earlier command', () => {
  const again = (command: object) => inputOf(formOf({ DocumentName: 'D', ...command }), []);
  it.each([
    ['a tag and a tag key', [{ Key: 'tag:env', Values: ['prod'] }, { Key: 'tag-key', Values: ['role'] }]],
    ['ids and a tag', [{ Key: 'InstanceIds', Values: ['mi-1'] }, { Key: 'tag:env', Values: ['prod'] }]],
    ['one tag twice', [{ Key: 'tag:env', Values: ['prod'] }, { Key: 'tag:env', Values: ['eu'] }]],
    ['two tag keys', [{ Key: 'tag-key', Values: ['a'] }, { Key: 'tag-key', Values: ['b'] }]],
    ['a tag key with a comma', [{ Key: 'tag-key', Values: ['a,b'] }]],
    ['a resource group', [{ Key: 'resource-groups:Name', Values: ['web'] }]],
    ['ids', [{ Key: 'InstanceIds', Values: ['mi-1', 'mi-2'] }]],
    ['tags', [{ Key: 'tag:env', Values: ['prod', ''] }, { Key: 'tag:role', Values: ['web'] }]],
    ['tag keys', [{ Key: 'tag-key', Values: ['a', 'b'] }]],
  ])('%s stay what they were', (_, Targets) => expect(again({ InstanceIds: [], Targets }).Targets).toEqual(Targets));

  it('are shown in the fields where those can hold them', () => {
    expect(formOf({ Targets: [{ Key: 'tag:env', Values: ['prod'] }] }).mode).toBe('tags');
    expect(formOf({ Targets: [{ Key: 'tag-key', Values: ['a'] }] }).mode).toBe('tagKeys');
    expect(formOf({ InstanceIds: ['mi-1'] })).toMatchObject({ mode: 'ids', ids: ['mi-1'] });
    expect(formOf({ Targets: [{ Key: 'resource-groups:Name', Values: ['web'] }] }).mode).toBe('before');
  });

  it('go with what else the command asked for', () => {
    const kept = { NotificationConfig: { NotificationArn: 'arn:aws:sns:x', NotificationType: 'Command' }, CloudWatchOutputConfig: { CloudWatchLogGroupName: 'g' }, OutputS3BucketName: 'b' };
    const sent = again({ InstanceIds: ['mi-1'], ...kept, ServiceRole: 'arn:aws:iam::1:role/r', OutputS3Region: '', AlarmConfiguration: { Alarms: [] } });
    expect(sent).toMatchObject({ ...kept, ServiceRoleArn: 'arn:aws:iam::1:role/r' });
    expect(sent).not.toHaveProperty('OutputS3Region');
    expect(sent).not.toHaveProperty('AlarmConfiguration');
  });
});

describe('many nodes by id', () => {
  const ids = Array.from({ length: 120 }, (_, index) => `mi-${index}`);
  it('take several commands, each node in one of them', () => {
    const inputs = inputsOf(form({ ids }), [commands]);
    expect(inputs.map((input) => input.InstanceIds?.length)).toEqual([50, 50, 20]);
    expect(inputs.flatMap((input) => input.InstanceIds)).toEqual(ids);
    expect(inputsOf(form({ mode: 'tags', ids, tags: [{ key: 'role', value: 'web' }] }), [commands])).toHaveLength(1);
  });
  it('take the place of the targets of an earlier command', () => {
    const earlier = formOf({ DocumentName: 'D', Targets: [{ Key: 'tag:a', Values: ['1'] }, { Key: 'tag-key', Values: ['b'] }] });
    expect(targetsOf(onNodes(earlier, ['mi-1']))).toEqual({ InstanceIds: ['mi-1'] });
  });
});
