/** Columns, page size and wrapping that a person chose for a table. Kept by the host, one entry a table. */
import { useEffect, useState } from 'react';
import { host } from '../host';

export interface TablePreferences {
  pageSize: number;
  visible: string[];
  wrapLines: boolean;
}

const read = new Map<string, TablePreferences>();

function parse(text: string | undefined, otherwise: TablePreferences): TablePreferences {
  try {
    const value = JSON.parse(text ?? '') as Partial<TablePreferences>;
    return {
      pageSize: [10, 20, 50].includes(value.pageSize ?? 0) ? (value.pageSize ?? 20) : otherwise.pageSize,
      visible: Array.isArray(value.visible) ? value.visible.filter((item): item is string => typeof item === 'string') : otherwise.visible,
      wrapLines: value.wrapLines === true,
    };
  } catch {
    return otherwise;
  }
}

export function useTablePreferences(table: string, initial: TablePreferences): [TablePreferences, (next: TablePreferences) => void] {
  const [value, setValue] = useState(() => read.get(table) ?? initial);
  useEffect(() => {
    if (read.has(table)) return;
    let wanted = true;
    host
      .settingsGet(`table.${table}`)
      .then((text) => {
        if (!wanted || text === undefined) return;
        const found = parse(text, initial);
        read.set(table, found);
        setValue(found);
      })
      // A table without its remembered columns is still a table.
      .catch(() => undefined);
    return () => {
      wanted = false;
    };
    // oxlint-disable-next-line react/exhaustive-deps -- `initial` is a constant of the page
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
