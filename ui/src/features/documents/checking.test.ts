import { Text } from '@codemirror/state';
import { expect, it } from 'vitest';
import { spotOf } from './checking';
import { nameProblem, versionNameProblem } from './rules';

const DOCUMENT = Text.of(["schemaVersion: '2.2'", 'parameters:', '  Name:', '    type: Strin', 'mainSteps:', '  - action: aws:runShelScript', '    name: one', '  - action: aws:runShellScript', '    name: two']);
const marked = (message: string) => {
  const { from, to } = spotOf(message, DOCUMENT);
  return DOCUMENT.sliceString(from, to);
};

it('marks the line that a problem names', () => {
  expect(marked('not valid YAML: mapping values are not allowed at line 4 column 9')).toBe('    type: Strin');
  expect(marked('broken at line 400 column 1')).toBe('    name: two');
});
it('marks the name that a problem quotes, where it is at home', () => {
  expect(marked('The plugin `aws:runShelScript` is unknown.')).toBe('action: aws:runShelScript');
  expect(marked('Parameter `Name` has the unknown type `Strin`.')).toBe('Name:');
  expect(marked('Step `two` has no action.')).toBe('name: two');
});
it('marks the key that a problem names, or else the beginning', () => {
  expect(marked('A document of schema 2.x needs mainSteps with at least one step.')).toBe('mainSteps:');
  expect(marked('The document is larger than 64 KB.')).toBe("schemaVersion: '2.2'");
});
it('knows which names the API takes', () => {
  expect(['my-doc', 'a.b_c', 'x'.repeat(128)].map(nameProblem)).toEqual([undefined, undefined, undefined]);
  expect(['', 'ab', 'x'.repeat(129), 'a b', '문서', 'AWS-Mine', 'amazonX', 'amzn-1'].map(nameProblem).includes(undefined)).toBe(false);
  expect([versionNameProblem(''), versionNameProblem('v1.0'), versionNameProblem('v 1')]).toEqual([undefined, undefined, 'editing.versionNameInvalid']);
});
