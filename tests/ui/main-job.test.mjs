/** The main job, as a person does it in the console: sign in, enrol a machine, run a command on it, watch it, stop it, find it again. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { Agent, gestures, openScene, picture, settled, until } from './harness.mjs';

let hub;
let agent;
let page;
openScene({ onePage: true, page: { signedIn: false } }, (scene) => ({ hub, page } = scene));
after(() => agent?.stop());
const { button, field, writeScript, ended } = gestures(() => ({ hub, agent, page }));

/** Opens the palette, writes `query`, and takes the entry `chosen` once it is the one that Enter takes. */
async function inPalette(query, chosen) {
  await page.keyboard.press('Control+k');
  await page.locator('dialog.qd-palette[open] .qd-palette-input:focus').waitFor();
  await page.keyboard.insertText(query);
  await page.locator('[role=option][aria-selected=true] .qd-palette-text', { hasText: new RegExp(`^${chosen}$`) }).waitFor();
  await page.keyboard.press('Enter');
  await page.locator('.qd-palette-body').waitFor({ state: 'detached' });
}

async function outputText() {
  return (await page.locator('.qd-line').allInnerTexts()).join('\n');
}

/** The status beside its label in the summary of a command. */
async function status() {
  return page.locator('main').getByText('Status', { exact: true }).first().locator('xpath=following::*[contains(@class, "awsui_root")][1]').innerText();
}

