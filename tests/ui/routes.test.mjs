/** Every page opens, says nothing to the browser's console, hides nothing, and axe finds nothing serious: both themes, both languages. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { Agent, Hub, openBrowser, openPage, picture, seriousFindings, until } from './harness.mjs';
import { ROUTES } from './routes.mjs';

let hub;
let agent;
let browser;
const scene = {};

before(async () => {
  hub = await Hub.start();
  agent = await Agent.enrolled(hub, { role: 'web', 팀: '플랫폼' });
  scene.node = agent.node;
  for (const [comment, commands] of [
    ['디스크 사용량 확인', ['df -h / | tail -1', 'echo 완료']],
    ['fails on purpose', ['echo "not good" >&2', 'exit 3']],
  ]) {
    const sent = await hub.call('SendCommand', { DocumentName: 'AWS-RunShellScript', InstanceIds: [agent.node], Parameters: { commands }, Comment: comment });
    const id = sent.Command.CommandId;
    scene.command ??= id;
    await until(`"${comment}" to end`, async () => !['Pending', 'InProgress'].includes((await hub.call('ListCommands', { CommandId: id })).Commands[0].Status));
  }
  browser = await openBrowser();
});

after(async () => {
  await browser?.close();
  await agent?.stop();
  await hub?.stop();
});

describe('the list of pages', () => {
  it('names every route of the console', () => {
    const source = readFileSync(new URL('../../ui/src/routes.tsx', import.meta.url), 'utf8');
    const declared = [...source.matchAll(/path: '([^']+)'/g)].map((match) => match[1].replace(/\$\w+/g, 'X')).sort();
    const opened = new Set(ROUTES.map((route) => route.path({ node: 'X', command: 'X' }).split('?')[0].replace('AWS-RunShellScript', 'X').replace('/connections/new', '/connections/X')));
    assert.deepEqual(
      // A recording is of a terminal, and those are in the real window: tests/desktop/terminal.test.mjs opens one.
      declared.filter((path) => !opened.has(path) && path !== '/sessions/X'),
      [],
    );
  });
});

for (const theme of ['light', 'dark']) {
  for (const language of ['en', 'ko']) {
    describe(`${theme}, ${language}`, () => {
      let page;
      before(async () => {
        page = await openPage(browser, hub, { theme, language });
      });
      after(() => page.context().close());

      for (const route of ROUTES) {
        it(`${route.name} opens and is sound`, async () => {
          page.complaints.length = 0;
          await page.visit(route.path(scene));
          // What is drawn last: code and output come in chunks of their own.
          if (route.name === 'run' || route.name === 'document') await page.locator('.cm-content').first().waitFor();
          if (route.name === 'command') await page.locator('.qd-output').first().waitFor();
          await picture(page, `${route.name}-${theme}-${language}`);
          assert.deepEqual(page.complaints, []);
          assert.equal(await page.locator('html').getAttribute('lang'), language);
          assert.equal(await page.locator('body.awsui-dark-mode').count(), theme === 'dark' ? 1 : 0);
          assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth), true, 'the page does not scroll sideways');
          const heading = await page.locator('h1').first().innerText();
          assert.notEqual(heading.trim(), '');
          assert.deepEqual(await seriousFindings(page), []);
        });
      }

      it('the palette and the list of shortcuts are sound', async () => {
        page.complaints.length = 0;
        await page.visit('/');
        await page.keyboard.press('Control+k');
        await page.locator('dialog.qd-palette[open] [role=option][aria-selected=true]').waitFor();
        assert.deepEqual(await seriousFindings(page), []);
        await picture(page, `palette-${theme}-${language}`);
        await page.keyboard.press('Escape');
        await page.locator('.qd-palette-body').waitFor({ state: 'detached' });
        await page.keyboard.press('?');
        await page.locator('.qd-shortcuts').first().waitFor();
        assert.deepEqual(await seriousFindings(page), []);
        await picture(page, `shortcuts-${theme}-${language}`);
        assert.deepEqual(page.complaints, []);
      });

      it('a message and a question are sound', async () => {
        page.complaints.length = 0;
        await page.visit('/activations');
        await hub.call('CreateActivation', { IamRole: 'node', Description: 'to be deleted' });
        await page.reload();
        const row = page.getByRole('row', { name: /to be deleted/ }).first();
        await row.getByRole('radio').check();
        await page.getByRole('button', { name: language === 'ko' ? '활성화 삭제' : 'Delete activation' }).click();
        const question = page.getByRole('dialog');
        await question.getByText(/^[0-9a-f-]{36}$/).waitFor();
        assert.deepEqual(await seriousFindings(page), []);
        await picture(page, `question-${theme}-${language}`);
        await question.getByRole('button', { name: language === 'ko' ? '활성화 삭제' : 'Delete activation' }).click();
        await page.getByText(language === 'ko' ? '활성화를 삭제했습니다' : 'The activation is deleted').waitFor();
        assert.equal(await page.getByRole('button', { name: language === 'ko' ? '닫기' : 'Close', exact: true }).count(), 1, 'the message can be closed by name');
        assert.deepEqual(await seriousFindings(page), []);
        await picture(page, `message-${theme}-${language}`);
        assert.deepEqual(page.complaints, []);
      });
    });
  }
}
