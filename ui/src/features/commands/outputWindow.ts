/**
 * The part of an output stream that is held in memory: a bounded run of bytes with its line breaks found.
 *
 * Why: a step may print 100 MB. Whatever is shown comes from at most `LIMIT` bytes and `LINES` lines; the rest stays with the
 * hub and is read when someone scrolls there. Bytes are kept, not text, so that a character cut by a chunk comes whole.
 */
const LIMIT = 2 * 1024 * 1024;
const LINES = 200_000;
const LINE_BREAK = 0x0a;
/** A single line of megabytes would freeze the page; its rest is in the file. */
export const LONGEST_LINE = 8_192;

const decoder = new TextDecoder('utf-8');

export class OutputWindow {
  private bytes: Uint8Array = new Uint8Array(0);
  private starts: number[] = [];
  /** Bytes of the stream before and up to what is held. */
  start = 0;
  total = 0;
  complete = false;

  private readonly limit: number;
  private readonly lines: number;

  constructor(limit = LIMIT, lines = LINES) {
    this.limit = limit;
    this.lines = lines;
  }

  get end(): number {
    return this.start + this.bytes.length;
  }

  get atEnd(): boolean {
    return this.end >= this.total;
  }

  get lineCount(): number {
    return this.starts.length;
  }

  /** Takes a chunk: after what is held, before it, or, when it touches neither end, in its place. Returns lines gained at the top. */
  take(offset: number, data: Uint8Array, total: number, complete: boolean): number {
    this.total = Math.max(total, offset + data.length);
    this.complete = complete;
    if (data.length === 0) return 0;
    if (this.bytes.length > 0 && offset === this.end) {
      this.bytes = joined(this.bytes, data);
      this.trimHead();
      return this.index(0);
    }
    if (this.bytes.length > 0 && offset + data.length === this.start) {
      const before = this.lineCount;
      this.bytes = joined(data, this.bytes);
      this.start = offset;
      this.index(0);
      const gained = this.lineCount - before;
      this.trimTail();
      return gained;
    }
    this.start = offset;
    this.bytes = data.slice();
    this.trimHead();
    return this.index(0);
  }

  private index(gained: number): number {
    this.starts = lineStarts(this.bytes);
    if (this.starts.length > this.lines) {
      const cut = this.starts[this.starts.length - this.lines] ?? 0;
      this.bytes = this.bytes.slice(cut);
      this.start += cut;
      this.starts = lineStarts(this.bytes);
    }
    return gained;
  }

  private trimHead(): void {
    const over = this.bytes.length - this.limit;
    if (over <= 0) return;
    const lineBreak = this.bytes.indexOf(LINE_BREAK, over);
    const cut = lineBreak < 0 ? over : lineBreak + 1;
    this.bytes = this.bytes.slice(cut);
    this.start += cut;
  }

  private trimTail(): void {
    if (this.bytes.length <= this.limit) return;
    const lineBreak = this.bytes.lastIndexOf(LINE_BREAK, this.limit - 1);
    this.bytes = this.bytes.slice(0, lineBreak < 0 ? this.limit : lineBreak + 1);
    this.starts = lineStarts(this.bytes);
  }

  /** Text of a line, without its line break; invalid UTF-8 shows as replacement characters. */
  line(index: number): string {
    const from = this.starts[index];
    if (from === undefined) return '';
    const next = this.starts[index + 1];
    const end = next === undefined ? (this.bytes.at(-1) === LINE_BREAK ? this.bytes.length - 1 : this.bytes.length) : next - 1;
    const text = decoder.decode(this.bytes.subarray(from, Math.min(end, from + LONGEST_LINE)));
    return end - from > LONGEST_LINE ? `${text} …` : text;
  }

  text(): string {
    return decoder.decode(this.bytes);
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const all = new Uint8Array(a.length + b.length);
  all.set(a);
  all.set(b, a.length);
  return all;
}

function lineStarts(bytes: Uint8Array): number[] {
  if (bytes.length === 0) return [];
  const starts = [0];
  for (let at = bytes.indexOf(LINE_BREAK); at >= 0 && at + 1 < bytes.length; at = bytes.indexOf(LINE_BREAK, at + 1)) starts.push(at + 1);
  return starts;
}
