/** Two hundred texts that shells, terminals, JSON and the AWS CLI each read in ways of their own. */
const ONES = [
  "'", "''", "'''", '"', '""', `'"'`, `"'"`, "it's", "'quoted'", '"quoted"', `"it's"`, `'"it''s"'`, '`', '``', '`id`', '$(id)', '$((1+1))', '$HOME', '${HOME}', '${x:-y}', '$', '$$', '$!', '$?', '$1', '$@',
  '\\', '\\\\', '\\\\\\', '\\n', '\\t', '\\0', '\\x41', '\\u0041', "\\'", '\\"', '\\$HOME', '\\`id\\`', 'ends in \\', "ends in '", 'C:\\Users\\new', '\\\\server\\share',
  ' ', '  two  ', ' lead', 'trail ', '\t', 'tab\there', '\n', 'two\nlines', 'crlf\r\nline', 'cr\ronly', '\n\n\n', '\nlead', 'trail\n', 'a\\\nb', '\u000b', '\u0001', '\u001b[31mred\u001b[0m', '\u007f', '\u0085', '\u2028', '\u2029', '\u00a0', '\ufeff', '\u200b', '\u202e',
  '-', '--', '-n', '--help', '--cli-input-json', '-rf /', '--=', '---', '-1', '-e echo', '--query x', '@', '@file', '@-', 'file://', 'file:///etc/passwd', 'file://~/x', 'fileb://x', 'FILE://x', 'http://', 'http://example.com/', 'https://example.com/a?b=c&d', 'HTTPS://X', ' file://x', 'ssm:x', '{{x}', '{x}}',
  '!', '!!', '!history', 'a!b', '"!"', '#', '# comment', 'a #b', '~', '~root', '*', '*.txt', '?', '[a-z]', '[', ']', '{a,b}', '{1..3}', '{', '}', '{}', '[]', '{"a":"b"}', '[1,2]', '{"a":["b c",{"d":"e"}]}', 'null', 'true', '0', '1e3',
  ';', 'a;b', '&', 'a&b', '&&', '|', 'a||b', '>', '>/dev/null', '<', '<<EOF', '2>&1', '(x)', '()', 'f(){ :;}; f', ':(){ :|:& };:', '=', 'x=y', 'Key=Value,Values=a', 'a=b,c=d', ',', 'a,b', '%', '%s', '%PATH%', '%%', '^', '^&', 'a^b', '+', '/', '//', '/*', '..', '.', ':', '::',
  '한글', '한글 텍스트와 "따옴표"', '한글'.normalize('NFD'), '日本語', 'العربية', 'עברית', 'e\u0301', '🚀', '👩‍👩‍👧‍👦', '‘typographic’', '“double”', '‚low‛', '„low“', '′prime″', '…', '—', '–n', '−1', '\ud7ff', '𝒳', 'ﬀ', 'ß', 'İ', '©®™',
];
const SCRIPTS = [
  `awk '{print $1}' file | sed -e "s/a/b/g"`,
  `for i in "$@"; do echo "$i"; done`,
  `cat <<'END'\n  {"a": [1, "b c"]}\n\t탭\nEND`,
  `python3 -c 'print("it'"'"'s")'`,
  'if [ "$x" = \'y\' ]; then\n\techo `date +%s`\nfi',
  `Get-Process | Where-Object { $_.CPU -gt 10 } | % { "$($_.Name)\`t$($_.Id)" }`,
  `Write-Host 'it''s' "a\`nb" @'\nhere 'string'\n'@`,
  `echo "\\"nested \\\\\\"twice\\\\\\"\\""`,
  "printf '%s\\n' \"$(printf '%b' 'a\\tb')\"",
  `curl -s https://example.com | jq '.[] | select(.a == "b")'`,
];
const all = [...ONES, ...SCRIPTS];
// The rest is two of them joined: what is harmless alone may not be beside another.
for (let at = 0; all.length < 200; at += 1) all.push(`${ONES[(at * 7) % ONES.length]}${ONES[(at * 11 + 5) % ONES.length]}`);
export const NASTY = [...new Set(all)];
for (let at = 3; NASTY.length < 200; at += 1) {
  const text = `${ONES[at % ONES.length]} ${ONES[(at * 13 + 1) % ONES.length]}`;
  if (!NASTY.includes(text)) NASTY.push(text);
}
