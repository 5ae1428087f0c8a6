/** A file that takes a while: how far it is, and the way to stop it. One at a time for each place that offers one. */
import { useEffect, useMemo, useRef, useState } from 'react';
import { lineOf } from '../api/errors';
import { flash } from '../app/flash';
import { type FileSink, host } from '../host';
import { type TextKey, useText } from '../i18n';

export interface Fill {
  write: FileSink['write'];
  /** How much of it is there, from 0 to 1. */
  tell: (done: number) => void;
  signal: AbortSignal;
}

export interface Saving {
  /** Percent; undefined while nothing is saved. */
  progress?: number;
  start: (name: string, mime: string, fill: (to: Fill) => Promise<void>) => Promise<void>;
  cancel: () => void;
}

export function useSaving(words: { done: TextKey; failed: TextKey; stopped: TextKey }): Saving {
  const { t, maybe } = useText();
  const [progress, setProgress] = useState<number>();
  const running = useRef<AbortController | undefined>(undefined);
  // A page that is left takes its unfinished file along.
  useEffect(() => () => running.current?.abort(), []);
  return useMemo(() => {
    const start: Saving['start'] = async (name, mime, fill) => {
      if (running.current) return;
      const stop = new AbortController();
      running.current = stop;
      let sink: FileSink | undefined;
      try {
        sink = await host.openFile(name, mime);
        if (!sink) return;
        setProgress(0);
        await fill({ write: sink.write, tell: (done) => setProgress(Math.min(99, Math.floor(done * 100))), signal: stop.signal });
        stop.signal.throwIfAborted();
        await sink.finish();
        flash({ type: 'success', text: words.done });
      } catch (error) {
        await sink?.discard().catch(() => undefined);
        if (stop.signal.aborted) flash({ type: 'info', text: words.stopped });
        else flash({ type: 'error', text: 'errors.flash', values: { what: t(words.failed), message: lineOf(error, maybe) } });
      } finally {
        running.current = undefined;
        setProgress(undefined);
      }
    };
    return { progress, start, cancel: () => running.current?.abort() };
  }, [progress, t, maybe, words.done, words.failed, words.stopped]);
}
