/** Words of a command line, quoted so that a shell hands the program exactly the text it was given. */

/** POSIX shells: everything between single quotes is itself, and a single quote is written outside of them. */
export function quotePosix(word: string): string {
  if (word !== '' && /^[A-Za-z0-9_\-./:=@%+,]+$/.test(word)) return word;
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** PowerShell 7.3 and later: single quotes, doubled inside; typographic ones count as quotes there. */
export function quotePowerShell(word: string): string {
  if (word !== '' && /^[A-Za-z0-9_\-./:=+]+$/.test(word) && !word.startsWith('-.')) return word;
  return `'${word.replace(/['‘’‚‛]/g, '$&$&')}'`;
}
