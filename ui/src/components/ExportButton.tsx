/** Everything a table would show, as a file. Reads page by page and says how far it is. */
import ButtonDropdown from '@cloudscape-design/components/button-dropdown';
import { useState } from 'react';
import { lineOf } from '../api/errors';
import type { Whole } from '../api/paging';
import { flash } from '../app/flash';
import { host } from '../host';
import { type TextKey, useText } from '../i18n';
import { type Cell, csv } from '../lib/csv';

export interface ExportColumn<T> {
  header: string;
  cell: (item: T) => Cell;
}

interface Props<T> {
  /** Without its extension. */
  name: string;
  columns: ExportColumn<T>[];
  read: (onProgress: (count: number) => void) => Promise<Whole<T>>;
  done: TextKey;
  failed: TextKey;
}

function stamp(): string {
  return new Date().toISOString().slice(0, 16).replace(/[-:]/g, '').replace('T', '-');
}

export function ExportButton<T>({ name, columns, read, done, failed }: Props<T>) {
  const { t, maybe, number } = useText();
  const [progress, setProgress] = useState<number>();
  const run = async (format: string) => {
    setProgress(0);
    try {
      const { items, cut } = await read(setProgress);
      const file = `${name}-${stamp()}.${format}`;
      const saved =
        format === 'csv'
          ? await host.saveFile(file, 'text/csv;charset=utf-8', [csv(columns.map((column) => column.header), items.map((item) => columns.map((column) => column.cell(item))))])
          : await host.saveFile(file, 'application/json', [`${JSON.stringify(items, null, 2)}\n`]);
      if (!saved) return;
      if (cut) flash({ type: 'warning', text: 'common.exportCut', values: { count: items.length } });
      else flash({ type: 'success', text: done, values: { count: items.length } });
    } catch (error) {
      flash({ type: 'error', text: 'errors.flash', values: { what: t(failed), message: lineOf(error, maybe) } });
    } finally {
      setProgress(undefined);
    }
  };
  return (
    <ButtonDropdown
      loading={progress !== undefined}
      loadingText={progress === undefined ? undefined : number(progress)}
      items={[
        { id: 'csv', text: t('common.exportCsv') },
        { id: 'json', text: t('common.exportJson') },
      ]}
      onItemClick={({ detail }) => void run(detail.id)}
    >
      {t('common.export')}
    </ButtonDropdown>
  );
}
