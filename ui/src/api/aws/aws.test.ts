import { beforeEach, describe, expect, it } from 'vitest';
import { ApiFailure, type Host, type OutputRef } from '../../host/host';
import { changes } from './events';
import { nodesPage, overview, preview, sorted } from './fleet';
import { type Call, isMissing, overAws } from './index';
import { chunkOf, readOutput } from './output';

const node = (id: string, name: string, more: object = {}) => ({ InstanceId: id, ComputerName: name, PingStatus: 'Online', AgentVersion: '3.3.1', ...more });

/** An endpoint that answers two nodes a page, and writes down what it was asked. */
function endpoint(nodes: ReturnType<typeof node>[], more: Record<string, (input: Record<string, unknown>) => Record<string, unknown>> = {}) {
  const asked: { operation: string; input: Record<string, unknown> }[] = [];
  const call: Call = async (operation, input) => {
    asked.push({ operation, input: input as Record<string, unknown> });
    const given = input as Record<string, unknown>;
    if (more[operation]) return more[operation](given);
    if (operation !== 'DescribeInstanceInformation') return {};
    const start = Number(given.NextToken ?? 0);
    return { InstanceInformationList: nodes.slice(start, start + 2), ...(start + 2 < nodes.length && { NextToken: String(start + 2) }) };
  };
  return { call, asked };
}

// What was read serves for a while; each test asks with a filter of its own.
let filter = '';
let tests = 0;
beforeEach(() => {
  tests += 1;
  filter = JSON.stringify([{ Key: `tag:test${tests}`, Values: ['x'] }]);
});

describe('nodes over AWS', () => {
  it('are read whole, then searched, sorted and paged', async () => {
    const { call, asked } = endpoint([node('mi-3', 'c'), node('mi-1', 'a'), node('mi-2', 'b'), node('mi-4', 'db')]);
    expect(await nodesPage(call, { filter, max: '2' })).toMatchObject({ total: 4, nextToken: '2', nodes: [{ InstanceId: 'mi-1' }, { InstanceId: 'mi-2' }] });
    expect(await nodesPage(call, { filter, max: '2', token: '2', order: 'asc' })).toMatchObject({ nodes: [{ InstanceId: 'mi-3' }, { InstanceId: 'mi-4' }], nextToken: undefined });
    expect(await nodesPage(call, { filter, search: 'B' })).toMatchObject({ total: 2 });
    expect(asked).toHaveLength(2);
    expect(asked[0]?.input.Filters).toEqual(JSON.parse(filter));
  });
  it('sort versions and addresses as numbers', () => {
    const list = [node('1', '', { AgentVersion: '3.10.0', IPAddress: '10.0.0.9' }), node('2', '', { AgentVersion: '3.9.0', IPAddress: '10.0.0.10' })];
    expect(sorted(list, 'agent-version', 'asc').map((one) => one.InstanceId)).toEqual(['2', '1']);
    expect(sorted(list, 'ip', 'desc').map((one) => one.InstanceId)).toEqual(['2', '1']);
  });
  it('have their tags when there is one to look at', async () => {
    const { call } = endpoint([node('mi-9', 'x')], { ListTagsForResource: () => ({ TagList: [{ Key: 'role', Value: 'web' }] }) });
    expect(await nodesPage(call, { filter: JSON.stringify([{ Key: 'InstanceIds', Values: ['mi-9'] }]) })).toMatchObject({ nodes: [{ Tags: { role: 'web' } }] });
  });
  it('make the overview, with what needs a person', async () => {
    const now = Date.now() / 1000;
    const { call } = endpoint([node('mi-1', 'a', { PlatformType: 'Linux' }), node('mi-2', 'b', { PingStatus: 'ConnectionLost', PlatformType: 'Linux' })], {
      ListCommands: () => ({ Commands: [{ CommandId: 'c1', Status: 'Failed', RequestedDateTime: now }, { CommandId: 'c2', Status: 'Failed', RequestedDateTime: now - 200_000 }] }),
    });
    expect(await overview(call)).toMatchObject({
      nodes: { total: 2, byStatus: { Online: 1, ConnectionLost: 1 }, byPlatform: [{ platformType: 'Linux', count: 2 }] },
      attention: [{ kind: 'NodeConnectionLost', subject: 'mi-2' }, { kind: 'CommandFailed', subject: 'c1' }],
    });
  });
  it('are previewed by the targets of a command, and no target is no node', async () => {
    const { call, asked } = endpoint([node('mi-1', 'a'), node('mi-2', 'b', { PingStatus: 'ConnectionLost' })]);
    expect(await preview(call, { targets: filter })).toMatchObject({ total: 2, online: 1, offline: 1 });
    expect(await preview(call, {})).toMatchObject({ total: 0 });
    expect(asked).toHaveLength(1);
  });
});

