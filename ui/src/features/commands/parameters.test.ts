import { describe, expect, it } from 'vitest';
import { fromWire, linesOf, type ParameterRule, problemOf, readDocument, scriptLanguage, toWire } from './parameters';

const shell = readDocument(
  JSON.stringify({
    schemaVersion: '1.2',
    parameters: {
      workingDirectory: { type: 'String', default: '', maxChars: 5 },
      commands: { type: 'StringList', minItems: 1, displayType: 'textarea' },
      executionTimeout: { type: 'String', default: '3600', allowedPattern: '[1-9][0-9]{0,4}' },
    },
    runtimeConfig: { 'aws:runShellScript': { properties: [] } },
  }),
);
const named = (name: string) => shell.parameters.find((item) => item.name === name) as ParameterRule;
const make = (change: Partial<ParameterRule>): ParameterRule => ({ ...named('workingDirectory'), maxChars: undefined, ...change });

describe('readDocument', () => {
  it('puts what must be filled in first', () => expect(shell.parameters.map((item) => item.name)).toEqual(['commands', 'workingDirectory', 'executionTimeout']));
  it('names steps by plugin for schema 1.2 and by step for 2.2', () => {
    expect(shell.steps).toEqual(['aws:runShellScript']);
    const two = readDocument(JSON.stringify({ schemaVersion: '2.2', mainSteps: [{ name: 'a', action: 'aws:runShellScript' }, { name: 'b', action: 'aws:runShellScript' }] }));
    expect(two.steps).toEqual(['a', 'b']);
    expect(two.plugins).toEqual(['aws:runShellScript']);
  });
  it('shows list defaults one a line and map defaults as JSON', () => {
    const { parameters } = readDocument(JSON.stringify({ parameters: { l: { type: 'StringList', default: ['a', 'b'] }, m: { type: 'StringMap', default: { k: 'v' } } } }));
    expect(parameters[0]?.default).toBe('a\nb');
    expect(JSON.parse(parameters[1]?.default ?? '')).toEqual({ k: 'v' });
  });
  it('refuses what is not a document', () => expect(() => readDocument('[1]')).toThrow());
});

describe('scripts', () => {
  it('are the lines of a shell or PowerShell plugin', () => {
    expect(scriptLanguage(named('commands'), ['aws:runShellScript'])).toBe('shell');
    expect(scriptLanguage(named('commands'), ['aws:runPowerShellScript'])).toBe('powershell');
    expect(scriptLanguage(named('workingDirectory'), ['aws:runShellScript'])).toBeUndefined();
  });
  it('are coloured by their first line, where it says what runs them', () => {
    const of = (script: string) => scriptLanguage(named('commands'), ['aws:runShellScript'], script);
    expect(['#!/usr/bin/env python3\nprint()', '#!/usr/bin/python3.11 -u', '#! /bin/bash -e', '#!/usr/bin/env -S pwsh -NoLogo', '#!/usr/bin/env A=b perl', '#!', 'echo #!/bin/python'].map(of)).toEqual([
      'python', 'python', 'shell', 'powershell', 'text', 'shell', 'shell',
    ]);
    expect(scriptLanguage(named('workingDirectory'), ['aws:runShellScript'], '#!/bin/sh')).toBeUndefined();
  });
  it('keep blank lines and trailing spaces, but not the closing line break', () => {
    expect(linesOf('a\n\n  b  \n')).toEqual(['a', '', '  b  ']);
    expect(linesOf('a\r\nb')).toEqual(['a', 'b']);
    expect(toWire(named('commands'), 'echo "가나다" \'x\'\n')).toEqual(['echo "가나다" \'x\'']);
  });
  it('come back as they were sent', () => {
    const script = 'if true; then\n\techo "$HOME"\nfi';
    expect(fromWire(named('commands'), toWire(named('commands'), script) ?? [])).toBe(script);
  });
});

describe('problemOf', () => {
  it.each([
    [named('commands'), '', 'required'],
    [named('commands'), '\n\n', 'required'],
    [named('executionTimeout'), '0', 'pattern'],
    [named('executionTimeout'), '36000 ', 'pattern'],
    [named('workingDirectory'), '/srv/app', 'maxChars'],
    [make({ type: 'Integer' }), '3.1', 'integer'],
    [make({ type: 'Boolean' }), 'True', 'boolean'],
    [make({ type: 'StringMap' }), '[]', 'map'],
    [make({ type: 'MapList' }), '{"a":1}', 'mapList'],
    [make({ allowedValues: ['Scan', 'Install'] }), 'scan', 'allowed'],
    [make({ type: 'StringList', maxItems: 1 }), 'a\nb', 'maxItems'],
    [make({ minChars: 2 }), '가', 'minChars'],
    [make({ maxChars: 1 }), '🚀', 'maxChars'],
    [make({ type: 'MapList', minItems: 2 }), '[{"a":1}]', 'minItems'],
    [make({ type: 'StringMap', maxChars: 3 }), '{"a":"b"}', 'maxChars'],
  ])('%# finds the rule', (parameter, field, expected) => expect(problemOf(parameter, field)?.rule).toBe(expected));

  it.each([
    [named('commands'), 'echo hi'],
    [named('executionTimeout'), '3600'],
    [named('workingDirectory'), ''],
    [make({ type: 'Integer' }), '-3'],
    [make({ type: 'StringMap' }), '{"a":"b"}'],
    [make({ type: 'MapList' }), '[{"a":"b"}]'],
    [make({ allowedPattern: '(?<java>unreadable' }), 'anything'],
  ])('%# accepts', (parameter, field) => expect(problemOf(parameter, field)).toBeUndefined());
});

it('leaves a default to the document', () => {
  expect(toWire(named('executionTimeout'), '3600')).toBeUndefined();
  expect(toWire(named('executionTimeout'), '60')).toEqual(['60']);
});
