import { type Instant, toDate } from '../lib/format';
import { useText } from '../i18n';
import { useNow } from './useNow';

/** A time as people say it, the exact one on hover. */
export function When({ at }: { at: Instant | null }) {
  const { relative, dateTime } = useText();
  const now = useNow();
  const date = toDate(at ?? undefined);
  if (!date) return <>{'–'}</>;
  return (
    <time dateTime={date.toISOString()} title={dateTime(at ?? undefined)}>
      {relative(at ?? undefined, now)}
    </time>
  );
}
