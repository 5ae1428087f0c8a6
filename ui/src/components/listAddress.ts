/** The address of a list: what of it a link carries. */
/** What of a list is in its address. */
export interface ListSearch {
  /** The filter: see `filterGrammar`. */
  q?: string;
  sort?: string;
  order?: 'asc' | 'desc';
  /** Name of the saved view that it came from. */
  view?: string;
  /** Columns that the link asks for, in order; what a person chose for the table stays as it was. */
  columns?: string[];
}

const MAX_COLUMNS = 100;

/** An address's search as it may have been typed by anyone. */
export function listSearch(raw: Record<string, unknown>): ListSearch {
  const text = (value: unknown) => (typeof value === 'number' || typeof value === 'boolean' ? String(value) : typeof value === 'string' && value !== '' ? value.slice(0, 10_000) : undefined);
  const columns = Array.isArray(raw.columns) ? raw.columns.filter((item): item is string => typeof item === 'string').slice(0, MAX_COLUMNS) : [];
  return {
    q: text(raw.q),
    sort: text(raw.sort),
    order: raw.order === 'desc' ? 'desc' : undefined,
    view: text(raw.view),
    columns: columns.length > 0 ? columns : undefined,
  };
}

/** The address of a list with that in it. A text that reads as JSON is quoted, as the router reads it. */
export function listPath(path: string, { q, sort, order, view, columns }: ListSearch): string {
  const query = new URLSearchParams();
  const readsAsJson = (text: string) => {
    try {
      return typeof JSON.parse(text) !== 'undefined';
    } catch {
      return false;
    }
  };
  for (const [name, value] of Object.entries({ q, sort, order, view })) if (value) query.set(name, readsAsJson(value) ? JSON.stringify(value) : value);
  if (columns && columns.length > 0) query.set('columns', JSON.stringify(columns));
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}
