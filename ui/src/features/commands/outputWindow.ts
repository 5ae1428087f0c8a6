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

  /** Whether another chunk can come below without anything above going. */
  get hasRoom(): boolean {
    return this.bytes.length < this.limit / 2 && this.starts.length < this.lines / 2;
  }

  /** Takes in how far the stream has grown, and nothing of it. */
  note(total: number, complete: boolean): number {
    this.total = Math.max(this.total, total);
    this.complete = complete;
    return 0;
  }

  /**
   * Takes a chunk: after what is held, before it, or, when it touches neither end, in its place; what is held already is left out.
   * Returns the lines gained at the top, below zero when lines went there.
   */
  take(offset: number, data: Uint8Array, total: number, complete: boolean): number {
    this.note(Math.max(total, offset + data.length), complete);
    const end = offset + data.length;
    if (data.length === 0 || (this.bytes.length > 0 && offset >= this.start && end <= this.end)) return 0;
    if (this.bytes.length > 0 && offset >= this.start && offset <= this.end) return this.append(data.subarray(this.end - offset));
    if (this.bytes.length > 0 && offset < this.start && end >= this.start && end <= this.end) return this.prepend(offset, data.subarray(0, this.start - offset));
    this.start = offset;
    this.bytes = data.slice();
    this.trimHead();
    this.starts = lineStarts(this.bytes);
    this.trimLines();
    return 0;
  }

  private append(data: Uint8Array): number {
    const lines = this.lineCount;
    const cut = this.bytes.length > 0 && this.bytes.at(-1) !== LINE_BREAK;
    this.bytes = joined(this.bytes, data);
    // A line that was cut goes on; all others of the chunk are new.
    const added = lineStarts(data).length - (cut ? 1 : 0);
    this.trimHead();
    this.starts = lineStarts(this.bytes);
    this.trimLines();
    return this.lineCount - lines - added;
  }

  private prepend(offset: number, data: Uint8Array): number {
    const before = this.lineCount;
    this.bytes = joined(data, this.bytes);
    this.start = offset;
    this.starts = lineStarts(this.bytes);
    const gained = this.lineCount - before;
    this.trimTail();
    return gained;
  }

  private trimLines(): void {
    if (this.starts.length <= this.lines) return;
    const cut = this.starts[this.starts.length - this.lines] ?? 0;
    this.bytes = this.bytes.slice(cut);
    this.start += cut;
    this.starts = lineStarts(this.bytes);
  }

  private trimHead(): void {
    const over = this.bytes.length - this.limit;
    if (over <= 0) return;
    const lineBreak = this.bytes.indexOf(LINE_BREAK, over);
    const cut = lineBreak < 0 || lineBreak + 1 >= this.bytes.length ? over : lineBreak + 1;
    this.bytes = this.bytes.slice(cut);
    this.start += cut;
  }

  private trimTail(): void {
    if (this.bytes.length > this.limit) {
      const lineBreak = this.bytes.lastIndexOf(LINE_BREAK, this.limit - 1);
      this.bytes = this.bytes.slice(0, lineBreak < 0 ? this.limit : lineBreak + 1);
      this.starts = lineStarts(this.bytes);
    }
    const over = this.starts[this.lines];
    if (over === undefined) return;
    this.bytes = this.bytes.slice(0, over);
    this.starts = this.starts.slice(0, this.lines);
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

  /** The line that holds a byte of the stream; undefined when that byte is not held. */
  lineAt(offset: number): number | undefined {
    if (offset < this.start || offset >= this.end) return undefined;
    let [low, high] = [0, this.starts.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.starts[middle] ?? 0) <= offset - this.start) low = middle;
      else high = middle - 1;
    }
    return low;
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
