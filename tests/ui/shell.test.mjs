/** What is around every page: the palette, the keys, the rail; with the mouse put away. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, beforeEach, describe, it } from 'node:test';
import { Agent, Hub, openBrowser, openPage, seriousFindings, until } from './harness.mjs';

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
    // Two keys after G lead to no page: the theme, and the list behind the bell.
    const pages = rows.filter(([keys]) => /^G [A-Z]$/.test(keys) && !['G T', 'G I'].includes(keys));
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

const bell = () => page.locator('.qd-bell button');
const send = (commands, comment) => hub.call('SendCommand', { DocumentName: 'AWS-RunShellScript', InstanceIds: [agent.node], Parameters: { commands }, Comment: comment });
/** Changes what the console keeps of a person's choices, as a settings file would. */
const choose = (choices) =>
  page.evaluate((next) => {
    for (const key of ['quarterdeck.settings.preferences', 'quarterdeck.preferences']) localStorage.setItem(key, JSON.stringify({ ...JSON.parse(localStorage.getItem(key) ?? '{}'), ...next }));
  }, choices);

describe('the list behind the bell', () => {
  beforeEach(() => openIn('en'));

  it('tells what ended and failed, leads there, and is there after a reload', async () => {
    await page.getByText('Live', { exact: true }).waitFor();
    await send(['true'], 'goes well');
    await send(['exit 3'], 'goes wrong');
    await until('two to be unread', async () => /2 unread/.test((await bell().getAttribute('aria-label')) ?? ''));
    await page.reload();
    await until('them to be unread still', async () => /2 unread/.test((await bell().getAttribute('aria-label')) ?? ''));
    await page.keyboard.press('KeyG');
    await page.keyboard.press('KeyI');
    const list = page.getByRole('dialog', { name: 'Notifications' });
    await list.getByText('goes well').waitFor();
    await list.getByRole('button', { name: 'Failures' }).click();
    assert.equal(await list.locator('.qd-notice').count(), 1);
    assert.deepEqual(await seriousFindings(page), []);
    await list.getByText('goes wrong').click();
    await heading('goes wrong');
    await until('one to be unread', async () => /1 unread/.test((await bell().getAttribute('aria-label')) ?? ''));
    await bell().click();
    await list.getByRole('button', { name: 'Mark all as read' }).click();
    await until('nothing to be unread', async () => (await bell().getAttribute('aria-label')) === 'Notifications');
    await list.getByRole('button', { name: 'Clear' }).click();
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.getByText('That was taken back.').waitFor();
    await bell().click();
    await list.getByText('goes well').waitFor();
    assert.deepEqual(page.complaints, []);
  });

  it('leaves out what a rule leaves out', async () => {
    await choose({ notifyRules: [{ id: 'a', only: 'failed', act: 'list' }, { id: 'b', document: 'AWS-*', act: 'ignore' }] });
    await page.reload();
    await page.getByText('Live', { exact: true }).waitFor();
    await send(['true'], 'quiet one');
    await send(['exit 3'], 'loud one');
    await until('one to be unread', async () => /1 unread/.test((await bell().getAttribute('aria-label')) ?? ''));
    await bell().click();
    await page.getByRole('dialog', { name: 'Notifications' }).getByText('loud one').waitFor();
    assert.equal(await page.getByText('quiet one').locator('visible=true').and(page.locator('.qd-notice-name')).count(), 0);
  });
});

describe('settings', () => {
  beforeEach(() => openIn('en'));

  it('go into a file without secrets, come back from it, and can be taken back', async () => {
    await page.visit('/settings');
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Export settings' }).click()]);
    const file = readFileSync(await download.path(), 'utf8');
    assert.equal(file.includes(hub.key.secret) || file.includes(hub.key.id), false, 'no access key');
    const settings = JSON.parse(file);
    settings.preferences.language = 'ko';
    settings.preferences.secret = 'hunter2';
    await page.getByLabel('Import settings').setInputFiles({ name: 's.json', mimeType: 'application/json', buffer: Buffer.from(JSON.stringify(settings)) });
    await page.getByRole('button', { name: 'Take them' }).click();
    await heading('설정');
    assert.equal((await page.evaluate(() => JSON.stringify({ ...localStorage }))).includes('hunter2'), false, 'what is unknown is not kept');
    await page.getByRole('button', { name: '실행 취소' }).click();
    await heading('Settings');
    await page.getByLabel('Import settings').setInputFiles({ name: 's.json', mimeType: 'application/json', buffer: Buffer.from('{"a":1}') });
    await page.getByText('That file holds no settings of Quarterdeck').waitFor();
  });

  it('show times in the zone and the form that was chosen', async () => {
    await choose({ timeZone: 'Asia/Seoul', dates: 'iso' });
    await page.visit('/settings?section=formats');
    await until('the part to be in view', () => page.evaluate(() => Math.abs(document.getElementById('section-formats').getBoundingClientRect().top) < 200));
    await page.getByText(/Now it reads: \d{4}-\d\d-\d\d \d\d:\d\d:\d\d (GMT\+9|KST)/).waitFor();
  });

  it('keep rules for notifications, made and removed by hand', async () => {
    await page.visit('/settings?section=notifications');
    await page.getByRole('button', { name: 'Add a rule' }).click();
    const rule = page.getByRole('dialog', { name: 'Rule for notifications' });
    await rule.getByLabel('Document').fill('AWS-*');
    await rule.getByLabel('More nodes than').fill('ten');
    await rule.getByText('Enter a whole number, or nothing.').first().waitFor();
    await rule.getByLabel('More nodes than').fill('10');
    await rule.getByRole('button', { name: 'Confirm' }).click();
    await page.getByText('document AWS-* · more than 10 nodes').waitFor();
    await page.reload();
    await page.getByText('document AWS-* · more than 10 nodes').waitFor();
    await page.locator('.qd-rules').getByRole('button', { name: 'Remove' }).click();
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.getByText('document AWS-* · more than 10 nodes').waitFor();
    assert.deepEqual(page.complaints, []);
  });
});

