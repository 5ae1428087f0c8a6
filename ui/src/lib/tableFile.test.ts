import { expect, it } from 'vitest';
import { type TableFormat, tableFile } from './tableFile';

interface Row {
  name: string;
  count: number;
}
const columns = [{ header: '이름', cell: (row: Row) => row.name }, { header: 'n', cell: (row: Row) => row.count }];
const rows: Row[] = Array.from({ length: 2_500 }, (_, count) => ({ name: ['서버', '=1+1', 'a,b', 'عربى', '👩‍💻'][count % 5] ?? '', count }));

async function written(format: TableFormat, pages: Row[][]): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  const file = tableFile(format, columns, async (data) => void parts.push(data));
  for (const page of pages) await file.rows(page);
  await file.end();
  return Buffer.concat(parts);
}

it('is the same however it was read', async () => {
  const pages = [rows.slice(0, 7), [], rows.slice(7, 1_900), rows.slice(1_900)];
  for (const format of ['csv', 'json'] as const) expect((await written(format, pages)).equals(await written(format, [rows]))).toBe(true);
});
it('is JSON, and CSV with its mark', async () => {
  expect(JSON.parse((await written('json', [rows])).toString('utf8'))).toEqual(rows);
  const csv = await written('csv', [rows]);
  expect([...csv.subarray(0, 3)]).toEqual([0xef, 0xbb, 0xbf]);
  expect(csv.toString('utf8').split('\r\n').slice(0, 4)).toEqual(['\uFEFF이름,n', '서버,0', "'=1+1,1", '"a,b",2']);
});
it('has a header, or an empty list, when there is nothing', async () => {
  expect((await written('csv', [])).toString('utf8')).toBe('\uFEFF이름,n\r\n');
  expect((await written('json', [[]])).toString('utf8')).toBe('[]\n');
});
