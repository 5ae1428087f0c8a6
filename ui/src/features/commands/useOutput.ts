/**
 * Follows one output stream: the newest part first, then whatever is written, for as long as the step runs.
 *
 * One request waits at the hub until there is more (long poll), so a line shows within moments of being written and an idle
 * step costs three requests a minute.
 */
import { useCallback, useEffect, useRef, useState } from 'react';
import { asFailure } from '../../api/errors';
import { host, type OutputRef } from '../../host';
import { OutputWindow } from './outputWindow';

const FIRST = 64 * 1024;
const TAIL = 256 * 1024;
const WAIT_SECONDS = 20;
const RETRY_MS = 3_000;

export interface Output {
  window: OutputWindow;
  /** Grows with every change of the window. */
  revision: number;
  /** Lines that were added above what was shown, by the last change. */
  gained: number;
  loading: boolean;
  error: unknown;
  following: boolean;
  setFollowing(on: boolean): void;
  toStart(): void;
  toEnd(): void;
  earlier(): void;
  later(): void;
}

interface View {
  window: OutputWindow;
  revision: number;
  gained: number;
  loading: boolean;
  error: unknown;
}

const fresh = (): View => ({ window: new OutputWindow(), revision: 0, gained: 0, loading: true, error: undefined });

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** Reads from the tail on until the stream is complete or the reader goes. Errors that pass are tried again. */
async function follow(ref: OutputRef, window: OutputWindow, signal: AbortSignal, changed: (gained: number, error?: unknown) => void): Promise<void> {
  let first = window.total === 0;
  while (!signal.aborted) {
    try {
      const chunk = await host.readOutput(ref, first ? 0 : window.end, first ? FIRST : TAIL, first ? 0 : WAIT_SECONDS, signal);
      if (signal.aborted) return;
      if (first && chunk.total > FIRST + TAIL) {
        const offset = chunk.total - TAIL;
        const tail = await host.readOutput(ref, offset, TAIL, 0, signal);
        changed(window.take(tail.offset, tail.data, tail.total, tail.complete));
      } else {
        changed(window.take(chunk.offset, chunk.data, chunk.total, chunk.complete));
      }
      first = false;
      if (window.complete && window.atEnd) return;
      // A hub that does not hold the request must not be asked in a tight loop.
      if (chunk.data.length === 0) await pause(250, signal);
    } catch (error) {
      if (signal.aborted) return;
      changed(0, error);
      if (asFailure(error).code !== 'ConnectionFailed') return;
      await pause(RETRY_MS, signal);
    }
  }
}

export function useOutput(ref: OutputRef): Output {
  const [view, setView] = useState(fresh);
  const [following, setFollowing] = useState(true);
  const current = useRef(view.window);
  const { commandId, instanceId, step, stream } = ref;

  const publish = useCallback((window: OutputWindow, gained: number, error?: unknown) => {
    if (current.current !== window) return;
    setView((now) => ({ window, revision: now.revision + 1, gained, loading: false, error }));
  }, []);

  useEffect(() => {
    if (!following) return undefined;
    const stop = new AbortController();
    const window = current.current;
    void follow({ commandId, instanceId, step, stream }, window, stop.signal, (gained, error) => publish(window, gained, error));
    return () => stop.abort();
  }, [commandId, instanceId, step, stream, following, publish]);

  const read = useCallback(
    async (offset: number, max: number) => {
      const window = current.current;
      try {
        const chunk = await host.readOutput({ commandId, instanceId, step, stream }, offset, max, 0, new AbortController().signal);
        publish(window, window.take(chunk.offset, chunk.data, chunk.total, chunk.complete));
      } catch (error) {
        publish(window, 0, error);
      }
    },
    [commandId, instanceId, step, stream, publish],
  );

  return {
    ...view,
    following,
    setFollowing: (on) => {
      // Following means the end is in view: what is held may be far from it.
      if (on && !current.current.atEnd) {
        current.current = new OutputWindow();
        setView(fresh());
      }
      setFollowing(on);
    },
    toStart: () => {
      setFollowing(false);
      void read(0, TAIL);
    },
    toEnd: () => {
      const { total } = current.current;
      if (!current.current.atEnd) void read(Math.max(0, total - TAIL), TAIL);
    },
    earlier: () => {
      setFollowing(false);
      const { start } = current.current;
      if (start > 0) void read(Math.max(0, start - TAIL), Math.min(start, TAIL));
    },
    later: () => {
      if (!current.current.atEnd) void read(current.current.end, TAIL);
    },
  };
}

const PIECE = 1024 * 1024;

/** The whole stream, piece by piece, for a file. */
export async function readWhole(ref: OutputRef, onProgress: (read: number, total: number) => void): Promise<BlobPart[]> {
  const parts: BlobPart[] = [];
  const signal = new AbortController().signal;
  let offset = 0;
  for (;;) {
    const chunk = await host.readOutput(ref, offset, PIECE, 0, signal);
    if (chunk.data.length === 0) return parts;
    parts.push(chunk.data as BlobPart);
    offset = chunk.offset + chunk.data.length;
    onProgress(offset, chunk.total);
    if (offset >= chunk.total) return parts;
  }
}
