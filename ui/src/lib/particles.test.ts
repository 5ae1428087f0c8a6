import { expect, it } from 'vitest';
import { withParticles } from './particles';

it.each([
  ['노드을(를) 찾습니다', '노드를 찾습니다'],
  ['명령을(를) 보냅니다', '명령을 보냅니다'],
  ['web-01은(는) 온라인', 'web-01은 온라인'],
  ['web-02은(는) 온라인', 'web-02는 온라인'],
  ['"서울"(으)로', '"서울"로'],
  ['부산(으)로', '부산으로'],
  ['AWS-RunShellScript이(가) 없습니다', 'AWS-RunShellScript가 없습니다'],
  ['admin과(와) root은(는)', 'admin과 root는'],
  ['mail이(가)', 'mail이'],
  ['server을(를)', 'server를'],
  ['docker(으)로', 'docker로'],
  ['user은(는)', 'user는'],
  ['값이 없습니다', '값이 없습니다'],
])('%s → %s', (text, expected) => expect(withParticles(text)).toBe(expected));
