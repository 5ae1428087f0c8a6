/** Everything a table would show, as a file. Reads page by page, says how far it is, and can be stopped. */
import Button from '@cloudscape-design/components/button';
import ButtonDropdown from '@cloudscape-design/components/button-dropdown';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { useEffect, useRef, useState } from 'react';
import { lineOf } from '../api/errors';
import type { Whole } from '../api/paging';
import { flash } from '../app/flash';
import { host } from '../host';
import { type TextKey, useText } from '../i18n';
import { type Cell, csvLines, csvStart } from '../lib/csv';

export interface ExportColumn<T> {
  header: string;
  cell: (item: T) => Cell;
}

interface Props<T> {
  /** Without its extension. */
  name: string;
  columns: ExportColumn<T>[];
  /** How many there are in all, where that is known. */
  total?: number;
  read: (onProgress: (count: number) => void, signal: AbortSignal) => Promise<Whole<T>>;
  done: TextKey;
  failed: TextKey;
}

/** Rows turned to text at once: a long list is written in parts, so that no text is as long as the file. */
const PART = 1_000;

function stamp(): string {
  return new Date().toISOString().slice(0, 16).replace(/[-:]/g, '').replace('T', '-');
}

function* parts<T>(items: T[], size = PART): Generator<T[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size);
}

function csvParts<T>(columns: ExportColumn<T>[], items: T[]): string[] {
  const rows = [...parts(items)].map((some) => csvLines(some.map((item) => columns.map((column) => column.cell(item)))));
  return [csvStart(columns.map((column) => column.header)), ...rows];
}

function jsonParts<T>(items: T[]): string[] {
  if (items.length === 0) return ['[]\n'];
  const rows = [...parts(items)].map((some) => some.map((item) => JSON.stringify(item)).join(',\n'));
  return ['[\n', ...rows.flatMap((text, index) => (index === 0 ? [text] : [',\n', text])), '\n]\n'];
}

export function ExportButton<T>({ name, columns, total, read, done, failed }: Props<T>) {
  const { t, maybe, number } = useText();
  const [progress, setProgress] = useState<number>();
  const stop = useRef<AbortController>(undefined);
  useEffect(() => () => stop.current?.abort(), []);
  const run = async (format: string) => {
    const control = new AbortController();
    stop.current = control;
    setProgress(0);
    try {
      const { items, cut } = await read(setProgress, control.signal);
      control.signal.throwIfAborted();
      const file = `${name}-${stamp()}.${format}`;
      const saved =
        format === 'csv' ? await host.saveFile(file, 'text/csv;charset=utf-8', csvParts(columns, items)) : await host.saveFile(file, 'application/json', jsonParts(items));
      if (!saved) return;
      if (cut) flash({ type: 'warning', text: 'common.exportCut', values: { count: items.length } });
      else flash({ type: 'success', text: done, values: { count: items.length } });
    } catch (error) {
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
      onItemClick={({ detail }) => void run(detail.id)}
    >
      {t('common.export')}
    </ButtonDropdown>
  );
}
