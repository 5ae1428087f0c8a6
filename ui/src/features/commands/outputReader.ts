/**
 * Reads one output stream: the newest part first, then whatever is written, until the stream is complete.
 *
 * Reading and following are two things. Reading goes on as long as the step runs, so that the size and the end stay true.
 * Following keeps the newest line in view; someone who scrolls up stops that, and what they read is not pulled away. One
 * request waits at the hub until there is more (long poll): a line shows within moments of being written, and an idle step
 * costs three requests a minute.
 */
import { asFailure, isTransient } from '../../api/errors';
import type { OutputChunk } from '../../host';
import { OutputWindow } from './outputWindow';

const FIRST = 64 * 1024;
const TAIL = 256 * 1024;
const WAIT_SECONDS = 20;
const RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 30_000;
/** A hub that does not hold a request must not be asked in a tight loop; nor one that only tells how far the stream has grown. */
const IDLE_MS = 250;
const WATCH_MS = 1_000;

/** Reads up to `max` bytes from `offset`; with `wait`, answers when there is more or after so many seconds. */
export type ReadOutput = (offset: number, max: number, wait: number, signal: AbortSignal) => Promise<OutputChunk>;

export type Place = 'start' | 'end' | number;

export interface OutputState {
  window: OutputWindow;
  /** Grows with every change of the window. */
  revision: number;
  /** Lines that the last change added above what was shown; below zero, lines it took away there. */
  gained: number;
  /** Where the last change jumped to; a number is a byte of the stream. */
  place?: Place;
  loading: boolean;
  error: unknown;
  following: boolean;
}

export type Pause = (milliseconds: number, signal: AbortSignal) => Promise<void>;

const pause: Pause = (milliseconds, signal) =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });

export class OutputReader {
  state: OutputState;
  private readonly window: OutputWindow;
  private readonly readOutput: ReadOutput;
  private readonly changed: (state: OutputState) => void;
  private readonly pause: Pause;
  private stop = new AbortController();
  private ended = false;
  /** The one read that a person asked for and that is under way. A jump takes the place of another. */
  private asked: symbol | undefined;
  /** What "Try again" does, when a read that a person asked for failed. */
  private again: (() => void) | undefined;

  constructor(readOutput: ReadOutput, changed: (state: OutputState) => void, window = new OutputWindow(), wait: Pause = pause) {
    this.readOutput = readOutput;
    this.changed = changed;
    this.window = window;
    this.pause = wait;
    this.state = { window, revision: 0, gained: 0, loading: true, error: undefined, following: true };
  }

  start(): void {
    void this.run(this.stop.signal);
  }

  end(): void {
    this.ended = true;
    this.stop.abort();
  }

  private publish(change: Partial<OutputState>): void {
    if (this.ended) return;
    this.state = { ...this.state, gained: 0, place: undefined, ...change, revision: this.state.revision + 1 };
    this.changed(this.state);
  }

  /** Until the stream is complete and, for who follows it, its end is there. */
  private async run(signal: AbortSignal): Promise<void> {
    let retry = RETRY_MS;
    while (!signal.aborted) {
      try {
        if (await this.step(signal)) return;
        retry = RETRY_MS;
      } catch (error) {
        if (signal.aborted) return;
        this.publish({ loading: false, error });
        if (!isTransient(asFailure(error).code)) return;
        await this.pause(retry, signal);
        retry = Math.min(retry * 2, LONGEST_RETRY_MS);
      }
    }
  }

