/** Every page in the real window, in both themes and both languages, with a picture of each to be looked at. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ROUTES } from '../ui/routes.mjs';
import { CONTROL, ESCAPE, press } from './keys.mjs';
import { Desktop, eventually } from './session.mjs';

describe('the pages in the real window', { timeout: 1_200_000 }, () => {
  /** @type {Desktop} */
  let desktop;
  let browser;
  const scene = {};

  const send = async (comment, commands) => {
    const { Command } = await desktop.call('SendCommand', { DocumentName: 'AWS-RunShellScript', InstanceIds: [scene.node], Parameters: { commands }, Comment: comment });
    return Command.CommandId;
  };
  const status = async (id) => (await desktop.call('ListCommands', { CommandId: id })).Commands[0].Status;

  before(async () => {
    desktop = await Desktop.start({ notifications: false });
    browser = await desktop.open();
    scene.node = await eventually('this machine to be online', async () => {
      const { InstanceInformationList: nodes } = await desktop.call('DescribeInstanceInformation');
      return nodes.find((candidate) => candidate.PingStatus === 'Online')?.InstanceId;
    });
    await desktop.call('AddTagsToResource', { ResourceType: 'ManagedInstance', ResourceId: scene.node, Tags: [{ Key: 'role', Value: 'web' }, { Key: '팀', Value: '플랫폼' }] });
    scene.command = await send('디스크 사용량 확인', ['df -h / | tail -1', 'echo 완료']);
    await eventually('the first command to end', async () => (await status(scene.command)) === 'Success');
    const failing = await send('fails on purpose', ['echo "not good" >&2', 'exit 3']);
    await eventually('the second command to end', async () => (await status(failing)) === 'Failed');
  });
  after(() => desktop?.stop());

  /** What holds for every page: it is in the person's language and colours, has a heading, and fits. */
  const sound = async (theme, language) => {
    const seen = await browser.execute(() => ({
      language: document.documentElement.lang,
      dark: document.body.classList.contains('awsui-dark-mode'),
      heading: document.querySelector('h1').innerText.trim(),
      wide: document.documentElement.scrollWidth > document.documentElement.clientWidth,
    }));
    assert.deepEqual({ ...seen, heading: seen.heading !== '' }, { language, dark: theme === 'dark', heading: true, wide: false });
  };

  for (const theme of ['light', 'dark']) {
    for (const language of ['en', 'ko']) {
      const look = `${theme}-${language}`;

      it(`are sound: ${look}`, async () => {
        await desktop.prefer({ theme, language });
        for (const route of ROUTES) {
          await desktop.visit(route.path(scene));
          if (route.name === 'run' || route.name === 'document') await browser.$('.cm-content').waitForExist();
          if (route.name === 'command') await eventually('the output', async () => (await desktop.text()).includes('완료'));
          await sound(theme, language);
          await desktop.picture(`${route.name}-${look}`);
          if (await desktop.toEnd()) await desktop.picture(`${route.name}-end-${look}`);
        }
        await press(browser, CONTROL, 'k');
        await browser.$('dialog.qd-palette[open] [role=option][aria-selected=true]').waitForExist();
        await desktop.picture(`palette-${look}`);
        await press(browser, ESCAPE);
        await browser.$('.qd-palette-body').waitForExist({ reverse: true });
      });

      it(`show a command while it runs: ${look}`, async () => {
        const gate = join(desktop.home, `gate-${look}`);
        const id = await send('', ['for i in 1 2 3; do echo "line $i"; done', 'echo "to stderr" >&2', `while [ ! -e ${gate} ]; do sleep 0.1; done`, 'echo 모두 끝남']);
        await desktop.visit(`/commands/${id}`);
        await eventually('the output', async () => (await desktop.text()).includes('line 3'));
        await sound(theme, language);
        assert.equal(await status(id), 'InProgress');
        await desktop.picture(`command-running-${look}`);
        writeFileSync(gate, '');
        await eventually('the end of the output', async () => (await desktop.text()).includes('모두 끝남'));
        await eventually('the command to end', async () => (await status(id)) === 'Success');
      });
    }
  }
});
