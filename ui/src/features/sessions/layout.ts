/**
 * How the panes of a tab divide it: a tree of rows and columns, as pure functions, so that splitting, closing, resizing and
 * saving are the same everywhere and can be tested without a screen.
 */

export interface Leaf {
  pane: string;
}
export interface Split {
  /** A row has its parts beside each other, a column one below the other. */
  direction: 'row' | 'column';
  parts: Layout[];
  /** Share of each part; they sum to 1. */
  shares: number[];
}
export type Layout = Leaf | Split;

export type Side = 'left' | 'right' | 'up' | 'down';

/** Most panes of one tab: below that, none has room for a line of text. */
export const MOST_PANES = 36;
const LEAST_SHARE = 0.05;

export function isSplit(layout: Layout): layout is Split {
  return 'parts' in layout;
}

/** Ids of the panes, in reading order. */
export function panesOf(layout: Layout): string[] {
  return isSplit(layout) ? layout.parts.flatMap(panesOf) : [layout.pane];
}

function even(count: number): number[] {
  return Array.from({ length: count }, () => 1 / count);
}

/** Divides the place of `at`: `added` comes after it. Within a row, another beside it joins that row. */
export function splitPane(layout: Layout, at: string, direction: Split['direction'], added: string): Layout {
  if (!isSplit(layout)) {
    return layout.pane === at ? { direction, parts: [layout, { pane: added }], shares: [0.5, 0.5] } : layout;
  }
  const place = layout.parts.findIndex((part) => !isSplit(part) && part.pane === at);
  if (place >= 0 && layout.direction === direction) {
    const half = (layout.shares[place] ?? 0) / 2;
    return {
      ...layout,
      parts: layout.parts.toSpliced(place + 1, 0, { pane: added }),
      shares: layout.shares.toSpliced(place, 1, half, half),
    };
  }
  return { ...layout, parts: layout.parts.map((part) => splitPane(part, at, direction, added)) };
}

/** Takes `at` out; what was beside it takes its room. Undefined when nothing is left. */
export function removePane(layout: Layout, at: string): Layout | undefined {
  if (!isSplit(layout)) return layout.pane === at ? undefined : layout;
  const kept = layout.parts.map((part, index) => ({ part: removePane(part, at), share: layout.shares[index] ?? 0 })).filter((item) => item.part !== undefined);
  const [first] = kept;
  if (!first?.part) return undefined;
  if (kept.length === 1) return first.part;
  const sum = kept.reduce((total, item) => total + item.share, 0);
  return { ...layout, parts: kept.flatMap((item) => (item.part ? [item.part] : [])), shares: kept.map((item) => item.share / sum) };
}

/** Moves the border after part `border` of the split at `path` by `delta`, a share of that split. */
export function moveBorder(layout: Layout, path: number[], border: number, delta: number): Layout {
  if (!isSplit(layout)) return layout;
  const [step, ...rest] = path;
  if (step !== undefined) {
    return { ...layout, parts: layout.parts.map((part, index) => (index === step ? moveBorder(part, rest, border, delta) : part)) };
  }
  const before = layout.shares[border];
  const after = layout.shares[border + 1];
  if (before === undefined || after === undefined) return layout;
  const both = before + after;
  // Both are too small already.
  if (both < 2 * LEAST_SHARE) return layout;
  const share = Math.min(Math.max(before + delta, LEAST_SHARE), both - LEAST_SHARE);
  return { ...layout, shares: layout.shares.with(border, share).with(border + 1, both - share) };
}

interface Box {
  pane: string;
  left: number;
  top: number;
  right: number;
  bottom: number;
}

function boxes(layout: Layout, left = 0, top = 0, right = 1, bottom = 1): Box[] {
  if (!isSplit(layout)) return [{ pane: layout.pane, left, top, right, bottom }];
  let from = layout.direction === 'row' ? left : top;
  const whole = layout.direction === 'row' ? right - left : bottom - top;
  return layout.parts.flatMap((part, index) => {
    const to = from + whole * (layout.shares[index] ?? 0);
    const found = layout.direction === 'row' ? boxes(part, from, top, to, bottom) : boxes(part, left, from, right, to);
    from = to;
    return found;
  });
}

/** The pane beside `at` on one side, as the eye sees it; undefined at the edge. */
export function neighbour(layout: Layout, at: string, side: Side): string | undefined {
  const all = boxes(layout);
  const here = all.find((box) => box.pane === at);
  if (!here) return undefined;
  const close = (a: number, b: number) => Math.abs(a - b) < 1e-6;
  const touches = (box: Box) => {
    if (side === 'left') return close(box.right, here.left);
    if (side === 'right') return close(box.left, here.right);
    return side === 'up' ? close(box.bottom, here.top) : close(box.top, here.bottom);
  };
  const shared = (box: Box) =>
    side === 'left' || side === 'right'
      ? Math.min(box.bottom, here.bottom) - Math.max(box.top, here.top)
      : Math.min(box.right, here.right) - Math.max(box.left, here.left);
  const [best] = all.filter((box) => touches(box) && shared(box) > 1e-6).sort((a, b) => shared(b) - shared(a));
  return best?.pane;
}

/** Panes in a grid that is as square as their number allows. */
export function tiles(panes: string[]): Layout | undefined {
  const [first] = panes;
  if (first === undefined) return undefined;
  if (panes.length === 1) return { pane: first };
  const columns = Math.ceil(Math.sqrt(panes.length));
  const rows: Layout[] = [];
  for (let at = 0; at < panes.length; at += columns) {
    const row = panes.slice(at, at + columns).map((pane): Layout => ({ pane }));
    rows.push(row.length === 1 && row[0] ? row[0] : { direction: 'row', parts: row, shares: even(row.length) });
  }
  return rows.length === 1 && rows[0] ? rows[0] : { direction: 'column', parts: rows, shares: even(rows.length) };
}

/** The same division with other panes: `name` answers the new id of each. */
export function renamed(layout: Layout, name: (pane: string) => string): Layout {
  return isSplit(layout) ? { ...layout, parts: layout.parts.map((part) => renamed(part, name)) } : { pane: name(layout.pane) };
}

/** A layout that was stored; undefined for anything else, so that a damaged one is the same as none. */
export function readLayout(value: unknown, depth = 0): Layout | undefined {
  if (typeof value !== 'object' || value === null || depth > 12) return undefined;
  const { pane, direction, parts, shares } = value as Record<string, unknown>;
  if (typeof pane === 'string' && pane !== '' && pane.length <= 500) return { pane };
  if ((direction !== 'row' && direction !== 'column') || !Array.isArray(parts) || parts.length < 2 || parts.length > MOST_PANES) return undefined;
  const read = parts.map((part) => readLayout(part, depth + 1)).filter((part) => part !== undefined);
  if (read.length !== parts.length) return undefined;
  const given = Array.isArray(shares) && shares.length === read.length && shares.every((share) => typeof share === 'number' && share > 0) ? (shares as number[]) : even(read.length);
  const sum = given.reduce((total, share) => total + share, 0);
  const layout: Layout = { direction, parts: read, shares: given.map((share) => share / sum) };
  return panesOf(layout).length <= MOST_PANES ? layout : undefined;
}
