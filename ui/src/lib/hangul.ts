/**
 * Text matching as Korean readers expect it: initial consonants find syllables (ㄴㄷ finds 노드), a syllable half typed finds the
 * whole one (녿 on the way to 노드), what was typed with the other layout on is read by its keys (shem finds 노드, ㅜㅐㅇㄷ finds
 * node), case and composed or decomposed forms do not matter.
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

const VOWELS = 'ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ';
const FINALS = ['', ...'ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ'];
const COMPOUNDS: Record<string, string> = {
  ㄳ: 'ㄱㅅ', ㄵ: 'ㄴㅈ', ㄶ: 'ㄴㅎ', ㄺ: 'ㄹㄱ', ㄻ: 'ㄹㅁ', ㄼ: 'ㄹㅂ', ㄽ: 'ㄹㅅ', ㄾ: 'ㄹㅌ', ㄿ: 'ㄹㅍ', ㅀ: 'ㄹㅎ', ㅄ: 'ㅂㅅ',
  ㅘ: 'ㅗㅏ', ㅙ: 'ㅗㅐ', ㅚ: 'ㅗㅣ', ㅝ: 'ㅜㅓ', ㅞ: 'ㅜㅔ', ㅟ: 'ㅜㅣ', ㅢ: 'ㅡㅣ',
};
/** The keys of the standard Korean layout (두벌식), by the letter on the same key. */
const KEYS: Record<string, string> = {
  q: 'ㅂ', w: 'ㅈ', e: 'ㄷ', r: 'ㄱ', t: 'ㅅ', y: 'ㅛ', u: 'ㅕ', i: 'ㅑ', o: 'ㅐ', p: 'ㅔ', a: 'ㅁ', s: 'ㄴ', d: 'ㅇ', f: 'ㄹ', g: 'ㅎ', h: 'ㅗ', j: 'ㅓ', k: 'ㅏ', l: 'ㅣ',
  z: 'ㅋ', x: 'ㅌ', c: 'ㅊ', v: 'ㅍ', b: 'ㅠ', n: 'ㅜ', m: 'ㅡ', Q: 'ㅃ', W: 'ㅉ', E: 'ㄸ', R: 'ㄲ', T: 'ㅆ', O: 'ㅒ', P: 'ㅖ',
};
const LETTERS = new Map(Object.entries(KEYS).map(([letter, jamo]) => [jamo, letter.toLowerCase()]));

/** The letters of a text in the order in which they are typed, and where each character begins in them. */
function spelled(text: string): { letters: string; starts: Set<number> } {
  let letters = '';
  const starts = new Set<number>();
  for (const c of text) {
    starts.add(letters.length);
    const code = c.charCodeAt(0) - FIRST_SYLLABLE;
    if (code < 0 || code > LAST_SYLLABLE - FIRST_SYLLABLE) {
      letters += COMPOUNDS[c] ?? c;
      continue;
    }
    const vowel = VOWELS[Math.floor(code / SYLLABLES_PER_VOWEL) % VOWELS.length] ?? '';
    const final = FINALS[code % SYLLABLES_PER_VOWEL] ?? '';
    letters += (INITIALS[Math.floor(code / SYLLABLES_PER_INITIAL)] ?? '') + (COMPOUNDS[vowel] ?? vowel) + (COMPOUNDS[final] ?? final);
  }
  return { letters, starts };
}

/** Where `letters` stand in a text from the beginning of one of its characters on; undefined when nowhere. */
function spelledAt(letters: string, text: string): number | undefined {
  const found = spelled(text);
  for (let at = found.letters.indexOf(letters); at >= 0; at = found.letters.indexOf(letters, at + 1)) if (found.starts.has(at)) return at;
  return undefined;
}

const SHORTEST_OTHER_LAYOUT = 3;

/** The same keys read with the other layout; undefined when there is no such reading. */
function otherLayout(query: string): string | undefined {
  const typed = query.normalize('NFC').replace(/\s+/g, '');
  if (/^[a-z]+$/i.test(typed)) {
    const letters = [...typed].map((c) => KEYS[c] ?? KEYS[c.toLowerCase()] ?? '').join('');
    return [...letters].map((c) => COMPOUNDS[c] ?? c).join('');
  }
  if (!/^[가-힣ㄱ-ㅣ]+$/.test(typed)) return undefined;
  return [...spelled(typed).letters].map((c) => LETTERS.get(c) ?? '').join('');
}

/** Fits that are only found by how words are typed: less sure than what stands there. */
function scoreByKeys(query: string, found: string): number | undefined {
  const wanted = fold(query).replace(/\s+/g, '');
  const at = /[가-힣ㄱ-ㅣ]/.test(wanted) ? spelledAt(spelled(wanted).letters, found) : undefined;
  if (at !== undefined) return (at === 0 ? 400 : 300) - Math.min(found.length, 200) / 10;
  const other = otherLayout(query);
  if (other === undefined || other.length < SHORTEST_OTHER_LAYOUT) return undefined;
  const typed = spelledAt(other, found);
  if (typed === undefined) return undefined;
  // What a text begins with was hardly typed by chance; scattered letters often fit by it.
  return (typed === 0 ? 250 : 150) - Math.min(found.length, 200) / 10;
}

/**
 * How well `query` fits `text`: higher is better, undefined is not at all. A run of characters beats scattered ones, and a
 * run at the start of a word beats one inside it.
 */
export function score(query: string, text: string): number | undefined {
  const direct = scoreDirectly(query, text);
  return direct ?? scoreByKeys(query, fold(text));
}

/** Letters of Hangul that are no whole syllables: nothing that a hub could look for. */
export function isOnlyJamo(query: string): boolean {
  return /^[ㄱ-ㅣ\s]+$/.test(query.normalize('NFC')) && query.trim() !== '';
}

/** Letters further apart than that are there by chance, as in an id. */
const MOST_GAPS = 12;

function scoreDirectly(query: string, text: string): number | undefined {
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
  return at === wanted.length && wanted.length > 1 && gaps <= MOST_GAPS ? 200 - gaps : undefined;
}
