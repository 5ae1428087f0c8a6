import { expect, it } from 'vitest';
import { readDocument } from './parameters';
import { emptyForm } from './runForm';
import { withDefaults } from './withDefaults';

it('makes defaults of what was filled in, typed as they are declared, and leaves the rest', () => {
  const content = JSON.stringify({
    schemaVersion: '2.2',
    parameters: {
      commands: { type: 'StringList' },
      count: { type: 'Integer', default: 1 },
      on: { type: 'Boolean', default: false },
      map: { type: 'StringMap', default: {} },
      left: { type: 'String', default: 'as it was' },
      wrong: { type: 'Integer', default: 2 },
    },
    mainSteps: [],
  });
  const { parameters } = readDocument(content);
  const form = { ...emptyForm('D', undefined, []), fields: { commands: 'echo "가"\nexit 0', count: '7', on: 'true', map: '{"a":"b"}', wrong: 'x' } };
  const made = JSON.parse(withDefaults(content, form, parameters)) as { parameters: Record<string, { default?: unknown }> };
  expect(Object.fromEntries(Object.entries(made.parameters).map(([name, one]) => [name, one.default]))).toEqual({
    commands: ['echo "가"', 'exit 0'],
    count: 7,
    on: true,
    map: { a: 'b' },
    left: 'as it was',
    wrong: 2,
  });
});