async function runScript(script, { comment = '' } = {}) {
  await page.visit('/run?nodes=%5B%22' + agent.node + '%22%5D');
  await writeScript(script);
  if (comment) await field('Comment – optional').fill(comment);
  await button('Run').click();
  await page.waitForURL(/#\/commands\/[0-9a-f-]{36}/);
  return /commands\/([0-9a-f-]{36})/.exec(page.url())[1];
}

describe('signing in', () => {
  it('the hub leads a browser to the console', async () => {
    await page.goto(hub.url);
    assert.match(page.url(), /\/quarterdeck\/console\//);
    await page.getByRole('heading', { name: 'Sign in to Quarterdeck' }).waitFor();
    await picture(page, 'sign-in');
  });

  it('a wrong secret is refused, with what to try', async () => {
    await field('Access key ID').fill(hub.key.id);
    await page.locator('input[name=secretAccessKey]').fill('wrong'.repeat(8));
    await button('Sign in').click();
    await page.getByText('Signing in did not work').waitFor();
    await page.getByText('Check the secret access key').waitFor();
    page.complaints.length = 0;
  });

  it('the right one opens the overview, and is kept in this tab only', async () => {
    await page.locator('input[name=secretAccessKey]').fill(hub.key.secret);
    await button('Sign in').click();
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
    await page.getByText('No node has registered yet').first().waitFor();
    assert.equal(await page.evaluate(() => Object.values(localStorage).some((value) => value.includes('secretAccessKey'))), false);
  });
});

describe('enrolling a machine', () => {
  it('an activation shows its code once, with the line to run', async () => {
    await page.visit('/activations');
    await field('What it is for').fill('test machines');
    await field('Name for the nodes').fill('web-01');
    await button('Add a tag').click();
    await field('Key').fill('role');
    await field('Value').fill('web');
    await button('Make an activation').click();
    await page.getByText('The activation is ready').waitFor();
    const line = await page.locator('.qd-block pre').first().innerText();
    const id = /--id (\S+)/.exec(line)[1];
    const code = /QUARTERDECK_ACTIVATION_CODE=(\S+)/.exec(line)[1];
    assert.match(id, /^[0-9a-f-]{36}$/);
    await picture(page, 'enrol');
    await page.getByText('Waiting for the first machine.').waitFor();
    agent = await Agent.start(hub, { id, code });
    await page.getByText('The machine is registered').waitFor({ timeout: 30_000 });
    await page.getByRole('list', { name: 'Machines that came by it' }).getByText('Online').waitFor({ timeout: 30_000 });
    await picture(page, 'enrolled');
  });

  it('the node appears online without a reload', async () => {
    await page.visit('/nodes');
    const row = page.getByRole('row', { name: /web-01/ });
    await row.getByText('Online').waitFor({ timeout: 30_000 });
    await row.getByText('role = web').waitFor();
    agent.node = /mi-[0-9a-f]{17}/.exec(await row.innerText())[0];
  });

  it('is found by a filter that the address keeps', async () => {
    const filter = page.getByLabel('Filter nodes');
    await filter.fill('no-such-node');
    await filter.press('Enter');
    await page.getByText('No node matches').waitFor();
    assert.match(page.url(), /q=no-such-node/);
    await button('Clear the filter').last().click();
    await page.getByRole('row', { name: /web-01/ }).waitFor();
    await page.visit(`/nodes?q=${encodeURIComponent('tag:role=web')}`);
    await page.getByRole('row', { name: /web-01/ }).waitFor();
    // A link from before filters were text.
    await page.visit(`/nodes?filter=${encodeURIComponent(JSON.stringify([{ Key: 'tag:role', Values: ['db'] }]))}`);
    await page.getByText('No node matches').waitFor();
  });

  it('its tags can be changed', async () => {
    await page.visit(`/nodes/${agent.node}`);
    await page.getByRole('tab', { name: 'Tags' }).click();
    await field('Key').fill('환경');
    await field('Value').fill('시험');
    await field('Value').press('Enter');
    await page.getByRole('row', { name: /환경/ }).getByText('시험').waitFor();
    const { TagList } = await hub.call('ListTagsForResource', { ResourceType: 'ManagedInstance', ResourceId: agent.node });
    assert.deepEqual(TagList.find((tag) => tag.Key === '환경'), { Key: '환경', Value: '시험' });
  });
});

describe('running a command', () => {
  it('what is missing is said before it is sent', async () => {
    await page.visit('/run');
    await button('Run').click();
    await page.getByText('Some values need correcting before this can run.', { exact: true }).waitFor();
    await page.getByText('Enter a value.').waitFor();
    await page.getByText('Choose at least one node.').waitFor();
    assert.match(page.url(), /#\/run/);
  });

  it('tags show at once which nodes match', async () => {
    await page.getByRole('radio', { name: /By tags/ }).check();
    await field('Key').fill('role');
    await field('Value').fill('db');
    await page.getByText('No node matches now').waitFor();
    await field('Value').fill('web');
    const preview = page.locator('.qd-preview');
    await preview.getByText('web-01').waitFor();
    await page.getByText('1 online').waitFor();
  });

  it('its output appears while it runs', async () => {
    // The script goes on when the test has seen its first line, however slow the machine is.
    const gate = join(agent.dir, 'gate');
    await writeScript(`for i in 1 2 3 4; do\n  echo "줄 $i"\n  while [ ! -e '${gate}' ]; do sleep 0.2; done\ndone\necho "to stderr" >&2`);
    await field('Comment – optional').fill('출력 확인');
    await button('Run').click();
    await page.waitForURL(/#\/commands\/[0-9a-f-]{36}/);
    await page.getByRole('heading', { level: 1, name: '출력 확인' }).waitFor();
    await page.locator('.qd-line').first().waitFor({ timeout: 15_000 });
    const seen = await outputText();
    assert.match(seen, /^줄 1/);
    assert.doesNotMatch(seen, /줄 2/, 'the first line shows while the script waits to write the second');
    await until('the page to say that it runs', async () => (await status()) === 'In progress');
    await picture(page, 'command-running');
    writeFileSync(gate, '');
    await page.getByText('줄 4').waitFor();
    await until('the page to say so', async () => (await status()) === 'Success');
    await page.getByText('Exit code 0').waitFor();
    await page.getByRole('button', { name: 'Standard error' }).click();
    await page.locator('.qd-line', { hasText: 'to stderr' }).waitFor();
  });

  it('runs again with the same values', async () => {
    await button('Run again').click();
    await page.waitForURL(/#\/run\?from=/);
    await page.locator('.cm-content', { hasText: 'echo "줄 $i"' }).waitFor();
    assert.equal(await field('Comment – optional').inputValue(), '출력 확인');
    assert.equal(await field('Key').inputValue(), 'role');
  });

  it('a failing script shows its exit code', async () => {
    const id = await runScript('exit 3', { comment: 'fails' });
    await ended(id);
    await until('the page to say so', async () => (await status()) === 'Failed');
    await page.getByText('Exit code 3').waitFor();
  });

  it('a long one can be cancelled, after a question', async () => {
    const id = await runScript('echo started; sleep 600');
    await page.locator('.qd-line', { hasText: 'started' }).waitFor({ timeout: 15_000 });
    await button('Cancel').first().click();
    await button('Cancel command').click();
    await until('the page to say so', async () => /Cancel/.test(await status()));
    const command = await ended(id);
    assert.equal(command.Status, 'Cancelled');
  });

  it('Ctrl+Enter runs what is written', async () => {
    await page.visit(`/run?nodes=%5B%22${agent.node}%22%5D`);
    await writeScript('echo by keyboard');
    await page.keyboard.press('Control+Enter');
    await page.waitForURL(/#\/commands\/[0-9a-f-]{36}/);
    await page.locator('.qd-line', { hasText: 'by keyboard' }).waitFor({ timeout: 15_000 });
  });
});

describe('what was typed is what runs', () => {
  const NASTY = [
    `printf '%s\\n' "it's" '"quoted"' '\`tick\`' '$HOME' '\\\\n' 'a\\tb'`,
    "cat <<'END'\n  {\"a\": [\"b c\", {\"d\": \"{{ x }}\"}]}\n\t탭과 한글, 이모지 🚀, e\u0301\n\nEND",
    'echo "$(echo nested "$(echo deep)")" && echo $((1 + 2)) | cat; : # comment',
  ];
  const EXPECTED = [
    `it's\n"quoted"\n\`tick\`\n$HOME\n\\\\n\na\\tb`.replace('\\\\n\n', '\\\\n\n'),
    '  {"a": ["b c", {"d": "{{ x }}"}]}\n\t탭과 한글, 이모지 🚀, e\u0301\n',
    'nested deep\n3',
  ];
  for (const [index, script] of NASTY.entries()) {
    it(`script ${index + 1} comes through the editor, the API and the agent unchanged`, async () => {
      const id = await runScript(script);
      await ended(id);
      const result = await hub.call('GetCommandInvocation', { CommandId: id, InstanceId: agent.node });
      assert.equal(result.StandardOutputContent.trimEnd(), EXPECTED[index].trimEnd());
      const sent = (await hub.call('ListCommands', { CommandId: id })).Commands[0].Parameters.commands.join('\n');
      assert.equal(sent, script);
    });
  }
});

describe('a large output', () => {
  it('is whole, and only what is in view is in the page', async () => {
    const id = await runScript('seq 1 400000');
    await ended(id);
    await page.locator('.qd-line', { hasText: /^400000$/ }).waitFor({ timeout: 30_000 });
    assert.ok((await page.locator('.qd-line').count()) < 200, 'few lines are in the page');
    await button('Start').click();
    await page.locator('.qd-output').evaluate((element) => element.scrollTo(0, 0));
    await page.locator('.qd-line', { hasText: /^1$/ }).first().waitFor();
    const download = page.waitForEvent('download');
    await button('Download all of it').click();
    const text = readFileSync(await (await download).path(), 'utf8');
    assert.equal(text.split('\n').length, 400_001);
    assert.ok(text.endsWith('399999\n400000\n'));
    assert.match((await download).suggestedFilename(), new RegExp(`^${id}`));
  });
});

describe('finding it again', () => {
  it('the history filters by status and keeps the filter in the address', async () => {
    await page.visit(`/commands?filter=${encodeURIComponent(JSON.stringify({ Status: 'Failed' }))}`);
    await page.getByRole('row', { name: /fails/ }).waitFor();
    assert.equal(await page.getByRole('row', { name: /출력 확인/ }).count(), 0);
  });

  it('the history is exported for a spreadsheet, Korean included', async () => {
    await page.visit('/commands');
    const download = page.waitForEvent('download');
    await button('Export').click();
    await page.getByRole('menuitem', { name: /CSV/ }).click();
    const bytes = readFileSync(await (await download).path());
    assert.deepEqual([...bytes.subarray(0, 3)], [0xef, 0xbb, 0xbf]);
    assert.match(bytes.toString('utf8'), /출력 확인/);
  });

  it('the palette goes to a page by initial consonants, all by keyboard', async () => {
    await page.evaluate(() => localStorage.setItem('quarterdeck.settings.preferences', JSON.stringify({ language: 'ko', theme: 'light' })));
    await page.reload();
    await settled(page);
    await inPalette('ㄴㄷ', '노드');
    await page.getByRole('heading', { level: 1, name: /^노드/ }).waitFor();
    assert.match(page.url(), /#\/nodes$/);
  });

  it('the palette finds a node by name', async () => {
    await inPalette('web-01', 'web-01');
    await page.getByRole('heading', { level: 1, name: 'web-01' }).waitFor();
  });

  it('single keys lead through the pages, with the Korean layout on too', async () => {
    await page.keyboard.press('g');
    await page.keyboard.press('h');
    await page.getByRole('heading', { level: 1, name: '명령 기록' }).waitFor();
  });
});

it('nothing complained on the way', () => assert.deepEqual(page.complaints, []));
