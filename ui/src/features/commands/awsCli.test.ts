import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { awsCli } from './awsCli';

/** Runs the line with `aws` replaced by a function that prints its arguments, one JSON string each. */
function argumentsOf(line: string): string[] {
  const script = `aws() { for a in "$@"; do printf '%s\\0' "$a"; done; }\n${line}`;
  return execFileSync('/bin/sh', ['-c', script]).toString().split('\0').slice(0, -1);
}

it('hands the script to the CLI as it was typed', () => {
  const commands = ['#!/bin/sh', `echo "it's $HOME" \`id\` > '/tmp/a b'`, '한글 \\n %s', "awk '{print $1}'", ''];
  const line = awsCli({ DocumentName: 'AWS-RunShellScript', Targets: [{ Key: 'tag:role', Values: ['web', "o'brien"] }], Parameters: { commands } }, { region: 'us-east-1', endpoint: 'https://hub:8443' }, 'posix');
  const args = argumentsOf(line);
  expect(args.slice(0, 4)).toEqual(['ssm', 'send-command', '--document-name', 'AWS-RunShellScript']);
  expect(JSON.parse(args[args.indexOf('--parameters') + 1] ?? '')).toEqual({ commands });
  expect(JSON.parse(args[args.indexOf('--targets') + 1] ?? '')).toEqual([{ Key: 'tag:role', Values: ['web', "o'brien"] }]);
  expect(args.at(-1)).toBe('https://hub:8443');
});

it('names every id as an argument of its own', () => {
  const args = argumentsOf(awsCli({ DocumentName: 'D', InstanceIds: ['mi-1', 'mi-2'], TimeoutSeconds: 60, MaxConcurrency: '10%', MaxErrors: '0' }, {}, 'posix'));
  expect(args).toEqual(['ssm', 'send-command', '--document-name', 'D', '--instance-ids', 'mi-1', 'mi-2', '--timeout-seconds', '60', '--max-concurrency', '10%', '--max-errors', '0']);
});

it('breaks lines as PowerShell does', () => {
  expect(awsCli({ DocumentName: 'D', Comment: "it's" }, {}, 'powershell')).toBe("aws ssm send-command `\n  --document-name D `\n  --comment 'it''s'");
});

it('hands over what the CLI would mistake as JSON, together', () => {
  for (const Comment of ['-rf', '--help', 'file:///etc/passwd', 'fileb://x', 'http://example.com', 'HTTPS://x', 'two\nlines', 'a\ttab', '\u007f', '\u0085']) {
    const line = awsCli({ DocumentName: '-name', Comment }, {}, 'posix');
    // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
    expect(line.replaceAll(' \\\n  ', ' ')).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
    const args = argumentsOf(line);
    expect(args.slice(0, 3)).toEqual(['ssm', 'send-command', '--cli-input-json']);
    expect(JSON.parse(args[3] ?? '')).toEqual({ DocumentName: '-name', Comment });
  }
});
