/**
 * Tables as files. CSV carries a byte order mark, so that Korean opens right in a spreadsheet, and a cell that a
 * spreadsheet would run as a formula is made text.
 */
export type Cell = string | number | boolean | null | undefined;

/** What a spreadsheet begins a formula with; the wide forms are the same to some of them. */
const FORMULA = /^[=+\-@\t\r\n＝＋－＠]/;

function field(cell: Cell): string {
  if (cell === null || cell === undefined) return '';
  const raw = String(cell);
  const text = typeof cell === 'string' && FORMULA.test(raw) ? `'${raw}` : raw;
  return /[",\r\n]/.test(text) || text !== text.trim() ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Lines of a file, each with its end. */
export function csvLines(rows: Cell[][]): string {
  return rows.map((row) => `${row.map(field).join(',')}\r\n`).join('');
}

/** How a file begins: the mark by which a spreadsheet knows UTF-8, then the header. */
export function csvStart(header: string[]): string {
  return `\uFEFF${csvLines([header])}`;
}

export function csv(header: string[], rows: Cell[][]): string {
  return csvStart(header) + csvLines(rows);
}
