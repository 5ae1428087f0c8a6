/** Recordings as the hub keeps them: asciicast v2, a header and one JSON array a line. */

/** `o`: written to the terminal, `i`: typed, `r`: the terminal's new size. Others are passed over. */
export interface CastEvent {
  /** Seconds since the start. */
  at: number;
  kind: 'o' | 'i' | 'r';
  data: string;
}

export interface CastHeader {
  width: number;
  height: number;
  /** Seconds. */
  duration?: number;
}

export interface Cast {
  header: CastHeader;
  events: CastEvent[];
}

const MOST_SIDE = 1000;
const KINDS = new Set(['o', 'i', 'r']);

function side(value: unknown, otherwise: number): number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= MOST_SIDE ? value : otherwise;
}

/** Reads the first line. Undefined when it is no header of version 2. */
export function readHeader(line: string): CastHeader | undefined {
  try {
    const value = JSON.parse(line) as Record<string, unknown> | null;
    if (value?.version !== 2) return undefined;
    const { duration } = value;
    return { width: side(value.width, 80), height: side(value.height, 24), duration: typeof duration === 'number' && duration >= 0 ? duration : undefined };
  } catch {
    return undefined;
  }
}

/** Reads one event; a line that is none is passed over, so that one damaged line does not hide the others. */
export function readEvent(line: string): CastEvent | undefined {
  try {
    const value = JSON.parse(line) as unknown;
    if (!Array.isArray(value)) return undefined;
    const [at, kind, data] = value as unknown[];
    if (typeof at !== 'number' || !Number.isFinite(at) || at < 0 || typeof kind !== 'string' || !KINDS.has(kind) || typeof data !== 'string') return undefined;
    return { at, kind: kind as CastEvent['kind'], data };
  } catch {
    return undefined;
  }
}

/** Reads a recording, or the rest of one: `header` is that of its beginning. Times never go back. */
export function readCast(text: string, header?: CastHeader, from = 0): Cast | undefined {
  const lines = text.split('\n');
  const begun = header ?? readHeader(lines.shift() ?? '');
  if (!begun) return undefined;
  let last = from;
  const events = lines.flatMap((line): CastEvent[] => {
    const event = line === '' ? undefined : readEvent(line);
    if (!event) return [];
    last = Math.max(last, event.at);
    return [{ ...event, at: last }];
  });
  return { header: begun, events };
}

/** `120x40` as columns and rows. */
export function readSize(data: string): { cols: number; rows: number } | undefined {
  const [, cols, rows] = /^(\d{1,4})x(\d{1,4})$/.exec(data) ?? [];
  if (cols === undefined || rows === undefined) return undefined;
  const size = { cols: Number(cols), rows: Number(rows) };
  return size.cols >= 1 && size.rows >= 1 && size.cols <= MOST_SIDE && size.rows <= MOST_SIDE ? size : undefined;
}
