import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { quotePosix, quotePowerShell } from './shellQuote';

const NASTY = [
  '', ' ', "'", "''", '"', '`id`', '$(id)', '$HOME', '${HOME}', '\\', '\\\\', "\\'", 'a b', ' lead', 'trail ', 'tab\there', 'new\nline', 'cr\rhere',
  '!history', '*', '?', '[a-z]', '{a,b}', '~', '~root', '#comment', 'a;b', 'a&b', 'a|b', 'a>b', 'a<b', '&&', '||', '(x)', '-n', '--', '=', 'x=y',
  '한글 텍스트', '이모지 🚀', 'e\u0301', '\u200b', '"quoted" and \'single\'', "it's", '{"a":"b c","d":["\'"]}', '%s %d', '%PATH%', '^', 'a\\\nb', '\u0001', '\u007f',
  "'\\''", "'\"'\"'", '$\'x\'', 'a\'b"c`d$e\\f', '\ttabbed\t', '\n', '\n\n', 'ends\n',
];

describe('quotePosix', () => {
  it.each(NASTY)('hands %j over unchanged', (word) => {
    // The word ends in a mark, so that what the shell does with a last line break shows too.
    const out = execFileSync('/bin/sh', ['-c', `printf '%s' ${quotePosix(word)}; printf '.'`]).toString();
    expect(out).toBe(`${word}.`);
  });
});

describe('quotePowerShell', () => {
  it('doubles every kind of single quote', () => {
    expect(quotePowerShell("it's ‘so’")).toBe("'it''s ‘‘so’’'");
    expect(quotePowerShell('$x `n "q"')).toBe('\'$x `n "q"\'');
    expect(quotePowerShell('AWS-RunShellScript')).toBe('AWS-RunShellScript');
  });
});
