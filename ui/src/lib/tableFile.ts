/** A table as a file, written page by page as it is read: no text is as long as the file, and nobody holds all rows. */
import { type Cell, csvLines, csvStart } from './csv';

export type TableFormat = 'csv' | 'json';

export interface Column<T> {
  header: string;
  cell: (item: T) => Cell;
}

export interface TableFile<T> {
  rows: (items: readonly T[]) => Promise<void>;
  end: () => Promise<void>;
}

/** Rows turned to text at once. */
const PART = 1_000;

/** `write` gets the bytes of the file in order, one piece after the other. CSV has the columns; JSON has the items whole. */
export function tableFile<T>(format: TableFormat, columns: readonly Column<T>[], write: (data: Uint8Array) => Promise<void>): TableFile<T> {
  const encoder = new TextEncoder();
  const put = (text: string) => write(encoder.encode(text));
  let begun = false;
  const begin = () => (format === 'csv' ? csvStart(columns.map((column) => column.header)) : '[\n');
  const textOf = (items: readonly T[], first: boolean) => {
    if (format === 'csv') return (first ? begin() : '') + csvLines(items.map((item) => columns.map((column) => column.cell(item))));
    return (first ? begin() : ',\n') + items.map((item) => JSON.stringify(item)).join(',\n');
  };
  return {
    async rows(items) {
      for (let at = 0; at < items.length; at += PART) {
        const text = textOf(items.slice(at, at + PART), !begun);
        begun = true;
        await put(text);
      }
    },
    async end() {
      if (format === 'csv') {
        if (!begun) await put(begin());
      } else await put(begun ? '\n]\n' : '[]\n');
    },
  };
}
