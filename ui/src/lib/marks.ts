/** Where a text stands in a line, found as the hub finds it: whatever the case, and however accents and Hangul are composed. */
export interface Part {
  text: string;
  hit: boolean;
}

const fold = (text: string) => text.normalize('NFC').toLowerCase();

export function marks(line: string, query: string): Part[] {
  const shown = line.normalize('NFC');
  const [haystack, needle] = [fold(line), fold(query)];
  // A few letters change their length with their case; then places in the one are not places in the other.
  if (needle === '' || haystack.length !== shown.length) return [{ text: shown, hit: false }];
  const parts: Part[] = [];
  let from = 0;
  for (let at = haystack.indexOf(needle); at >= 0; at = haystack.indexOf(needle, from)) {
    if (at > from) parts.push({ text: shown.slice(from, at), hit: false });
    parts.push({ text: shown.slice(at, at + needle.length), hit: true });
    from = at + needle.length;
  }
  if (from < shown.length || parts.length === 0) parts.push({ text: shown.slice(from), hit: false });
  return parts;
}
