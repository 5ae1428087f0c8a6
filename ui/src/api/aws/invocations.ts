/** Invocations of a command where an endpoint has no ListCommandInvocations: one GetCommandInvocation for each node it names. */
import type { Call } from './index';

/** Nodes that are asked for: one call each. */
const MOST = 50;

export async function invocationsOf(call: Call, input: { CommandId?: string; InstanceId?: string }, refused: unknown): Promise<unknown> {
  if (!input.CommandId) throw refused;
  const commands = (await call('ListCommands', { CommandId: input.CommandId })).Commands as { InstanceIds?: string[]; DocumentName?: string; RequestedDateTime?: unknown }[] | undefined;
  const command = commands?.[0];
  const ids = (command?.InstanceIds ?? []).filter((id) => !input.InstanceId || id === input.InstanceId).slice(0, MOST);
  // A command by tags names no nodes here, and nothing else does.
  if (!command || ids.length === 0) throw refused;
  const CommandInvocations = await Promise.all(
    ids.map(async (InstanceId) => {
      const one = await call('GetCommandInvocation', { CommandId: input.CommandId, InstanceId });
      const step = String(one.PluginName ?? '') || 'aws:runShellScript';
      return {
        CommandId: input.CommandId,
        InstanceId,
        DocumentName: command.DocumentName,
        RequestedDateTime: command.RequestedDateTime,
        Status: one.Status,
        StatusDetails: one.StatusDetails,
        CommandPlugins: [{ Name: step, Status: one.Status, StatusDetails: one.StatusDetails, ResponseCode: one.ResponseCode, Output: one.StandardOutputContent }],
      };
    }),
  );
  return { CommandInvocations };
}
