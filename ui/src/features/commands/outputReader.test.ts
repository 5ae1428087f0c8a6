import { afterEach, describe, expect, it } from 'vitest';
import { ApiFailure, type OutputChunk } from '../../host/host';
import { OutputReader } from './outputReader';
import { OutputWindow } from './outputWindow';

/** A stream that grows when it is told to, behind a reader; a request that waits is answered when there is more. */
class Stream {
  private data: Uint8Array<ArrayBufferLike> = new Uint8Array(0);
  private complete = false;
  private waiting: (() => void)[] = [];
  asked: { offset: number; max: number }[] = [];
  fail: ApiFailure | undefined;
  pauses: number[] = [];
  reader: OutputReader;

  constructor(window = new OutputWindow()) {
    this.reader = new OutputReader((offset, max, wait, signal) => this.read(offset, max, wait, signal), () => undefined, window, async (milliseconds) => {
      this.pauses.push(milliseconds);
      await soon();
    });
  }

  write(text: string, complete = false): void {
    const more = new TextEncoder().encode(text);
    const all = new Uint8Array(this.data.length + more.length);
    all.set(this.data);
    all.set(more, this.data.length);
    this.data = all;
    this.complete = complete;
    for (const go of this.waiting.splice(0)) go();
  }

  private async read(offset: number, max: number, wait: number, signal: AbortSignal): Promise<OutputChunk> {
    this.asked.push({ offset, max });
    if (this.fail) throw this.fail;
    if (wait > 0 && offset >= this.data.length && !this.complete) {
      await new Promise<void>((resolve, reject) => {
        this.waiting.push(resolve);
        signal.addEventListener('abort', () => reject(new Error('aborted')));
      });
    }
    await soon();
    if (this.fail) throw this.fail;
    return { offset, total: this.data.length, complete: this.complete, data: this.data.slice(offset, offset + max) };
  }
}

const soon = () => new Promise((resolve) => setTimeout(resolve));
async function settled(): Promise<void> {
  for (let round = 0; round < 12; round += 1) await soon();
}
const textOf = (stream: Stream) => stream.reader.state.window.text();

let stream: Stream;
afterEach(() => stream.reader.end());

describe('reading', () => {
  it('goes on while nobody follows, and the end can be followed again', async () => {
    stream = new Stream();
    stream.reader.start();
    stream.write('a\n');
    await settled();
    stream.reader.follow(false);
    stream.write('b\n');
    await settled();
    expect(textOf(stream)).toBe('a\nb\n');
    stream.write('c\n', true);
    await settled();
    expect(stream.reader.state.window).toMatchObject({ total: 6, complete: true });
  });

  it('does not pull away what is read far from the end', async () => {
    stream = new Stream(new OutputWindow(1_000));
    const line = `${'x'.repeat(99)}\n`;
    stream.write(line.repeat(6_000));
    stream.reader.start();
    await settled();
    stream.reader.toStart();
    await settled();
    expect(stream.reader.state).toMatchObject({ following: false, place: 'start' });
    const { start, end } = stream.reader.state.window;
    stream.write(line.repeat(10));
    await settled();
    expect(stream.reader.state.window).toMatchObject({ start, end, total: 601_000 });
    stream.reader.follow(true);
    await settled();
    expect(stream.reader.state.window.atEnd).toBe(true);
  });

  it('tries again after a failure that passes, ever more seldom, and keeps what there is', async () => {
    stream = new Stream();
    stream.write('a\n');
    stream.reader.start();
    await settled();
    stream.fail = new ApiFailure('Http503', 'busy');
    stream.write('b\n');
    await settled();
    expect(stream.reader.state.error).toBe(stream.fail);
    expect(textOf(stream)).toBe('a\n');
    expect(stream.pauses.slice(0, 3)).toEqual([1_000, 2_000, 4_000]);
    stream.fail = undefined;
    await settled();
    expect(stream.reader.state.error).toBeUndefined();
    expect(textOf(stream)).toBe('a\nb\n');
  });

  it('stops at a failure that stays, until it is asked to try again', async () => {
    stream = new Stream();
    stream.fail = new ApiFailure('AccessDeniedException', 'no');
    stream.write('a\n', true);
    stream.reader.start();
    await settled();
    expect(stream.reader.state).toMatchObject({ error: stream.fail, loading: false });
    const asked = stream.asked.length;
    await settled();
    expect(stream.asked).toHaveLength(asked);
    stream.fail = undefined;
    stream.reader.retry();
    await settled();
    expect(stream.reader.state.error).toBeUndefined();
    expect(textOf(stream)).toBe('a\n');
  });
});

describe('moving through a long stream', () => {
  it('asks once for the part before, however often it is scrolled there', async () => {
    stream = new Stream();
    stream.write('line\n'.repeat(200_000), true);
    stream.reader.start();
    await settled();
    const { start } = stream.reader.state.window;
    expect(start).toBeGreaterThan(0);
    stream.asked = [];
    for (let again = 0; again < 5; again += 1) stream.reader.earlier();
    await settled();
    expect(stream.asked).toHaveLength(1);
    expect(stream.reader.state.gained).toBeGreaterThan(0);
    expect(stream.reader.state.window.start).toBe(start - 256 * 1024);
  });

  it('a jump takes the place of what was asked for', async () => {
    stream = new Stream();
    stream.write('line\n'.repeat(200_000), true);
    stream.reader.start();
    await settled();
    stream.reader.earlier();
    stream.reader.toStart();
    await settled();
    expect(stream.reader.state).toMatchObject({ place: 'start', following: false });
    expect(stream.reader.state.window.start).toBe(0);
    stream.reader.toEnd();
    await settled();
    expect(stream.reader.state.place).toBe('end');
    expect(stream.reader.state.window.atEnd).toBe(true);
  });
});
