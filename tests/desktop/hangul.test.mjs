/**
 * Hangul from a real input method, in the real window: keys go through ibus-hangul as a person's do, and what stands in the field
 * at the end is whole syllables, in their order, none lost and none twice.
 */
import { after, before, describe, it } from 'node:test';
import { Desktop, eventually } from './session.mjs';

describe('Hangul from an input method', { timeout: 600_000 }, () => {
  /** @type {Desktop} */
  let desktop;
  let browser;

  before(async () => {
    desktop = await Desktop.start({ notifications: false, inputMethod: true });
    browser = await desktop.open();
    await eventually('the page', () => desktop.settled());
    await desktop.output('xdotool', ['windowactivate', '--sync', await desktop.window()]);
  });
  after(() => desktop?.stop());

  const press = (...keys) => desktop.output('xdotool', ['key', '--delay', '40', ...keys]);
  /** Keys of the Korean layout by the letters on them. */
  const type = (keys) => press(...[...keys].map((key) => (key === ' ' ? 'space' : key)));
  /** Makes the method compose: a key becomes a letter of Hangul. What the method does with a key is waited for, however slow it is. */
  const composing = async (read, clear) => {
    for (let round = 0; round < 3; round += 1) {
      await type('r');
      const text = await eventually('a letter', async () => (await read()).trim());
      await clear();
      await eventually('the place to be empty', async () => (await read()).trim() === '');
      if (/[ㄱ가-힣]/.test(text)) return;
      await press('Hangul');
    }
    throw new Error('the input method does not compose');
  };
  const valueOf = (selector) => () => browser.execute((css) => document.querySelector(css).value, selector);
  const clear = () => press('ctrl+a', 'BackSpace');

  it('is whole in the palette, which finds by it and is not closed by the key that ends a syllable', async () => {
    const field = '.qd-palette-input';
    const open = async () => {
      await press('ctrl+k');
      await browser.$(field).waitForExist();
    };
    await open();
    await composing(valueOf(field), clear);
    await type('tjqj');
    await eventually('the syllables', async () => (await valueOf(field)()) === '서버');
    await eventually('the page to be found', () => browser.execute(() => /Nodes/.test(document.querySelector('.qd-palette [aria-selected=true]')?.textContent ?? '')));
    await desktop.picture('hangul-palette');
    await press('Escape');
    await browser.$(field).waitForExist({ reverse: true });
  });

  it('is whole in a field of a form', async () => {
    const field = 'main input[type=text], main input:not([type])';
    await desktop.visit('/documents');
    await browser.$(field).waitForExist();
    await browser.execute((css) => document.querySelector(css).focus(), field);
    await composing(valueOf(field), clear);
    await type('tkdxo');
    await press('space');
    await type('ghkrdls');
    await press('Right');
    await eventually('the words', async () => (await valueOf(field)()) === '상태 확인').catch(async (error) => {
      throw new Error(`the field holds ${JSON.stringify(await valueOf(field)())}`, { cause: error });
    });
    await desktop.picture('hangul-field');
    await clear();
  });

  it('is whole in the script editor, between letters and at the end of a line', async () => {
    await desktop.visit('/run');
    const editor = '.cm-content';
    await browser.$(editor).waitForExist();
    const read = () => browser.execute((css) => [...document.querySelectorAll(`${css} .cm-line`)].map((line) => line.textContent).join('\n'), editor);
    await browser.execute((css) => document.querySelector(css).focus(), editor);
    await composing(read, clear);
    await type('epdlxj');
    await press('space');
    await type('wjrwk');
    await press('Right', 'Return');
    await type('Tmrl');
    await press('Hangul');
    await type('ok');
    await press('Hangul');
    await type('rkqt');
    await press('Right');
    const wanted = '데이터 적자\n쓰기ok값';
    await eventually('the lines', async () => (await read()) === wanted).catch(async (error) => {
      throw new Error(`the editor holds ${JSON.stringify(await read())}`, { cause: error });
    });
    await desktop.picture('hangul-editor');
  });
});
