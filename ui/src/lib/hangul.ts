/**
 * Text matching as Korean readers expect it: initial consonants find syllables (ㄴㄷ finds 노드), case and composed or
 * decomposed forms do not matter.
 */
const INITIALS = 'ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ';
const FIRST_SYLLABLE = 0xac00;
const LAST_SYLLABLE = 0xd7a3;
const SYLLABLES_PER_INITIAL = 588;
const SYLLABLES_PER_VOWEL = 28;

export function fold(text: string): string {
  return text.normalize('NFC').toLowerCase();
}

function initialOf(code: number): string | undefined {
  return code >= FIRST_SYLLABLE && code <= LAST_SYLLABLE ? INITIALS[Math.floor((code - FIRST_SYLLABLE) / SYLLABLES_PER_INITIAL)] : undefined;
}

/** Does one character of the text answer one of the query? A lone initial stands for every syllable that starts with it, 가 for 가, 각, 간 … */
function answers(wanted: string, found: string): boolean {
  if (wanted === found) return true;
  const code = found.charCodeAt(0);
  if (INITIALS.includes(wanted)) return initialOf(code) === wanted;
  const asked = wanted.charCodeAt(0);
  const open = asked >= FIRST_SYLLABLE && asked <= LAST_SYLLABLE && (asked - FIRST_SYLLABLE) % SYLLABLES_PER_VOWEL === 0;
  return open && code > asked && code < asked + SYLLABLES_PER_VOWEL;
}

/**
 * How well `query` fits `text`: higher is better, undefined is not at all. A run of characters beats scattered ones, and a
 * run at the start of a word beats one inside it.
 */
export function score(query: string, text: string): number | undefined {
  const wanted = fold(query).replace(/\s+/g, '');
  const found = fold(text);
  if (!wanted) return 0;
  for (let start = 0; start + wanted.length <= found.length; start += 1) {
    if ([...wanted].every((c, i) => answers(c, found[start + i] ?? ''))) {
      const atWord = start === 0 || /[\s\-_./:]/.test(found[start - 1] ?? '');
      return (atWord ? 1000 : 500) - Math.min(start, 200) - Math.min(found.length, 200) / 10;
    }
  }
  let at = 0;
  let gaps = 0;
  for (const c of found) {
    if (at < wanted.length && answers(wanted[at] ?? '', c)) at += 1;
    else if (at > 0 && at < wanted.length) gaps += 1;
  }
  return at === wanted.length && wanted.length > 1 ? 200 - Math.min(gaps, 190) : undefined;
}