describe('events over AWS', () => {
  it('are what changed since the reading before; the first changes nothing', () => {
    const before = new Map<string, string>();
    expect(changes(before, [{ CommandId: 'a', Status: 'InProgress' }])).toEqual([]);
    expect(changes(before, [{ CommandId: 'a', Status: 'InProgress' }])).toEqual([]);
    expect(changes(before, [{ CommandId: 'b', Status: 'Pending' }, { CommandId: 'a', Status: 'Success' }]).map((one) => one.CommandId)).toEqual(['b', 'a']);
  });
});

describe('output over AWS', () => {
  const ref: OutputRef = { commandId: 'c', instanceId: 'i', step: 's', stream: 'stdout' };
  it('is bytes from a text', () => {
    expect(chunkOf('한글', 3, 100, true)).toEqual({ offset: 3, total: 6, complete: true, data: new TextEncoder().encode('글') });
  });
  it('is asked for without the step where a server does not know its name', async () => {
    const { call, asked } = endpoint([], {
      GetCommandInvocation: (input) => {
        if (input.PluginName) throw new ApiFailure('InvalidPluginName', 'no');
        return { Status: 'Success', StandardOutputContent: 'done' };
      },
    });
    const chunk = await readOutput(call, ref, 0, 100, 0, new AbortController().signal);
    expect([new TextDecoder().decode(chunk.data), chunk.complete, asked.length]).toEqual(['done', true, 2]);
  });
});

describe('what AWS does not offer', () => {
  const bare = (refuse: string) => ({ call: async (operation: string) => {
    if (operation === 'ListCommandInvocations') throw new ApiFailure(refuse, 'no');
    if (operation === 'ListCommands') return { Commands: [{ CommandId: 'c', DocumentName: 'D', InstanceIds: ['i-1', 'i-2'] }] };
    return { Status: 'Success', StandardOutputContent: 'o' };
  } }) as unknown as Host;
  it('is refused by name', async () => {
    await expect(overAws(bare('')).extension('POST', '/nodes/mi-1/rotate-key')).rejects.toMatchObject({ code: 'NotOffered' });
    await expect(overAws(bare('')).extension('GET', '/fleet')).rejects.toMatchObject({ code: 'NotOffered' });
  });
  it('is made of what a smaller server has, when it lacks an operation', async () => {
    const made = (await overAws(bare('Http500')).call('ListCommandInvocations', { CommandId: 'c' })) as { CommandInvocations: unknown[] };
    expect(made.CommandInvocations).toHaveLength(2);
    await expect(overAws(bare('AccessDeniedException')).call('ListCommandInvocations', { CommandId: 'c' })).rejects.toMatchObject({ code: 'AccessDeniedException' });
  });
  it('is told from what merely failed', () => {
    expect(isMissing(new ApiFailure('UnknownOperationException', ''))).toBe(true);
    expect(isMissing(new ApiFailure('Http503', ''))).toBe(false);
    expect(isMissing(new Error('x'))).toBe(false);
  });
});
