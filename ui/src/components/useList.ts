/** A list as a person keeps it: read a page at a time in the size they chose, and whole for a file. */
import type { QueryKey } from '@tanstack/react-query';
import { type Page, type Paged, readUpTo, usePaged } from '../api/paging';
import type { ReadWhole } from './ExportButton';
import { type TablePreferences, useTablePreferences } from './tablePreferences';

/** Rows of a page when a list is read for a file. */
const EXPORT_PAGE = 50;
const SIZES = [10, 20, 50];

interface Options<T> {
  /** Begins the keys of its reads and is the key of its preferences; the name of an exported file. */
  name: string;
  /** What else its reads depend on: filter and order. */
  about: QueryKey;
  /** Columns that are shown at first. */
  columns: string[];
  /** Reads one page of at most `max` rows. */
  read: (max: number) => (token: string | undefined) => Promise<Page<T>>;
  /** Most rows of a file. */
  exportLimit: number;
  /** Rows of a page that can be chosen, and of one that is read for a file. */
  sizes?: readonly number[];
  exportPage?: number;
  /** Milliseconds after which it is read again by itself. */
  refetchInterval?: number;
}

export interface List<T> {
  name: string;
  paged: Paged<T>;
  preferences: TablePreferences;
  setPreferences: (next: TablePreferences) => void;
  /** Before anyone chose. */
  initial: TablePreferences;
  sizes: readonly number[];
  /** All of it, for a file, page by page. */
  readAll: ReadWhole<T>;
}

export function useList<T>({ name, about, columns, read, exportLimit, sizes = SIZES, exportPage = EXPORT_PAGE, refetchInterval }: Options<T>): List<T> {
  const initial: TablePreferences = { pageSize: sizes.includes(20) ? 20 : (sizes[0] ?? 20), visible: columns, order: [], widths: {}, wrapLines: false };
  const [preferences, setPreferences] = useTablePreferences(name, initial, sizes);
  const paged = usePaged([name, 'list', ...about, preferences.pageSize], read(preferences.pageSize), { refetchInterval });
  return { name, paged, preferences, setPreferences, initial, sizes, readAll: (onProgress, signal, onPage) => readUpTo(read(exportPage), exportLimit, onProgress, signal, onPage) };
}