  /** One read. Resolves to whether nothing more is to come. */
  private async step(signal: AbortSignal): Promise<boolean> {
    const { window } = this;
    if (this.state.loading && window.total === 0) return this.first(signal);
    // What someone reads stays: beyond the room there is, the stream is watched but not taken in.
    const taking = this.state.following || (window.atEnd && window.hasRoom);
    if (window.complete && (window.atEnd || !taking)) return true;
    const behind = window.total - window.end;
    const jump = taking && behind > TAIL * 4;
    const offset = jump ? window.total - TAIL : taking ? window.end : window.total;
    // After a failure, the answer says at once that it is over.
    const wait = (behind > 0 && taking) || this.state.error !== undefined ? 0 : WAIT_SECONDS;
    const chunk = await this.readOutput(offset, taking ? TAIL : 1, wait, signal);
    if (signal.aborted) return true;
    // The window may have moved while the request waited; only what joins on is taken.
    const joins = jump ? this.state.following : taking && chunk.offset <= window.end;
    const gained = joins ? window.take(chunk.offset, chunk.data, chunk.total, chunk.complete) : window.note(chunk.total, chunk.complete);
    this.publish({ gained, loading: false, error: undefined });
    if (!taking && !window.complete) await this.pause(WATCH_MS, signal);
    else if (chunk.data.length === 0 && !window.complete) await this.pause(IDLE_MS, signal);
    return false;
  }

  /** The beginning of a short stream, the end of a long one. */
  private async first(signal: AbortSignal): Promise<boolean> {
    let chunk = await this.readOutput(0, FIRST, 0, signal);
    if (!signal.aborted && chunk.total > FIRST + TAIL) chunk = await this.readOutput(chunk.total - TAIL, TAIL, 0, signal);
    if (signal.aborted) return true;
    this.publish({ gained: this.window.take(chunk.offset, chunk.data, chunk.total, chunk.complete), loading: false, error: undefined });
    return false;
  }

  private async read(offset: number, max: number, place?: Place): Promise<void> {
    // Scrolling asks many times while one answer is on its way.
    if (this.asked && place === undefined) return;
    const mine = Symbol('read');
    this.asked = mine;
    const { signal } = this.stop;
    try {
      const chunk = await this.readOutput(offset, max, 0, signal);
      if (this.asked !== mine || signal.aborted) return;
      this.again = undefined;
      this.publish({ gained: this.window.take(chunk.offset, chunk.data, chunk.total, chunk.complete), place, loading: false, error: undefined });
    } catch (error) {
      if (this.asked !== mine || signal.aborted) return;
      this.again = () => void this.read(offset, max, place);
      this.publish({ loading: false, error });
    } finally {
      if (this.asked === mine) this.asked = undefined;
    }
  }

  /** Keeps the newest line in view, or no longer does. */
  follow(on: boolean): void {
    if (on === this.state.following) return;
    this.publish({ following: on, ...(on && this.window.atEnd ? { place: 'end' as const } : {}) });
    if (on && !this.window.atEnd) this.toEnd();
  }

  toStart(): void {
    this.publish({ following: false, ...(this.window.start === 0 ? { place: 'start' as const } : {}) });
    if (this.window.start > 0) void this.read(0, TAIL, 'start');
  }

  toEnd(): void {
    const { window } = this;
    if (window.atEnd) this.publish({ place: 'end' });
    else void this.read(Math.max(0, window.total - TAIL), TAIL, 'end');
  }

  /** Shows the line that holds a byte. */
  toByte(offset: number): void {
    const held = offset >= this.window.start && offset < this.window.end;
    this.publish({ following: false, ...(held ? { place: offset } : {}) });
    if (!held) void this.read(Math.max(0, offset - FIRST), TAIL, offset);
  }

  earlier(): void {
    const { start } = this.window;
    if (this.state.following) this.publish({ following: false });
    if (start > 0) void this.read(Math.max(0, start - TAIL), Math.min(start, TAIL));
  }

  later(): void {
    if (!this.window.atEnd) void this.read(this.window.end, TAIL);
  }

  /** After a failure: what failed, and reading on. */
  retry(): void {
    const { again } = this;
    this.again = undefined;
    this.asked = undefined;
    this.stop.abort();
    this.stop = new AbortController();
    this.publish({ error: undefined, loading: this.window.total === 0 });
    this.start();
    again?.();
  }
}
