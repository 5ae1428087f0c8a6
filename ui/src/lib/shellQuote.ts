/** Words of a command line, quoted so that a shell hands the program exactly the text it was given. */

/** POSIX shells: everything between single quotes is itself, and a single quote is written outside of them. */
export function quotePosix(word: string): string {
  if (word !== '' && /^[A-Za-z0-9_\-./:=@%+,]+$/.test(word)) return word;
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** A PowerShell string, as an expression needs it: a bare word there is the name of a command. */
export function stringPowerShell(text: string): string {
  return `'${text.replace(/['‘’‚‛]/g, '$&$&')}'`;
}

/** PowerShell 7.3 and later: single quotes, doubled inside; typographic ones count as quotes there. */
export function quotePowerShell(word: string): string {
  if (word !== '' && /^[A-Za-z0-9_\-./:=+]+$/.test(word) && !word.startsWith('-.')) return word;
  return stringPowerShell(word);
}
