/** A keyboard: keys pressed together, and text. */
export const CONTROL = '\uE009';
export const DELETE = '\uE017';
export const ESCAPE = '\uE00C';

/** Presses keys together. */
export async function press(browser, ...keys) {
  const chord = browser.action('key');
  for (const key of keys) chord.down(key);
  for (const key of keys.reverse()) chord.up(key);
  await chord.perform();
}

/** Types text, one key after the other. */
export async function type(browser, text) {
  const keys = browser.action('key');
  for (const key of text) keys.down(key).up(key);
  await keys.perform();
}
