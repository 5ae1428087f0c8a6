/** Time in a recording: where it stands, how fast it goes, what to draw next. Clocks are given, so that it can be tested. */
import type { CastEvent } from './asciicast';

/** Pauses are no longer than this when they are skipped, in seconds. */
const LONGEST_PAUSE = 2;

export class Playback {
  readonly events: CastEvent[] = [];
  /** Where each event stands when pauses are skipped. */
  #shortened: number[] = [];
  #next = 0;
  #position = 0;
  #speed = 1;
  #skip = false;
  #since?: number;

  /** More of the recording came. */
  add(events: CastEvent[]): void {
    for (const event of events) {
      const before = this.events.at(-1)?.at ?? 0;
      const at = (this.#shortened.at(-1) ?? 0) + Math.min(event.at - before, LONGEST_PAUSE);
      this.events.push(event);
      this.#shortened.push(at);
    }
  }

  #time(index: number): number {
    return (this.#skip ? this.#shortened[index] : this.events[index]?.at) ?? 0;
  }

  /** Seconds in all. */
  get duration(): number {
    return this.events.length === 0 ? 0 : this.#time(this.events.length - 1);
  }

  get position(): number {
    return this.#position;
  }

  get playing(): boolean {
    return this.#since !== undefined;
  }

  get atEnd(): boolean {
    return this.#next >= this.events.length;
  }

  play(now: number): void {
    this.#since = now;
  }

  pause(now: number): void {
    this.#advance(now);
    this.#since = undefined;
  }

  setSpeed(speed: number, now: number): void {
    this.#advance(now);
    this.#speed = speed;
  }

  /** With pauses skipped or not; it goes on from the same event. */
  setSkip(skip: boolean, now: number): void {
    this.#advance(now);
    this.#skip = skip;
    this.#position = this.#next === 0 ? 0 : this.#time(this.#next - 1);
  }

  /** The position of a moment of the recording itself. */
  positionOf(at: number): number {
    if (!this.#skip) return at;
    const index = this.events.findIndex((event) => event.at >= at);
    return index < 0 ? this.duration : this.#time(index);
  }

  #advance(now: number): void {
    if (this.#since === undefined) return;
    this.#position = Math.min(this.#position + ((now - this.#since) / 1000) * this.#speed, this.duration);
    this.#since = now;
  }

  /** Events that are due by `now`. It stops by itself at the end, unless more is to come. */
  due(now: number, more: boolean): CastEvent[] {
    this.#advance(now);
    const from = this.#next;
    while (this.#next < this.events.length && this.#time(this.#next) <= this.#position) this.#next += 1;
    if (this.atEnd && !more) this.#since = undefined;
    return this.events.slice(from, this.#next);
  }

  /** Goes to a position. What is to be drawn on an empty terminal for it. */
  seek(position: number, now: number): CastEvent[] {
    this.#position = Math.min(Math.max(position, 0), this.duration);
    this.#next = 0;
    if (this.#since !== undefined) this.#since = now;
    while (this.#next < this.events.length && this.#time(this.#next) <= this.#position) this.#next += 1;
    return this.events.slice(0, this.#next);
  }
}
