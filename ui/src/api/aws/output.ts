/** Output over AWS: the first 24,000 characters of standard output and 8,000 of standard error, once the step has ended. */
import { ApiFailure, type OutputChunk, type OutputRef } from '../../host/host';
import type { Call } from './index';

const RUNNING = new Set(['Pending', 'InProgress', 'Delayed', 'Cancelling']);
/** How long a read is held back at most while a step runs, in seconds: AWS has nothing to wait on. */
const LONGEST_WAIT = 4;

/** Bytes from `offset`, at most `max`, not cut within a character unless `max` does. */
export function chunkOf(text: string, offset: number, max: number, complete: boolean): OutputChunk {
  const all = new TextEncoder().encode(text);
  return { offset, total: all.length, complete, data: all.slice(offset, offset + max) };
}

function pause(seconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, seconds * 1000);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    }, { once: true });
  });
}

async function ask(call: Call, ref: OutputRef): Promise<Record<string, unknown>> {
  const input = { CommandId: ref.commandId, InstanceId: ref.instanceId };
  try {
    return await call('GetCommandInvocation', { ...input, PluginName: ref.step });
  } catch (error) {
    // A document of one step has its output without its name, too, and some servers know no names.
    if (error instanceof ApiFailure && /InvalidPluginName/.test(error.code)) return call('GetCommandInvocation', input);
    throw error;
  }
}

export async function readOutput(call: Call, ref: OutputRef, offset: number, max: number, wait: number, signal: AbortSignal): Promise<OutputChunk> {
  const answer = await ask(call, ref);
  signal.throwIfAborted();
  const complete = !RUNNING.has(String(answer.Status ?? ''));
  const text = String((ref.stream === 'stdout' ? answer.StandardOutputContent : answer.StandardErrorContent) ?? '');
  const chunk = chunkOf(text, offset, max, complete);
  if (wait > 0 && !complete && chunk.data.length === 0) await pause(Math.min(wait, LONGEST_WAIT), signal);
  return chunk;
}
