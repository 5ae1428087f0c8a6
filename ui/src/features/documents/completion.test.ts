import { describe, expect, it } from 'vitest';
import { declaredParameters, suggestionsAt } from './completion';
import { placeAt, type Format } from './place';

/** The cursor is where `|` stands. */
function at(marked: string, format: Format) {
  const position = marked.indexOf('|');
  return [marked.replace('|', ''), position, format] as const;
}
const labels = (marked: string, format: Format) => suggestionsAt(...at(marked, format))?.options.map((option) => option.label) ?? [];
const text = (marked: string, format: Format, label: string) => suggestionsAt(...at(marked, format))?.options.find((option) => option.label === label)?.text;

const YAML = `schemaVersion: '2.2'
parameters:
  Name:
    type: String
  Count:
    type: Integer
mainSteps:
  - action: aws:runShellScript
    name: one
    inputs:
      runCommand:
        - echo
  - name: two
    action: aws:downloadContent
    inputs:
      `;

describe('in YAML', () => {
  it('knows the way to the cursor', () => {
    expect(placeAt(...at(`${YAML}|`, 'YAML'))).toMatchObject({ path: ['mainSteps', '[]', 'inputs'], role: 'key' });
    expect(placeAt(...at('mainSteps:\n- action: |', 'YAML'))).toMatchObject({ path: ['mainSteps', '[]'], role: 'value', key: 'action' });
    expect(placeAt(...at('parameters:\n  A:\n    type: St|', 'YAML'))).toMatchObject({ path: ['parameters', 'A'], role: 'value', key: 'type', from: 27 });
    expect(placeAt(...at('mainSteps:\n- action: x\n  na|', 'YAML'))).toMatchObject({ path: ['mainSteps', '[]'], role: 'key' });
  });
  it('offers what may stand there', () => {
    expect(labels('|', 'YAML')).toContain('schemaVersion');
    expect(labels('schemaVersion: |', 'YAML')).toEqual(['2.2', '2.0', '1.2']);
    expect(text('schemaVersion: |', 'YAML', '2.2')).toBe("'2.2'");
    expect(labels('mainSteps:\n  - |', 'YAML')).toEqual(['action', 'name', 'inputs', 'precondition']);
    expect(labels('mainSteps:\n  - action: aws:run|', 'YAML')).toContain('aws:runDocument');
    expect(labels(`${YAML}|`, 'YAML').slice(0, 3)).toEqual(['sourceType', 'sourceInfo', 'destinationPath']);
    expect(labels('parameters:\n  A:\n    displayType: |', 'YAML')).toEqual(['textfield', 'textarea']);
    expect(labels("schemaVersion: '1.2'\n|", 'YAML')).toContain('runtimeConfig');
    expect(labels('runtimeConfig:\n  aws:runShellScript:\n    properties:\n      - |', 'YAML')).toContain('runCommand');
  });
  it('offers the declared parameters in a placeholder', () => {
    expect(labels(`${YAML}destinationPath: '/srv/{{ |`, 'YAML')).toEqual(['Name', 'Count']);
    expect(declaredParameters(YAML, 'YAML')).toEqual(['Name', 'Count']);
  });
  it('offers nothing in a script', () => expect(labels('mainSteps:\n  - action: aws:runShellScript\n    inputs:\n      runCommand:\n        - |', 'YAML')).toEqual([]));
});

describe('in JSON', () => {
  const json = '{"schemaVersion":"2.2","parameters":{"Name":{"type":"String"},"Count":{"type":"Integer","default":3}},"mainSteps":[{"action":"aws:runDocument","inputs":{"|"}}]}';
  it('knows the way to the cursor', () => {
    expect(placeAt(...at(json, 'JSON'))).toMatchObject({ path: ['mainSteps', '[]', 'inputs'], role: 'key', quoted: true });
    expect(placeAt(...at('{"a": "x\\"{", "b": |', 'JSON'))).toMatchObject({ path: [], role: 'value', key: 'b' });
  });
  it('offers what may stand there, quoted where it is not yet', () => {
    expect(labels(json, 'JSON').slice(0, 3)).toEqual(['documentType', 'documentPath', 'documentParameters']);
    expect(text('{|', 'JSON', 'mainSteps')).toBe('"mainSteps": ');
    expect(text('{"|', 'JSON', 'mainSteps')).toBe('mainSteps');
    expect(labels('{"mainSteps":[{"action":"aws:|"}]}', 'JSON')).toHaveLength(16);
    expect(text('{"schemaVersion": |', 'JSON', '2.2')).toBe('"2.2"');
  });
  it('offers the declared parameters in a placeholder', () => expect(labels(json.replace('|"', 'documentPath":"{{ |"'), 'JSON')).toEqual(['Name', 'Count']));
});
