/** What is around every page: the palette, the keys, the rail; with the mouse put away. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { Agent, Hub, openBrowser, openPage, until } from './harness.mjs';

let hub;
let agent;
let browser;
let page;

before(async () => {
  hub = await Hub.start();
  agent = await Agent.enrolled(hub, { role: 'web' });
  browser = await openBrowser();
});

after(async () => {
  await browser?.close();
  await agent?.stop();
  await hub?.stop();
});

async function openIn(language, theme = 'light') {
  await page?.context().close();
  page = await openPage(browser, hub, { language, theme });
  await page.visit('/');
}

const chosen = () => page.locator('dialog.qd-palette [role=option][aria-selected=true] .qd-palette-text').innerText();
const heading = (text) => page.getByRole('heading', { level: 1, name: text, exact: true }).waitFor();

async function openPalette(typed) {
  await page.keyboard.press('Control+k');
  await page.locator('dialog.qd-palette input').waitFor();
  if (typed) await page.keyboard.insertText(typed);
}

describe('the palette', () => {
  beforeEach(() => openIn('ko'));

  for (const [typed, expected] of [['ㄴㄷ', '노드'], ['노드'.normalize('NFD'), '노드'], ['녿', '노드'], ['shem', '노드'], ['대시보드', '개요']]) {
    it(`finds a page by ${JSON.stringify(typed)}`, async () => {
      await openPalette(typed);
      await until('the page to be found', async () => (await chosen()) === expected);
      await page.keyboard.press('Enter');
      await heading(new RegExp(`^${expected}`));
      assert.deepEqual(page.complaints, []);
    });
  }

  it('finds nodes, documents and actions, and says how many', async () => {
    await openPalette('web-01');
    await until('the node to be found', async () => (await chosen()) === 'web-01');
    await page.keyboard.press('Control+a');
    await page.keyboard.insertText('RunPowerShell');
    await until('the document to be found', async () => (await chosen()) === 'AWS-RunPowerShellScript');
    await page.locator('dialog.qd-palette [role=status]').getByText(/항목 \d+개/).waitFor();
    await page.keyboard.press('Enter');
    await heading('AWS-RunPowerShellScript');
    await openPalette('밝은');
    await page.keyboard.press('Enter');
    await page.locator('body.awsui-dark-mode').waitFor();
  });

  it('puts what was used lately first', async () => {
    await openPalette('문서');
    await page.keyboard.press('Enter');
    await heading(/^문서/);
    await openPalette();
    await until('the page used to be first', async () => (await chosen()) === '문서');
    await page.reload();
    await heading(/^문서/);
    await openPalette();
    await until('it to be first after a reload', async () => (await chosen()) === '문서');
  });

  it('leaves keys to the input method while it composes', async () => {
    await openPalette();
    const session = await page.context().newCDPSession(page);
    await session.send('Input.imeSetComposition', { text: '노', selectionStart: 1, selectionEnd: 1 });
    await page.locator('dialog.qd-palette input').evaluate((input) => {
      for (const key of ['Enter', 'ArrowDown']) input.dispatchEvent(new KeyboardEvent('keydown', { key, code: key, isComposing: true, bubbles: true }));
    });
    assert.equal(await page.locator('dialog.qd-palette[open]').count(), 1, 'Enter ends the syllable, not the palette');
    await session.send('Input.imeSetComposition', { text: '녿', selectionStart: 1, selectionEnd: 1 });
    await session.send('Input.insertText', { text: '노드' });
    await until('the page to be found', async () => (await chosen()) === '노드');
    assert.equal(await page.locator('dialog.qd-palette input').inputValue(), '노드');
  });
});

describe('keys', () => {
  beforeEach(() => openIn('en'));

  it('lead to every page that has some', async () => {
    await page.keyboard.press('?');
    const sheet = page.locator('.qd-shortcuts');
    await sheet.first().waitFor();
    const rows = await page.locator('.qd-shortcuts div').evaluateAll((all) => all.map((row) => [row.querySelector('dt').innerText.replace(/\s+/g, ' ').trim(), row.querySelector('dd').innerText]));
    assert.equal(new Set(rows.map(([keys]) => keys)).size, rows.length, 'no keys twice');
    await page.keyboard.press('Escape');
    await sheet.first().waitFor({ state: 'hidden' });
    const pages = rows.filter(([keys]) => /^G [A-Z]$/.test(keys) && keys !== 'G T');
    assert.ok(pages.length >= 7);
    for (const [keys] of pages) {
      const before = page.url();
      for (const key of keys.split(' ')) await page.keyboard.press(`Key${key}`);
      if (keys !== 'G O') await until(`${keys} to lead on`, () => page.url() !== before);
      await page.locator('h1').first().waitFor();
    }
  });

  it('rest while somebody types, composes or reads a dialog', async () => {
    const at = page.url();
    await page.evaluate(() => {
      for (const code of ['KeyG', 'KeyN']) document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'ㅎ', code, isComposing: true, bubbles: true }));
      for (const code of ['KeyG', 'KeyN']) document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'Process', code, keyCode: 229, bubbles: true }));
    });
    await openPalette();
    await page.keyboard.type('gn');
    await page.keyboard.press('Escape');
    await page.locator('dialog.qd-palette input').waitFor({ state: 'detached' });
    await page.keyboard.press('?');
    await page.locator('.qd-shortcuts').first().waitFor();
    await page.keyboard.type('gn');
    assert.equal(page.url(), at);
  });

  it('work by their place while the Korean layout is on', async () => {
    await page.evaluate(() => {
      for (const [key, code] of [['ㅎ', 'KeyG'], ['ㅜ', 'KeyN']]) document.body.dispatchEvent(new KeyboardEvent('keydown', { key, code, bubbles: true, cancelable: true }));
    });
    await heading(/^Nodes/);
  });

  it('fold the rail, which keeps its names for those who hear it', async () => {
    await page.keyboard.press('BracketLeft');
    await page.locator('nav[data-folded=true]').waitFor();
    await page.getByRole('navigation', { name: 'Navigation' }).getByRole('link', { name: 'Documents', exact: true }).click();
    await heading(/^Documents/);
    await page.reload();
    await page.locator('nav[data-folded=true]').waitFor();
  });
});

describe('the look', () => {
  it('has its colours and its faces before anything is drawn', async () => {
    await openIn('ko', 'dark');
    await page.reload({ waitUntil: 'commit' });
    const ground = await until('the body', () => page.evaluate(() => document.body && getComputedStyle(document.body).backgroundColor), 5).catch(() => undefined);
    assert.ok(ground, 'the page has a ground');
    await heading('개요');
    const faces = await page.evaluate(async () => {
      await document.fonts.ready;
      return [...document.fonts].filter((face) => face.status === 'loaded').map((face) => `${face.family} ${face.weight}`);
    });
    assert.ok(faces.includes('Pretendard 400') && faces.includes('Pretendard 700'), faces.join(', '));
    assert.deepEqual(page.complaints, []);
  });

  it('is dark from the first script on', async () => {
    await openIn('en', 'dark');
    // Without the console's own modules there is only what comes before them.
    await page.route('**/assets/*.js', (route) => route.abort());
    await page.reload();
    const first = await page.evaluate(() => document.body.className);
    assert.match(first, /awsui-dark-mode/);
  });
});
