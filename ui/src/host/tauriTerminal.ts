/** Sessions in the desktop app: the plugin `terminal`, whose channels carry bytes as bytes in both directions. */
import { Channel, invoke } from '@tauri-apps/api/core';
import type { RunningSession, SessionLine, SessionSink, SessionState, TerminalHost } from './terminal';

/** `replay` tells that the bytes after it were shown before. */
type Said = { kind: 'state'; state: SessionState } | { kind: 'replay' };

export function terminalHost(failure: (error: unknown) => Error): TerminalHost {
  const command = async <T>(name: string, args: Record<string, unknown> = {}): Promise<T> => {
    try {
      return await invoke<T>(`plugin:terminal|${name}`, args);
    } catch (error) {
      throw failure(error);
    }
  };

  const channelTo = (sink: SessionSink): Channel<ArrayBuffer | Said> => {
    let replay = false;
    const channel = new Channel<ArrayBuffer | Said>();
    channel.onmessage = (message) => {
      if (message instanceof ArrayBuffer) {
        const data = new Uint8Array(message);
        if (replay) sink.onReplay(data);
        else sink.onOutput(data);
        replay = false;
      } else if (message.kind === 'replay') replay = true;
      else sink.onState(message.state);
    };
    return channel;
  };

  const line = (opened: RunningSession): SessionLine => {
    const { handle } = opened;
    return {
      ...opened,
      async input(data) {
        try {
          await invoke('plugin:terminal|input', data, { headers: { 'x-session': String(handle) } });
        } catch (error) {
          throw failure(error);
        }
      },
      resize: (size) => command('resize', { handle, size }),
      acknowledge: (bytes) => command('acknowledge', { handle, bytes }),
      close: () => command('close', { handle }),
    };
  };

  return {
    open: async (request, size, sink) => line(await command<RunningSession>('open', { request, size, channel: channelTo(sink) })),
    attach: async (handle, sink) => line(await command<RunningSession>('attach', { handle, channel: channelTo(sink) })),
    running: () => command<RunningSession[]>('running'),
    tearOff: (handles, tab) => command('tear_off', { handles, tab }),
    claim: async () => (await command<string | null>('claim')) ?? undefined,
  };
}
