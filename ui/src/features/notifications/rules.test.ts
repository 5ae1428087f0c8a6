import { expect, it } from 'vitest';
import { decide, fits, type Happening, Rule } from './rules';

const rule = (part: Partial<Rule>): Rule => Rule.parse({ id: 'r', ...part });
const failed: Happening = { about: 'commands', failed: true, document: 'AWS-RunShellScript', tags: [{ key: 'role', value: 'web' }], connection: '', count: 3 };

it.each([
  [{}, true],
  [{ about: 'nodes' }, false],
  [{ only: 'failed' }, true],
  [{ document: 'aws-run*' }, true],
  [{ document: 'AWS-Run' }, false],
  [{ document: '*.*' }, false],
  [{ tag: 'role' }, true],
  [{ tag: 'role=web' }, true],
  [{ tag: 'role=db' }, false],
  [{ tag: '팀' }, false],
  [{ connection: 'production' }, false],
  [{ moreThan: 2 }, true],
  [{ moreThan: 3 }, false],
] satisfies [Partial<Rule>, boolean][])('%j fits: %s', (part, expected) => expect(fits(rule(part), failed)).toBe(expected));

it('lets the first rule that fits decide', () => {
  const rules = [rule({ document: 'Noise-*', act: 'ignore' }), rule({ only: 'failed', act: 'notify' }), rule({ act: 'list' })];
  expect(decide(rules, failed)).toBe('notify');
  expect(decide(rules, { ...failed, failed: false })).toBe('list');
  expect(decide(rules, { ...failed, document: 'Noise-1' })).toBe('ignore');
  expect(decide([], failed)).toBeUndefined();
});

it('reads what an older or a damaged file holds', () => {
  expect(Rule.parse({ id: 'x', about: 'moon', moreThan: -3, document: 7 })).toMatchObject({ about: 'all', moreThan: 0, document: '', act: 'notify' });
});
