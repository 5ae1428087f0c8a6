/** A person's first day with the desktop app: it opens, this machine is online, a command runs, its end is announced, the tray keeps the app. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { CONTROL, DELETE, press, type } from './keys.mjs';
import { Desktop, eventually } from './session.mjs';

describe('the desktop app', { timeout: 600_000 }, () => {
  /** @type {Desktop} */
  let desktop;
  let browser;
  let command;

  before(async () => {
    desktop = await Desktop.start();
    browser = await desktop.open();
  });
  after(() => desktop?.stop());

  /** The status beside its label in the summary of a command. */
  const status = () => browser.$('//main//*[normalize-space(text())="Status"]/following::*[contains(@class, "awsui_root")][1]').getText();
  const heading = (text) => eventually(`the page ${text}`, async () => (await browser.$('main h1').getText()).startsWith(text));

  it('opens a window with the console in it', async () => {
    await heading('Overview');
    assert.ok(await desktop.window(), 'a window is on the screen');
    await desktop.picture('overview');
  });

  it('says what it stands on', async () => {
    const info = await eventually('the hub and the keyring', async () => {
      const info = await desktop.invoke('app_info');
      return info.connection === 'open' && info.keyring && info;
    });
    assert.equal(info.keyring.state, 'keyring');
    assert.equal(info.tray.visible, true);
    assert.match(info.hubUrl, /^https:\/\/127\.0\.0\.1:\d+$/);
    assert.ok(info.dataDir.startsWith(desktop.home), info.dataDir);
  });

  it('has this machine as its first node, online', async () => {
    const node = await eventually('this machine to be online', async () => {
      const { InstanceInformationList: nodes } = await desktop.call('DescribeInstanceInformation');
      return nodes.find((candidate) => candidate.PingStatus === 'Online');
    });
    assert.equal(node.ComputerName.split('.')[0], hostname().split('.')[0]);
    await desktop.visit('/nodes');
    await heading('Nodes');
    await eventually('the node in the list', async () => (await browser.$('main').getText()).includes(node.InstanceId));
    await desktop.picture('nodes');
  });

  it('refuses what is no operation, before any hub sees it', async () => {
    await assert.rejects(desktop.call('DropEverything'), (error) => error.answer.code === 'UnknownOperationException');
    await assert.rejects(desktop.invoke('extension', { method: 'GET', path: '/etc/passwd' }), (error) => error.answer.code === 'ValidationException');
    await assert.rejects(desktop.invoke('settings_set', { key: 'thisMachineRemoved', value: true }), (error) => error.answer.code === 'ValidationException');
  });

  it('runs a command that is typed, and shows its output while it runs', async () => {
    const { InstanceInformationList: nodes } = await desktop.call('DescribeInstanceInformation');
    await desktop.visit(`/run?nodes=${encodeURIComponent(JSON.stringify([nodes[0].InstanceId]))}`);
    // The script goes on when the test has seen its first line, however slow the machine is.
    const gate = join(desktop.home, 'gate');
    const script = `echo first; while [ ! -e ${gate} ]; do sleep 0.1; done; echo last`;
    const editor = await browser.$('.cm-content');
    await editor.waitForDisplayed({ timeout: 15_000 });
    await editor.click();
    await eventually('the editor to take keys', () => browser.execute(() => document.activeElement.classList.contains('cm-content')));
    await press(browser, CONTROL, 'a');
    await type(browser, DELETE);
    await type(browser, script);
    await eventually('the script in the editor', async () => (await editor.getText()) === script);
    await desktop.picture('run');
    await browser.$('main').$('button=Run').click();
    const path = await eventually('the page of the command', async () => (await browser.execute(() => location.hash)).match(/^#\/commands\/([0-9a-f-]{36})/));
    command = path[1];
    const lines = async () => (await browser.$$('.qd-line').map((line) => line.getText())).join('\n');
    await eventually('the first line while the command runs', async () => (await lines()).includes('first'));
    await eventually('the page to say that it runs', async () => (await status()) === 'In progress');
    assert.ok(!(await lines()).includes('last'), 'the output came before the end');
    await desktop.picture('live-output');
    writeFileSync(gate, '');
    await eventually('the notification on the bus', () => desktop.bus.includes('member=Notify') && desktop.bus.includes('Command succeeded'));
    assert.equal(await status(), 'Success', 'the page knows when the notification comes');
    await eventually('the last line', async () => (await lines()).includes('last'));
    await desktop.picture('notification');
  });

  it('announces the end on the desktop, and the announcement leads to the command', async () => {
    assert.ok(desktop.bus.includes('AWS-RunShellScript'));
    assert.ok(desktop.bus.includes('echo first; while'), 'what was run is in the announcement');
    await desktop.visit('/nodes');
    await heading('Nodes');
    await desktop.output('dunstctl', ['action', '0']);
    await eventually('the page of the command', async () => (await browser.execute(() => location.hash)).startsWith(`#/commands/${command}`));
  });

  it('shows what the AWS CLI needs, the access key only after a question of its own', async () => {
    await desktop.visit('/settings');
    const { hubUrl, region, caFile } = await desktop.invoke('app_info');
    const shown = await desktop.text();
    for (const line of [`AWS_ENDPOINT_URL=${hubUrl}`, `AWS_REGION=${region}`, `AWS_CA_BUNDLE=${caFile}`]) assert.ok(shown.includes(line), `${line} in ${shown}`);
    assert.ok(!shown.includes('AWS_ACCESS_KEY_ID'));
    await browser.$('main').$('button=Show the access key too').click();
    await eventually('the question', () => desktop.question());
    await desktop.picture('question');
    await desktop.answer(1, 2);
    await eventually('the refusal', async () => (await desktop.text()).includes('The access key was not shown'));
    await browser.$('main').$('button=Show the access key too').click();
    await desktop.answer(0, 2);
    const key = await eventually('the key', async () => /AWS_ACCESS_KEY_ID=(AKIA[A-Z0-9]{16})\nexport AWS_SECRET_ACCESS_KEY='?(\S{40})'?/.exec(await desktop.text()));
    assert.ok(!(await desktop.text()).includes('The access key was not shown'), 'what went wrong before is gone');
    await browser.$('main').$('button=Hide the access key').scrollIntoView();
    await desktop.picture('access-key');
    await browser.$('main').$('button=Hide the access key').click();
    await eventually('the key to be hidden', async () => !(await desktop.text()).includes(key[2]));
  });

  it('has an icon in the tray, with the command in its menu', async () => {
    const lines = await eventually('the tray menu', async () => desktop.tray.item && (await desktop.tray.lines()));
    const labels = lines.map((line) => line.label);
    assert.ok(labels.includes('Open Quarterdeck'), labels.join());
    assert.ok(labels.includes('Quit'));
    assert.ok(labels.some((label) => label.includes('succeeded') && label.includes(command.slice(0, 8))), labels.join());
  });

  it('speaks Korean in the tray as soon as the person does', async () => {
    const before = await desktop.invoke('settings_get', { key: 'preferences' });
    await desktop.invoke('settings_set', { key: 'preferences', value: JSON.stringify({ ...JSON.parse(before ?? '{}'), language: 'ko' }) });
    await eventually('Korean lines', async () => (await desktop.tray.lines()).some((line) => line.label === '종료'));
    await desktop.invoke('settings_set', { key: 'preferences', value: before });
    await eventually('English lines', async () => (await desktop.tray.lines()).some((line) => line.label === 'Quit'));
  });

  it('goes on in the tray when its window is closed, and marks the icon when a command ends there', async () => {
    const icon = await desktop.tray.iconName();
    await desktop.close();
    await eventually('the window to go', async () => !(await desktop.window()));
    const { InstanceInformationList: nodes } = await desktop.call('DescribeInstanceInformation');
    await desktop.call('SendCommand', { DocumentName: 'AWS-RunShellScript', InstanceIds: [nodes[0].InstanceId], Parameters: { commands: ['exit 3'] } });
    await eventually('another icon', async () => (await desktop.tray.iconName()) !== icon);
    await eventually('the failure in the menu', async () => (await desktop.tray.lines()).some((line) => line.label.includes('failed')));
  });

  it('comes back when it is started again, led to where the second start asks', async () => {
    await desktop.output(desktop.app, ['--path', '/documents']);
    await eventually('the window', () => desktop.window());
    await eventually('the page', async () => (await browser.execute(() => location.hash)).startsWith('#/documents'));
    await desktop.picture('second-start');
  });

  it('lets this machine go when somebody removes it, and takes it back when asked', async () => {
    const { InstanceInformationList: nodes } = await desktop.call('DescribeInstanceInformation');
    const state = async () => (await desktop.invoke('app_info')).thisMachine.state;
    await desktop.call('DeregisterManagedInstance', { InstanceId: nodes[0].InstanceId });
    await eventually('the app to know', async () => (await state()) === 'removed');
    assert.equal((await desktop.agents()).length, 0, 'the agent that would be refused has ended');
    await desktop.invoke('enrol_this_machine');
    const again = await eventually('this machine to be online again', async () => {
      const { InstanceInformationList: nodes } = await desktop.call('DescribeInstanceInformation');
      return nodes.find((candidate) => candidate.PingStatus === 'Online');
    });
    assert.notEqual(again.InstanceId, nodes[0].InstanceId);
    assert.equal(await state(), 'running');
  });

  it('says nothing of success when a command meets no node', async () => {
    await desktop.call('SendCommand', { DocumentName: 'AWS-RunShellScript', Targets: [{ Key: 'tag:nobody', Values: ['here'] }], Parameters: { commands: ['true'] } });
    await eventually('the notification', () => desktop.bus.includes('Command matched no node'));
  });

  it('ends with Quit in the tray, and its agent with it', async () => {
    const { processId } = (await desktop.invoke('app_info')).thisMachine;
    assert.ok(processId > 0);
    const alive = () => desktop.output('kill', ['-0', String(processId)]).then(() => true, () => false);
    assert.equal(await alive(), true);
    await desktop.tray.click('Quit');
    await eventually('the agent to end', async () => !(await alive()), 20);
    await eventually('the window to go', async () => !(await desktop.window()));
  });
});
