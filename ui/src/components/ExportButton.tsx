/** Everything a table would show, as a file. Reads page by page, says how far it is, and can be stopped. */
import Button from '@cloudscape-design/components/button';
import ButtonDropdown from '@cloudscape-design/components/button-dropdown';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { useEffect, useRef, useState } from 'react';
import { lineOf } from '../api/errors';
import type { Whole } from '../api/paging';
import { flash } from '../app/flash';
import { type FileSink, host } from '../host';
import { type TextKey, useText } from '../i18n';
import { type Column, type TableFormat, tableFile } from '../lib/tableFile';

export type ExportColumn<T> = Column<T>;

/** Reads a whole list. What `onPage` was not given has to be among the items of the answer. */
export type ReadWhole<T> = (onProgress: (count: number) => void, signal: AbortSignal, onPage: (items: T[]) => Promise<void>) => Promise<Whole<T>>;

interface Props<T> {
  /** Without its extension. */
  name: string;
  columns: ExportColumn<T>[];
  /** How many there are in all, where that is known. */
  total?: number;
  read: ReadWhole<T>;
  done: TextKey;
  failed: TextKey;
}

const MIME: Record<TableFormat, string> = { csv: 'text/csv;charset=utf-8', json: 'application/json' };

function stamp(): string {
  return new Date().toISOString().slice(0, 16).replace(/[-:]/g, '').replace('T', '-');
}

export function ExportButton<T>({ name, columns, total, read, done, failed }: Props<T>) {
  const { t, maybe, number } = useText();
  const [progress, setProgress] = useState<number>();
  const stop = useRef<AbortController>(undefined);
  useEffect(() => () => stop.current?.abort(), []);
  const run = async (format: TableFormat) => {
    const control = new AbortController();
    stop.current = control;
    setProgress(0);
    let sink: FileSink | undefined;
    try {
      sink = await host.openFile(`${name}-${stamp()}.${format}`, MIME[format]);
      if (!sink) return;
      const file = tableFile(format, columns, sink.write);
      const { items, count = items.length, cut } = await read(setProgress, control.signal, file.rows);
      await file.rows(items);
      await file.end();
      control.signal.throwIfAborted();
      await sink.finish();
      if (cut) flash({ type: 'warning', text: 'common.exportCut', values: { count } });
      else flash({ type: 'success', text: done, values: { count } });
    } catch (error) {
      await sink?.discard().catch(() => undefined);
      if (!control.signal.aborted) flash({ type: 'error', text: 'errors.flash', values: { what: t(failed), message: lineOf(error, maybe) } });
    } finally {
      setProgress(undefined);
    }
  };
  if (progress !== undefined) {
    return (
      <SpaceBetween direction="horizontal" size="xs" alignItems="center">
        <StatusIndicator type="in-progress">{total === undefined ? t('common.exporting', { done: number(progress) }) : t('common.exportingOf', { done: number(progress), total: number(total) })}</StatusIndicator>
        <Button onClick={() => stop.current?.abort()}>{t('common.exportStop')}</Button>
      </SpaceBetween>
    );
  }
  return (
    <ButtonDropdown
      items={[
        { id: 'csv', text: t('common.exportCsv') },
        { id: 'json', text: t('common.exportJson') },
      ]}
      onItemClick={({ detail }) => void run(detail.id === 'json' ? 'json' : 'csv')}
    >
      {t('common.export')}
    </ButtonDropdown>
  );
}
