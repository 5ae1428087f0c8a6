/** Columns, their order and widths, page size and wrapping that a person chose for a table. Kept by the host, one entry a table. */
import { useEffect, useState } from 'react';
import * as z from 'zod/mini';
import { host } from '../host';

export interface TablePreferences {
  pageSize: number;
  visible: string[];
  /** Every column that was ever put in order, first to last; those not named follow. */
  order: string[];
  /** Pixels, of the columns whose width was changed. */
  widths: Record<string, number>;
  wrapLines: boolean;
}

/** More columns than a table has, tags included. */
const MAX_COLUMNS = 300;
const names = z.catch(z.array(z.string().check(z.maxLength(200))).check(z.maxLength(MAX_COLUMNS)), []);
const width = z.number().check(z.minimum(20), z.maximum(4_000));

const Stored = z.object({
  pageSize: z.catch(z.number().check(z.int(), z.minimum(1), z.maximum(500)), 0),
  visible: z.catch(z.optional(names), undefined),
  order: names,
  widths: z.catch(z.record(z.string(), width), {}),
  wrapLines: z.catch(z.boolean(), false),
});

/** What was stored, with what is missing or damaged as it is at first. */
export function readPreferences(value: unknown, initial: TablePreferences, sizes: readonly number[]): TablePreferences {
  const parsed = Stored.safeParse(value);
  if (!parsed.success) return initial;
  const { pageSize, visible, ...rest } = parsed.data;
  return { ...rest, pageSize: sizes.includes(pageSize) ? pageSize : initial.pageSize, visible: visible ?? initial.visible };
}

/** All columns in the order they are shown in, each with whether it is. */
export function displayOf(columns: readonly { id: string; fixed?: boolean }[], { order, visible }: Pick<TablePreferences, 'order' | 'visible'>): { id: string; visible: boolean }[] {
  const place = new Map(order.map((id, index) => [id, index]));
  return columns
    .map((column, index) => ({ column, index, at: place.get(column.id) ?? Number.POSITIVE_INFINITY }))
    .sort((a, b) => (a.at === b.at ? a.index - b.index : a.at - b.at))
    .map(({ column }) => ({ id: column.id, visible: column.fixed === true || visible.includes(column.id) }));
}

const read = new Map<string, TablePreferences>();

export function useTablePreferences(table: string, initial: TablePreferences, sizes: readonly number[]): [TablePreferences, (next: TablePreferences) => void] {
  const [value, setValue] = useState(() => read.get(table) ?? initial);
  useEffect(() => {
    if (read.has(table)) return;
    let wanted = true;
    host
      .settingsGet(`table.${table}`)
      .then((text) => {
        if (!wanted || text === undefined) return;
        const found = readPreferences(JSON.parse(text), initial, sizes);
        read.set(table, found);
        setValue(found);
      })
      // A table without its remembered columns is still a table.
      .catch(() => undefined);
    return () => {
      wanted = false;
    };
    // oxlint-disable-next-line react/exhaustive-deps -- `initial` and `sizes` are constants of the page
  }, [table]);
  return [
    value,
    (next) => {
      read.set(table, next);
      setValue(next);
      host.settingsSet(`table.${table}`, JSON.stringify(next)).catch(() => undefined);
    },
  ];
}
