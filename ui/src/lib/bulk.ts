/** One thing done to many: a few at a time, in order, with its progress, and an end whenever somebody wants it. */
export interface BulkFailure<T> {
  item: T;
  error: unknown;
}

export interface BulkState {
  total: number;
  /** Ended, well or not. */
  done: number;
  failed: number;
}

export interface BulkOutcome<T> extends Omit<BulkState, 'failed'> {
  failures: BulkFailure<T>[];
  /** Not begun: it was stopped before, by a person or by a failure that all others would meet. */
  left: T[];
}

interface Options {
  signal: AbortSignal;
  onProgress: (state: BulkState) => void;
  /** How many at a time. */
  width?: number;
  /** Whether a failure is one that every further item would meet. */
  isFinal?: (error: unknown) => boolean;
}

/** What was begun is waited for, also after a stop: what it did is part of the outcome. */
export async function eachOf<T>(items: readonly T[], work: (item: T) => Promise<void>, { signal, onProgress, width = 4, isFinal = () => false }: Options): Promise<BulkOutcome<T>> {
  const failures: BulkFailure<T>[] = [];
  let next = 0;
  let done = 0;
  let stopped = false;
  const run = async () => {
    while (!stopped && !signal.aborted && next < items.length) {
      const item = items[next] as T;
      next += 1;
      try {
        await work(item);
      } catch (error) {
        failures.push({ item, error });
        stopped ||= isFinal(error);
      }
      done += 1;
      onProgress({ total: items.length, done, failed: failures.length });
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, Math.min(width, items.length)) }, run));
  return { total: items.length, done, failures, left: items.slice(next) };
}
