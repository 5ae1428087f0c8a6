/** A person's first day with the desktop app: it opens, this machine is online, a command runs, its end is announced, the tray keeps the app. */
import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { after, before, describe, it } from 'node:test';
import { Desktop, eventually } from './session.mjs';

/** Presses keys together, as on a keyboard. */
const together = async (browser, ...keys) => {
  const chord = browser.action('key');
  for (const key of keys) chord.down(key);
  for (const key of keys.reverse()) chord.up(key);
  await chord.perform();
};
/** Types text, one key after the other. */
const type = async (browser, text) => {
  const keys = browser.action('key');
  for (const key of text) keys.down(key).up(key);
  await keys.perform();
};
const CONTROL = '\uE009';
const DELETE = '\uE017';

describe('the desktop app', { timeout: 240_000 }, () => {
  /** @type {Desktop} */
  let desktop;
  let browser;
  let command;

  before(async () => {
    desktop = await Desktop.start();
    browser = await desktop.open();
  });
  after(() => desktop?.stop());

  const heading = (text) => eventually(`the page ${text}`, async () => (await browser.$('main h1').getText()).startsWith(text));
  const visit = (path) => browser.execute((to) => void (location.hash = to), path);

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
    await visit('/nodes');
    await heading('Nodes');
    await eventually('the node in the list', async () => (await browser.$('main').getText()).includes(node.InstanceId));
    await desktop.picture('nodes');
  });

  it('refuses what is no operation, before any hub sees it', async () => {
    await assert.rejects(desktop.call('DropEverything'), (error) => error.answer.code === 'UnknownOperationException');
    await assert.rejects(desktop.invoke('extension', { method: 'GET', path: '/etc/passwd' }), (error) => error.answer.code === 'ValidationException');
    await assert.rejects(desktop.invoke('settings_set', { key: 'connectionMark', value: 'open' }), (error) => error.answer.code === 'ValidationException');
  });

  it('runs a command that is typed, and shows its output while it runs', async () => {
    const { InstanceInformationList: nodes } = await desktop.call('DescribeInstanceInformation');
    await visit(`/run?nodes=${encodeURIComponent(JSON.stringify([nodes[0].InstanceId]))}`);
    const editor = await browser.$('.cm-content');
    await editor.waitForDisplayed({ timeout: 15_000 });
    await editor.click();
    await together(browser, CONTROL, 'a');
    await type(browser, DELETE);
    await type(browser, 'echo first; sleep 6; echo last');
    await desktop.picture('run');
    await browser.$('main').$('button=Run').click();
    const path = await eventually('the page of the command', async () => (await browser.execute(() => location.hash)).match(/^#\/commands\/([0-9a-f-]{36})/));
    command = path[1];
    const lines = async () => (await browser.$$('.qd-line').map((line) => line.getText())).join('\n');
    await eventually('the first line while the command runs', async () => (await lines()).includes('first'));
    const [running] = (await desktop.call('ListCommands', { CommandId: command })).Commands;
    assert.equal(running.Status, 'InProgress', 'the output came before the end');
    await desktop.picture('live-output');
    await eventually('the last line', async () => (await lines()).includes('last'));
    await eventually('success', async () => (await desktop.call('ListCommands', { CommandId: command })).Commands[0].Status === 'Success');
  });

  it('announces the end on the desktop, and the announcement leads to the command', async () => {
    await eventually('the notification on the bus', () => desktop.bus.includes('member=Notify') && desktop.bus.includes('Command succeeded'));
    assert.ok(desktop.bus.includes('AWS-RunShellScript'));
    await desktop.picture('notification');
    await visit('/nodes');
    await heading('Nodes');
    await desktop.output('dunstctl', ['action', '0']);
    await eventually('the page of the command', async () => (await browser.execute(() => location.hash)).startsWith(`#/commands/${command}`));
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
    await desktop.output('xdotool', ['windowactivate', '--sync', await desktop.window()]);
    await desktop.output('xdotool', ['key', 'alt+F4']);
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

describe('a desktop that has no keyring, no notifications and no tray', { timeout: 120_000 }, () => {
  /** @type {Desktop} */
  let desktop;
  let browser;

  before(async () => {
    desktop = await Desktop.start({ keyring: false, notifications: false, tray: false });
    browser = await desktop.open();
  });
  after(() => desktop?.stop());

  it('opens all the same and says what is missing', async () => {
    await eventually('the console', async () => (await browser.$('main h1').getText()) === 'Overview');
    const info = await eventually('the keyring to be asked', async () => {
      const info = await desktop.invoke('app_info');
      return info.keyring && info.connection === 'open' && info;
    });
    assert.equal(info.keyring.state, 'unanswered');
    assert.ok(info.keyring.reason);
    assert.equal(info.tray.visible, false);
  });

  it('keeps secrets in a sealed file only after the person says so', async () => {
    await assert.rejects(desktop.invoke('keyring_choose', { choice: 'file', passphrase: 'short' }), (error) => error.answer.code === 'ShortPassphrase');
    await desktop.invoke('keyring_choose', { choice: 'file', passphrase: '긴 암호 구문입니다' });
    assert.equal((await desktop.invoke('app_info')).keyring.state, 'file');
  });

  it('does not vanish when its window is closed', async () => {
    await desktop.output('xdotool', ['windowactivate', '--sync', await desktop.window()]);
    await desktop.output('xdotool', ['key', 'alt+F4']);
    await eventually('the question', async () => (await desktop.output('xdotool', ['search', '--onlyvisible', '--class', 'quarterdeck'])).trim().split('\n').length > 1);
    await desktop.picture('close-without-tray');
    const { thisMachine } = await desktop.invoke('app_info');
    assert.notEqual(thisMachine.state, 'stopped');
  });
});
