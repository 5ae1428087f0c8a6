/**
 * Korean particles after a value that is known only at run time: 노드을(를) becomes 노드를, web-01은(는) becomes web-01은.
 *
 * Why: a catalogue cannot know how `{{name}}` ends. Digits are read as Koreans read them aloud; of Latin words the last letter is heard: server ends open (서버), mail in ㄹ (메일).
 */
const PAIRS: Record<string, [withFinal: string, without: string]> = {
  '을(를)': ['을', '를'],
  '은(는)': ['은', '는'],
  '이(가)': ['이', '가'],
  '과(와)': ['과', '와'],
  '(으)로': ['으로', '로'],
  '이(라)': ['이라', '라'],
};
const PATTERN = /(을\(를\)|은\(는\)|이\(가\)|과\(와\)|\(으\)로|이\(라\))/g;
/** Read aloud: 영 일 이 삼 사 오 육 칠 팔 구. */
const DIGIT_FINAL: Record<string, 'none' | 'rieul' | 'other'> = {
  0: 'other', 1: 'rieul', 2: 'none', 3: 'other', 4: 'none', 5: 'none', 6: 'other', 7: 'rieul', 8: 'rieul', 9: 'none',
};
const LETTER_FINAL: Record<string, 'rieul' | 'other'> = { l: 'rieul', m: 'other', n: 'other' };

function finalOf(text: string): 'none' | 'rieul' | 'other' {
  const spoken = text.replace(/[\s"'”’)\]}>»」』.,!?:;…*]+$/u, '');
  const last = spoken.at(-1) ?? '';
  const code = last.charCodeAt(0);
  if (code >= 0xac00 && code <= 0xd7a3) {
    const final = (code - 0xac00) % 28;
    return final === 0 ? 'none' : final === 8 ? 'rieul' : 'other';
  }
  return DIGIT_FINAL[last] ?? LETTER_FINAL[last.toLowerCase()] ?? 'none';
}

export function withParticles(text: string): string {
  let out = '';
  let from = 0;
  for (const match of text.matchAll(PATTERN)) {
    out += text.slice(from, match.index);
    const [withFinal, without] = PAIRS[match[0]] ?? ['', ''];
    const final = finalOf(out);
    const closed = match[0] === '(으)로' ? final === 'other' : final !== 'none';
    out += closed ? withFinal : without;
    from = match.index + match[0].length;
  }
  return out + text.slice(from);
}
