/** Output as a whole, piece by piece: into a file, or up to a line of it. Nothing here holds more than a piece. */
import { call } from '../../api/call';
import type { Command, CommandInvocation } from '../../api/operations';
import { getOutputs } from '../../api/results';
import type { Fill } from '../../components/useSaving';
import { host, type OutputRef } from '../../host';
import type { Text } from '../../i18n';

const PIECE = 1024 * 1024;
const LINE_BREAK = 0x0a;
const ROWS = 50;

type OnPiece = (data: Uint8Array, read: number, total: number) => Promise<void> | void;

/** Hands over every piece of a stream as it stands now. Resolves to the last byte, so that a line break can be added. */
export async function eachPiece(ref: OutputRef, signal: AbortSignal, onPiece: OnPiece): Promise<number | undefined> {
  let offset = 0;
  let last: number | undefined;
  for (;;) {
    signal.throwIfAborted();
    const chunk = await host.readOutput(ref, offset, PIECE, 0, signal);
    if (chunk.data.length === 0) return last;
    offset = chunk.offset + chunk.data.length;
    last = chunk.data.at(-1);
    await onPiece(chunk.data, offset, chunk.total);
    if (offset >= chunk.total) return last;
  }
}

export async function copyStream(ref: OutputRef, { write, tell, signal }: Fill): Promise<void> {
  await eachPiece(ref, signal, async (data, read, total) => {
    await write(data);
    tell(total > 0 ? read / total : 0);
  });
}

/** The first `max` bytes of a stream, as text; and whether that is all of it. */
export async function beginningOf(ref: OutputRef, max: number, signal: AbortSignal): Promise<{ text: string; whole: boolean }> {
  const { data, total } = await host.readOutput(ref, 0, max, 0, signal);
  return { text: new TextDecoder().decode(data), whole: data.length >= total };
}

/** The byte where line `number` (from 1) begins; undefined when there are not so many. */
export async function byteOfLine(ref: OutputRef, number: number, signal: AbortSignal): Promise<number | undefined> {
  let [line, before] = [1, 0];
  let found: number | undefined = number <= 1 ? 0 : undefined;
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  try {
    await eachPiece(ref, either, (data, read) => {
      for (let at = data.indexOf(LINE_BREAK); at >= 0 && found === undefined; at = data.indexOf(LINE_BREAK, at + 1)) {
        line += 1;
        if (line === number) found = before + at + 1;
      }
      before = read;
      if (found !== undefined) stop.abort();
    });
  } catch (error) {
    if (found === undefined || signal.aborted) throw error;
  }
  return found;
}

/** All that every node of a command wrote, as one text: a heading for each stream, then the stream byte by byte. */
export async function copyAllOutputs(command: Command, { t, maybe, dateTime }: Text, { write, tell, signal }: Fill): Promise<void> {
  const id = command.CommandId ?? '';
  const encoder = new TextEncoder();
  const say = (text: string) => write(encoder.encode(text));
  await say(`\uFEFF${command.DocumentName ?? ''} · ${id} · ${dateTime(command.RequestedDateTime)}\n`);
  const total = Math.max(1, command.TargetCount ?? 1);
  let nodes = 0;
  const one = async (item: CommandInvocation) => {
    const node = item.InstanceId ?? '';
    const status = maybe(`status.command.${item.StatusDetails}`, item.StatusDetails ?? '');
    const name = item.InstanceName ? `${item.InstanceName} (${node})` : node;
    const { steps } = await getOutputs(id, node);
    let wrote = false;
    for (const step of steps) {
      for (const stream of ['stdout', 'stderr'] as const) {
        if (step.streams[stream].total === 0) continue;
        wrote = true;
        const code = step.code === undefined || step.code === null || step.code < 0 ? '' : ` · ${t('commands.exitCode')} ${step.code}`;
        await say(`\n===== ${name} · ${step.step} · ${t(`commands.${stream}`)}${code} · ${status} =====\n`);
        const last = await eachPiece({ commandId: id, instanceId: node, step: step.step, stream }, signal, (data) => write(data));
        if (last !== LINE_BREAK) await say('\n');
      }
    }
    if (!wrote) await say(`\n===== ${name} · ${status} =====\n${t('commands.nothing')}\n`);
    nodes += 1;
    tell(nodes / total);
  };
  let token: string | undefined;
  do {
    signal.throwIfAborted();
    const answer = await call('ListCommandInvocations', { CommandId: id, MaxResults: ROWS, NextToken: token });
    for (const item of answer.CommandInvocations ?? []) await one(item);
    token = answer.NextToken || undefined;
  } while (token);
}
