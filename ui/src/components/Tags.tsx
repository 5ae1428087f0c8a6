/** Tags as small chips: the first few in a table, all of them on a page of their own. */
const SHOWN = 3;

export function Tags({ tags, all = false }: { tags: Record<string, string>; all?: boolean }) {
  const entries = Object.entries(tags).sort(([a], [b]) => a.localeCompare(b));
  if (entries.length === 0) return <>{'–'}</>;
  const shown = all ? entries : entries.slice(0, SHOWN);
  return (
    <span className={all ? 'qd-tags qd-tags-all' : 'qd-tags'} title={all ? undefined : entries.map(([key, value]) => `${key} = ${value}`).join('\n')}>
      {shown.map(([key, value]) => (
        <span className="qd-tag" key={key}>
          {value ? `${key} = ${value}` : key}
        </span>
      ))}
      {shown.length < entries.length && <span className="qd-tag">{`+${entries.length - shown.length}`}</span>}
    </span>
  );
}
