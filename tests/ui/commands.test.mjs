/** What goes wrong around commands: clicks in a hurry, a question asked too late, a hub that is away for a moment. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { gestures, openPage, openScene, picture, unique, until } from './harness.mjs';

let hub;
let agent;
let browser;
let page;

openScene({ tags: { role: 'web' } }, (scene) => ({ hub, agent, browser, page } = scene));
const { button, heading, ended, sent, writeScript } = gestures(() => ({ hub, agent, page }));

describe('running again', () => {
  it('sends once, however often Run is clicked before the next page is there', async () => {
    const comment = `once ${unique()}`;
    const id = await sent(['true'], { Comment: comment });
    await ended(id);
    await page.visit(`/run?from=${id}`);
    await page.locator('.cm-content', { hasText: 'true' }).waitFor();
    // The next page is slow to load: until then, the form is still there to be clicked.
    await page.route(/\/assets\/CommandPage-/, async (route) => {
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      await route.continue();
    });
    const answered = page.waitForResponse((response) => response.request().headers()['x-amz-target'] === 'AmazonSSM.SendCommand');
    await button('Run').dblclick();
    await answered;
    await page.waitForURL(/#\/commands\//);
    await page.getByRole('button', { name: 'Run', exact: true }).click({ force: true, timeout: 1_000 }).catch(() => undefined);
    await page.getByRole('heading', { level: 1, name: comment }).waitFor();
    await until('the page of the new command', async () => !page.url().includes(id));
    const all = (await hub.call('ListCommands', { MaxResults: 50 })).Commands.filter((command) => command.Comment === comment);
    assert.equal(all.length, 2, 'the earlier one and one more');
  });
});

describe('targets that the form has no fields for', () => {
  it('are shown as they were, and sent again so', async () => {
    const Targets = [{ Key: 'tag:role', Values: ['web'] }, { Key: 'tag-key', Values: ['role'] }];
    const answer = await hub.call('SendCommand', { DocumentName: 'AWS-RunShellScript', Targets, Parameters: { commands: ['true'] } });
    await ended(answer.Command.CommandId);
    await page.visit(`/run?from=${answer.Command.CommandId}`);
    assert.equal(await page.getByRole('radio', { name: /^As before/ }).isChecked(), true);
    await page.getByText('tag:role = web', { exact: true }).waitFor();
    await page.locator('.qd-preview').getByText('web-01').waitFor();
    await picture(page, 'run-as-before');
    await button('Run').click();
    await page.waitForURL(/#\/commands\//);
    const id = /commands\/([0-9a-f-]{36})/.exec(page.url())[1];
    assert.notEqual(id, answer.Command.CommandId);
    const [command] = (await hub.call('ListCommands', { CommandId: id })).Commands;
    assert.deepEqual(command.Targets, Targets);
  });
});

describe('the question before cancelling', () => {
  it('says what each answer does, and that the command had ended meanwhile', async () => {
    const gate = join(agent.dir, `gate-${unique()}`);
    const id = await sent([`while [ ! -e '${gate}' ]; do sleep 0.1; done`]);
    await page.visit(`/commands/${id}`);
    await button('Cancel').click();
    const question = page.getByRole('dialog', { name: 'Cancel this command?' });
    await question.getByRole('button', { name: 'Cancel command', exact: true }).waitFor();
    assert.equal(await question.getByRole('button', { name: 'Cancel', exact: true }).count(), 0);
    await question.getByRole('button', { name: 'Keep it running', exact: true }).click();
    await question.waitFor({ state: 'hidden' });
    await button('Cancel').click();
    writeFileSync(gate, '');
    assert.equal((await ended(id)).Status, 'Success');
    await question.getByRole('button', { name: 'Cancel command', exact: true }).click();
    await page.getByText('The command had already ended.').waitFor();
  });
});

describe('output', () => {
  const lines = async () => (await page.locator('.qd-line').allInnerTexts()).map(Number);
  const scroll = (how) => page.locator('.qd-output').evaluate((element, to) => element.scrollTo(0, to === 'end' ? element.scrollHeight : to), how);

  it('goes on after the hub was away, above what was there', async () => {
    const gate = join(agent.dir, `gate-${unique()}`);
    // The request that is waiting at the hub when the failures begin is still answered.
    const gateAt = (file) => `while [ ! -e '${file}' ]; do sleep 0.1; done`;
    const id = await sent([`echo first; ${gateAt(gate)}; echo second; ${gateAt(`${gate}2`)}; echo last`]);
    await page.visit(`/commands/${id}`);
    await page.locator('.qd-line', { hasText: 'first' }).waitFor();
    await page.route(/\/steps\/.*\/output/, (route) => route.fulfill({ status: 503, body: '' }));
    writeFileSync(gate, '');
    await page.getByText('The output could not be read').waitFor({ timeout: 30_000 });
    assert.equal(await page.locator('.qd-line', { hasText: 'first' }).count(), 1);
    writeFileSync(`${gate}2`, '');
    await page.unroute(/\/steps\/.*\/output/);
    await page.locator('.qd-line', { hasText: 'last' }).waitFor();
    await page.getByText('The output could not be read').waitFor({ state: 'hidden' });
  });

  it('stops following when scrolled up, and follows again at the end', async () => {
    const gate = join(agent.dir, `gate-${unique()}`);
    const id = await sent([`seq 1 200; while [ ! -e '${gate}' ]; do sleep 0.1; done; seq 201 400; while [ ! -e '${gate}2' ]; do sleep 0.1; done; seq 401 600`]);
    await page.visit(`/commands/${id}`);
    await page.locator('.qd-line', { hasText: /^200$/ }).waitFor();
    const follow = page.getByRole('checkbox', { name: 'Follow' });
    await scroll(0);
    await until('following to stop', async () => !(await follow.isChecked()));
    writeFileSync(gate, '');
    await until('the size to grow', async () => page.getByText(/in all/).innerText().then((text) => !text.startsWith('692')));
    assert.ok((await lines()).includes(1), 'what is read stays in view');
    await scroll('end');
    await page.locator('.qd-line', { hasText: /^400$/ }).waitFor();
    await until('following to go on', () => follow.isChecked());
    writeFileSync(`${gate}2`, '');
    await page.locator('.qd-line', { hasText: /^600$/ }).waitFor();
  });

  it('scrolls back through a long one line by line, without a jump', async () => {
    const id = await sent(['seq 1 400000']);
    await ended(id);
    await page.visit(`/commands/${id}`);
    await page.locator('.qd-line', { hasText: /^400000$/ }).waitFor({ timeout: 30_000 });
    await scroll(60);
    await until('the lines at the top of what is held', async () => (await lines()).at(-1) < 390_000);
    const [before] = (await lines()).slice(-1);
    await scroll(0);
    await until('the part before', async () => (await page.locator('.qd-output').evaluate((element) => element.scrollTop)) > 1_000);
    const now = await lines();
    assert.ok(now.includes(before - 10), `${before - 10} is still there: ${now[0]} to ${now.at(-1)}`);
    for (let index = 1; index < now.length; index += 1) assert.equal(now[index], now[index - 1] + 1);
    await button('Start').click();
    await page.locator('.qd-line', { hasText: /^1$/ }).waitFor();
    assert.equal(await page.locator('.qd-output').evaluate((element) => element.scrollTop), 0);
    await button('End').click();
    await page.locator('.qd-line', { hasText: /^400000$/ }).waitFor();
  });
});

describe('saving what was written', () => {
  it('can be stopped half way, and leaves no file', async () => {
    const id = await sent(['seq 1 700000']);
    await ended(id);
    await page.visit(`/commands/${id}`);
    await page.locator('.qd-line', { hasText: /^700000$/ }).waitFor({ timeout: 30_000 });
    let asked = 0;
    let go;
    const gate = new Promise((resolve) => (go = resolve));
    await page.route(/\/steps\/.*\/output.*max=1048576/, async (route) => {
      asked += 1;
      if (asked > 2) await gate;
      await route.continue().catch(() => undefined);
    });
    const downloads = [];
    page.on('download', (one) => downloads.push(one));
    await button('Download all of it').click();
    await until('the third piece to be asked for', () => asked === 3);
    await button('Stop saving').click();
    await page.getByText('Saving was stopped').waitFor();
    go();
    await page.unroute(/\/steps\/.*\/output.*max=1048576/);
    assert.deepEqual(downloads, []);
    assert.deepEqual(
      await page.evaluate(async () => {
        const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('quarterdeck-downloads');
        const names = [];
        for await (const name of folder.keys()) names.push(name);
        return names;
      }),
      [],
      'what was written of it is gone',
    );
    const download = page.waitForEvent('download');
    await button('Download all of it').click();
    const text = readFileSync(await (await download).path(), 'utf8');
    assert.ok(text.startsWith('1\n2\n') && text.endsWith('699999\n700000\n'));
  });

  it('takes every stream of every node into one file', async () => {
    const id = await sent(['echo "출력"; printf "no line break" >&2']);
    await ended(id);
    await page.visit(`/commands/${id}`);
    const download = page.waitForEvent('download');
    await button('Save all outputs').click();
    const text = readFileSync(await (await download).path(), 'utf8');
    assert.match(text, new RegExp(`^\uFEFFAWS-RunShellScript · ${id}`));
    assert.match(text, /===== web-01 \(mi-[0-9a-f]+\) · aws:runShellScript · Standard output · Exit code 0 · Success =====\n출력\n/);
    assert.match(text, /Standard error · .* =====\nno line break\n$/);
  });
});

describe('running again on some of the nodes', () => {
  it('takes those where it did not succeed', async () => {
    const answer = await hub.call('SendCommand', { DocumentName: 'AWS-RunShellScript', Targets: [{ Key: 'tag:role', Values: ['web'] }], Parameters: { commands: ['exit 4'] }, Comment: `fails ${unique()}` });
    const id = answer.Command.CommandId;
    await ended(id);
    await page.visit(`/commands/${id}`);
    await button('Run again on some of the nodes').click();
    await page.getByRole('menuitem', { name: 'On nodes where it did not succeed' }).click();
    await page.waitForURL(/#\/run\?from=.*only=failed/);
    await page.getByText('1 node chosen').waitFor();
    assert.equal(await page.getByRole('radio', { name: /^Choose nodes/ }).isChecked(), true);
    await page.locator('.cm-content', { hasText: 'exit 4' }).waitFor();
  });

  it('has nothing to take where all succeeded, and says so', async () => {
    const id = await sent(['true']);
    await ended(id);
    await page.visit(`/commands/${id}`);
    await button('Run again on some of the nodes').click();
    const item = page.getByRole('menuitem', { name: /On nodes where it did not succeed/ });
    assert.equal(await item.getAttribute('aria-disabled'), 'true');
  });

  it('takes those that were chosen in the list', async () => {
    const id = await sent(['echo chosen']);
    await ended(id);
    await page.visit(`/commands/${id}`);
    await page.getByRole('checkbox', { name: 'web-01' }).check();
    await button('Run again on 1 node').click();
    await page.getByText('1 node chosen').waitFor();
    await page.locator('.cm-content', { hasText: 'echo chosen' }).waitFor();
  });
});

describe('a command that neither succeeded nor failed', () => {
  it('has no green bar', async () => {
    const answer = await hub.call('SendCommand', { DocumentName: 'AWS-RunShellScript', Targets: [{ Key: 'tag:role', Values: ['nobody'] }], Parameters: { commands: ['true'] } });
    await ended(answer.Command.CommandId);
    await page.visit(`/commands/${answer.Command.CommandId}`);
    await page.getByText('0 of 0 nodes').waitFor();
    assert.equal(await page.locator('[role=progressbar], progress').count(), 0);
  });
});

describe('a command being written', () => {
  const leave = (name) => page.locator('nav').getByRole('link', { name, exact: true }).click();

  it('is still there after a look at another page, and gone once it was sent or started over', async () => {
    await page.visit(`/run?nodes=${encodeURIComponent(JSON.stringify([agent.node]))}`);
    await writeScript('echo half written');
    await leave('Documents');
    await heading('Documents').waitFor();
    await page.goBack();
    await page.locator('.cm-content', { hasText: 'echo half written' }).waitFor();
    await page.getByText('This is what you were writing').waitFor();
    await picture(page, 'run-restored');
    await button('Start over').click();
    await page.locator('.cm-content', { hasText: 'half' }).waitFor({ state: 'detached' });
    await writeScript('true');
    await button('Run').click();
    await page.waitForURL(/#\/commands\//);
    await heading('AWS-RunShellScript').waitFor();
    await page.goBack();
    await heading('Run a command').waitFor();
    await page.locator('.cm-content').waitFor();
    assert.equal((await page.locator('.cm-content').innerText()).trim(), '');
  });

  it('asks before it is lost, where it cannot be kept', async () => {
    await page.visit('/run');
    await page.evaluate(() => {
      Storage.prototype.setItem = () => {
        throw new DOMException('full', 'QuotaExceededError');
      };
    });
    await writeScript('echo too long');
    await leave('Documents');
    const question = page.getByRole('dialog', { name: 'Leave what you are writing?' });
    await question.getByRole('button', { name: 'Stay here' }).click();
    await page.locator('.cm-content', { hasText: 'echo too long' }).waitFor();
    assert.match(page.url(), /#\/run/);
    await leave('Documents');
    await question.getByRole('button', { name: 'Leave and lose it' }).click();
    await heading('Documents').waitFor();
  });
});

describe('the nodes of a command', () => {
  it('lead to their pages', async () => {
    const id = await sent(['true']);
    await ended(id);
    await page.visit(`/commands/${id}`);
    await page.locator('main').getByRole('link', { name: 'web-01' }).click();
    await page.getByRole('heading', { level: 1, name: 'web-01' }).waitFor();
    assert.match(page.url(), new RegExp(`#/nodes/${agent.node}`));
  });
});

describe('Ctrl+Enter', () => {
  it('runs nothing from a dialog in front of the form', async () => {
    await page.visit(`/run?nodes=${encodeURIComponent(JSON.stringify([agent.node]))}`);
    await writeScript('true');
    await page.evaluate(() => addEventListener('keydown', (event) => { if (event.key === 'Enter') globalThis.pressed = true; }, true));
    await button('Copy as AWS CLI').click();
    await page.getByRole('dialog', { name: 'As AWS CLI' }).waitFor();
    const calls = [];
    page.on('request', (request) => calls.push(request.headers()['x-amz-target']));
    await page.keyboard.press('Control+Enter');
    await until('the key to arrive', () => page.evaluate(() => globalThis.pressed === true));
    await page.keyboard.press('Escape');
    await page.getByRole('dialog', { name: 'As AWS CLI' }).waitFor({ state: 'hidden' });
    assert.equal(calls.includes('AmazonSSM.SendCommand'), false);
    assert.match(page.url(), /#\/run/);
    await page.locator('.cm-content').click();
    await page.keyboard.press('Control+Enter');
    await page.waitForURL(/#\/commands\//);
  });
});

describe('why a node did not run it', () => {
  it('is said beside its status and with its output', async () => {
    const name = `windows-only-${unique()}`;
    const step = { action: 'aws:runPowerShellScript', name: 'run', precondition: { StringEquals: ['platformType', 'Windows'] }, inputs: { runCommand: ['hostname'] } };
    await hub.call('CreateDocument', { Name: name, DocumentType: 'Command', DocumentFormat: 'JSON', Content: JSON.stringify({ schemaVersion: '2.2', description: 'x', mainSteps: [step] }) });
    const answer = await hub.call('SendCommand', { DocumentName: name, Targets: [{ Key: 'tag:role', Values: ['web'] }] });
    const id = answer.Command.CommandId;
    await ended(id);
    const { TraceOutput } = (await hub.call('ListCommandInvocations', { CommandId: id })).CommandInvocations[0];
    assert.match(TraceOutput, /platform/);
    await page.visit(`/commands/${id}`);
    await page.getByRole('row', { name: /web-01/ }).getByText(TraceOutput).waitFor();
    await page.getByText('What was said about it').waitFor();
    assert.equal(await page.getByText(TraceOutput).count(), 2);
  });
});

describe('the script editor', () => {
  it('searches in the language of the page', async () => {
    await page.context().close();
    page = await openPage(browser, hub, { language: 'ko' });
    await page.visit('/run');
    await page.locator('.cm-content').first().click();
    await page.keyboard.press('Control+f');
    const panel = page.locator('.cm-search');
    await panel.getByRole('textbox', { name: '찾기' }).waitFor();
    await panel.getByText('대소문자 구분').waitFor();
    assert.doesNotMatch(await panel.innerText(), /[a-z]{3}/i);
  });
});

describe('without a mouse', () => {
  const focused = () => page.evaluate(() => document.activeElement?.tagName + ' ' + (document.activeElement?.textContent ?? '').trim());

  it('a page begins at its heading, and the navigation can be skipped', async () => {
    await page.visit('/');
    await page.keyboard.press('Tab');
    assert.equal(await focused(), 'A Skip to the page');
    await page.keyboard.press('Enter');
    assert.equal(await focused(), 'H1 Overview');
    await page.locator('nav').getByRole('link', { name: 'Documents', exact: true }).click();
    await until('the heading to have the focus', async () => (await focused()).startsWith('H1 Documents'));
    await page.evaluate((path) => { location.hash = path; }, `/nodes/${agent.node}`);
    await until('the heading to have the focus', async () => (await focused()) === 'H1 web-01');
  });

  it('what keeps a command from running is where the focus goes, and is heard with the editor', async () => {
    await page.visit('/run');
    await page.locator('.cm-content').waitFor();
    await button('Run').click();
    await until('the editor to have the focus', () => page.evaluate(() => document.activeElement?.classList.contains('cm-content')));
    const editor = page.locator('.cm-content');
    assert.equal(await editor.getAttribute('aria-invalid'), 'true');
    assert.equal(await editor.getAttribute('aria-required'), 'true');
    const described = await editor.evaluate((element) => (element.getAttribute('aria-describedby') ?? '').split(' ').map((id) => document.getElementById(id)?.innerText));
    assert.equal(described.includes(undefined), false, 'every id is there');
    assert.match(described.join(' '), /Enter a value\./);
    await writeScript('true');
    await button('Run').click();
    await until('the list of nodes to have the focus', () => page.evaluate(() => document.activeElement?.getAttribute('aria-label') === 'Find nodes by name, id or address'));
  });
});