describe('the first minutes', () => {
  it('are ticked off by what happens, can be put away and called back', async () => {
    await openIn('en');
    const guide = page.getByRole('region', { name: 'The first two minutes' });
    await guide.getByText('Your first node is here.').waitFor();
    assert.equal(await guide.locator('li[data-done=false]').last().locator('h3').innerText(), 'Find anything');
    await guide.getByRole('button', { name: 'Try it' }).click();
    await page.keyboard.insertText('put');
    await page.keyboard.press('Escape');
    await guide.getByRole('button', { name: 'Put away' }).click();
    await guide.waitFor({ state: 'detached' });
    await page.reload();
    await heading('Overview');
    assert.equal(await guide.count(), 0);
    await openPalette('first-run');
    await until('the action to be found', async () => (await chosen()) === 'Show the first-run guide');
    await page.keyboard.press('Enter');
    await guide.waitFor();
  });
});

describe('what went wrong', () => {
  it('is kept over a reload, and told without secrets', async () => {
    await openIn('en');
    await page.evaluate(() => {
      setTimeout(() => {
        throw new Error('broken with AKIAIOSFODNN7EXAMPLE inside');
      });
    });
    await until('the error to be thrown', () => page.complaints.length > 0);
    await page.visit('/diagnostics');
    await page.getByText('broken with *** inside').first().waitFor();
    await page.getByRole('button', { name: 'Copy diagnostics' }).click();
    await page.getByText('The report is in the clipboard.').waitFor();
    const report = await page.evaluate(() => navigator.clipboard.readText());
    assert.match(report, /^Quarterdeck diagnostics/);
    assert.match(report, /broken with \*\*\* inside/);
    for (const secret of ['AKIAIOSFODNN7EXAMPLE', hub.key.id, hub.key.secret]) assert.equal(report.includes(secret), false);
    await page.getByRole('button', { name: 'Clear' }).click();
    await page.locator('main').getByText('Nothing went wrong', { exact: true }).locator('visible=true').waitFor();
  });
});

describe('with the keyboard alone', () => {
  it('every page of the rail is reached and begun at its heading', async () => {
    await openIn('en');
    const links = await page.locator('.qd-nav-page').count();
    for (let at = 0; at < links; at += 1) {
      await page.evaluate(() => document.querySelector('.qd-skip').focus());
      const wanted = await page.locator('.qd-nav-page').nth(at).getAttribute('href');
      // Tab from the top of the page until the link has the focus.
      await until(`Tab to reach ${wanted}`, async () => {
        await page.keyboard.press('Tab');
        return (await page.evaluate(() => document.activeElement?.getAttribute('href'))) === wanted && page.evaluate(() => document.activeElement?.classList.contains('qd-nav-page'));
      });
      const outlined = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle !== 'none');
      assert.ok(outlined, `${wanted} shows that it has the focus`);
      await page.keyboard.press('Enter');
      await until(`${wanted} to be current`, async () => (await page.locator('.qd-nav-page[aria-current=page]').getAttribute('href')) === wanted);
      await page.locator('h1').first().waitFor();
    }
    assert.deepEqual(page.complaints, []);
  });

  it('nothing that has the focus is out of sight or without a name, on any page', async () => {
    for (const path of ['/', '/nodes', '/activations', '/commands', '/documents', '/settings', '/diagnostics']) {
      await page.visit(path);
      const seen = new Set();
      for (let step = 0; step < 80; step += 1) {
        await page.keyboard.press('Tab');
        const now = await page.evaluate(() => {
          const element = document.activeElement;
          if (!element || element === document.body) return undefined;
          const box = element.getBoundingClientRect();
          const name = element.getAttribute('aria-label') ?? element.getAttribute('aria-labelledby') ?? element.labels?.[0]?.innerText ?? element.innerText ?? element.getAttribute('placeholder');
          const shown = element.matches('input[type=radio], input[type=checkbox]') || (box.width > 0 && box.height > 0);
          // A part that scrolls, which Chromium lets the keyboard reach by itself, is none of the page's controls.
          const scrolls = element.tabIndex < 0;
          return { key: `${element.tagName} ${element.id} ${element.className} ${box.top + scrollY} ${box.left}`, tag: element.outerHTML.slice(0, 120), shown, named: scrolls || Boolean(name?.trim()) };
        });
        if (!now || seen.has(now.key)) break;
        seen.add(now.key);
        assert.ok(now.shown, `${path}: ${now.tag} is out of sight`);
        assert.ok(now.named, `${path}: ${now.tag} has no name`);
      }
      assert.ok(seen.size > 12, `${path}: Tab goes through the page`);
    }
  });
});
