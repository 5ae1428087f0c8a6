import Badge from '@cloudscape-design/components/badge';

const SHOWN = 3;

export function Tags({ tags, all = false }: { tags: Record<string, string>; all?: boolean }) {
  const entries = Object.entries(tags).sort(([a], [b]) => a.localeCompare(b));
  if (entries.length === 0) return <>{'–'}</>;
  const shown = all ? entries : entries.slice(0, SHOWN);
  return (
    <span className="qd-tags">
      {shown.map(([key, value]) => (
        <Badge key={key}>{value ? `${key} = ${value}` : key}</Badge>
      ))}
      {shown.length < entries.length && <Badge>{`+${entries.length - shown.length}`}</Badge>}
    </span>
  );
}
