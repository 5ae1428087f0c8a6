/** What several nodes wrote, seen together: grouped where it is the same, compared where it is not, searched, and run again. */
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { Agent, gestures, openPage, openScene, picture, seriousFindings, until } from './harness.mjs';

let hub;
let browser;
let page;
let id;
const agents = [];
openScene({ prepare }, (scene) => ({ hub, browser, page } = scene));
const { button, ended, heading } = gestures(() => ({ hub, page }));

async function prepare() {
  for (const name of ['web-01', 'web-02', 'db-01']) agents.push(await Agent.enrolled(hub, { fleet: 'all' }, name));
  const odd = agents[2].node;
  const script = [
    'seq 1 40',
    `if [ "$AWS_SSM_INSTANCE_ID" = "${odd}" ]; then echo "kernel 5.10 오래됨"; else echo "kernel 6.1"; fi`,
    'seq 41 80',
    `[ "$AWS_SSM_INSTANCE_ID" != "${odd}" ] || { echo "needs a restart" >&2; exit 3; }`,
  ];
  const { Command } = await hub.call('SendCommand', { DocumentName: 'AWS-RunShellScript', Targets: [{ Key: 'tag:fleet', Values: ['all'] }], Parameters: { commands: script }, MaxErrors: '100%', Comment: '커널 확인' });
  id = Command.CommandId;
  await ended(id);
}
after(() => Promise.all(agents.map((agent) => agent.stop())));

const tab = (name) => page.getByRole('tab', { name, exact: true });

describe('outputs that are the same', () => {
  it('are one group, and what differs stands beside it', async () => {
    await page.visit(`/commands/${id}`);
    await page.getByText('2 the same, 1 differ').waitFor();
    assert.equal(await tab('Grouped by output').getAttribute('aria-selected'), 'true', 'several nodes that have ended are shown so at once');
    await page.getByRole('heading', { level: 3, name: '2 nodes' }).waitFor();
    await page.getByRole('heading', { level: 3, name: '1 node' }).waitFor();
    await page.locator('pre[aria-label="Standard error"]', { hasText: 'needs a restart' }).waitFor();
    await page.getByText('Exit code 3').waitFor();
    assert.deepEqual(await seriousFindings(page), []);
    await picture(page, 'command-groups');
  });

  it('are compared line by line', async () => {
    await page.visit(`/commands/${id}?view=groups`);
    await button('Compare').last().click();
    const dialog = page.getByRole('dialog', { name: 'Compare what was written' });
    await dialog.getByText('1 place differs.').waitFor();
    assert.match(await dialog.locator('.cm-merge-a .cm-changedLine').innerText(), /kernel 6\.1/);
    assert.match(await dialog.locator('.cm-merge-b .cm-changedLine').innerText(), /kernel 5\.10 오래됨/);
    assert.ok((await dialog.locator('.cm-collapsedLines').count()) > 0, 'what is the same is folded');
    assert.deepEqual(await seriousFindings(page), []);
    await picture(page, 'command-compare');
    await dialog.getByRole('button', { name: 'Standard error' }).click();
    await dialog.locator('.cm-merge-b .cm-changedLine', { hasText: 'needs a restart' }).waitFor();
  });

  it('run again on the nodes of a group', async () => {
    await page.visit(`/commands/${id}?view=groups`);
    await button('Run again on 1 node').click();
    await page.waitForURL(/#\/run\?from=.*group=/);
    await page.getByText('1 node chosen').waitFor();
    await page.locator('.cm-content', { hasText: 'kernel 6.1' }).waitFor();
    await page.locator('.qd-preview').getByText('db-01').waitFor();
  });

  it('say so in Korean, dark', async () => {
    await page.context().close();
    page = await openPage(browser, hub, { language: 'ko', theme: 'dark' });
    await page.visit(`/commands/${id}?view=groups`);
    await page.getByText('2대는 같고 1대는 다릅니다').waitFor();
    assert.deepEqual(await seriousFindings(page), []);
    await picture(page, 'command-groups-ko-dark');
    await button('비교').last().click();
    await page.getByText('1곳이 다릅니다.').waitFor();
    assert.deepEqual(await seriousFindings(page), []);
    await picture(page, 'command-compare-ko-dark');
  });
});

describe('a text in all outputs', () => {
  it('is found whatever its case, and leads to its line', async () => {
    await page.visit(`/commands/${id}?view=search`);
    await page.getByRole('searchbox', { name: 'Text in any output' }).fill('KERNEL');
    await page.keyboard.press('Enter');
    await until('all three lines', async () => (await page.locator('.qd-match mark').count()) === 3);
    assert.match(page.url(), /q=KERNEL/);
    assert.deepEqual(await seriousFindings(page), []);
    await picture(page, 'command-search');
    await page.getByRole('row', { name: /오래됨/ }).getByRole('link').click();
    const line = page.locator('.qd-line-marked');
    await line.waitFor();
    assert.equal(await line.innerText(), 'kernel 5.10 오래됨');
    await heading('커널 확인').waitFor();
    assert.match(page.url(), /line=41/);
    await page.getByRole('heading', { level: 2, name: 'Output of db-01' }).waitFor();
  });

  it('is found however Hangul is composed, and what is not there is said', async () => {
    await page.visit(`/commands/${id}?view=search&q=${encodeURIComponent('오래됨'.normalize('NFD'))}`);
    await page.locator('.qd-match mark', { hasText: '오래됨' }).waitFor();
    await page.visit(`/commands/${id}?view=search&q=nothing-like-this`);
    await page.getByText('No output holds “nothing-like-this”').waitFor();
  });

  it('leads to its line in a large output too', async () => {
    const { Command } = await hub.call('SendCommand', { DocumentName: 'AWS-RunShellScript', InstanceIds: [agents[0].node], Parameters: { commands: ['seq 1 300000; echo needle; seq 300001 600000'] } });
    await ended(Command.CommandId);
    await page.visit(`/commands/${Command.CommandId}?view=search&q=needle`);
    await page.getByRole('row', { name: /needle/ }).getByRole('link').click();
    const line = page.locator('.qd-line-marked');
    await line.waitFor({ timeout: 30_000 });
    assert.equal(await line.innerText(), 'needle');
    assert.ok(await line.isVisible());
  });
});

it('nothing complained on the way', () => assert.deepEqual(page.complaints, []));
