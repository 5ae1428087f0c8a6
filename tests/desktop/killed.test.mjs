/** An app that is killed leaves nothing behind that the next start would meet, and finds its node again wherever the hub then listens. */
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { Desktop, eventually } from './session.mjs';

describe('an app that is killed', { timeout: 600_000 }, () => {
  /** @type {Desktop} */
  let desktop;
  /** @type {import('node:net').Server} */
  let intruder;
  let node;
  let port;
  let browser;

  before(async () => {
    desktop = await Desktop.start();
    await desktop.open();
    await eventually('the console', () => desktop.settled());
  });
  after(async () => {
    await desktop?.stop();
    intruder?.close();
  });

  const online = () =>
    eventually('this machine to be online', async () => {
      const { InstanceInformationList: nodes } = await desktop.call('DescribeInstanceInformation');
      return nodes.find((candidate) => candidate.PingStatus === 'Online');
    });
  const hubPort = async () => Number(new URL((await desktop.invoke('app_info')).hubUrl).port);

  it('takes its agent with it', async () => {
    node = await online();
    port = await hubPort();
    assert.equal((await desktop.agents()).length, 1);
    await desktop.visit('/documents');
    await desktop.remembers('/documents');
    await desktop.kill();
    await eventually('the agent to end', async () => (await desktop.agents()).length === 0);
  });

  it('has the same node with one agent at the next start, though its port was taken meanwhile', async () => {
    intruder = createServer();
    await new Promise((resolve, reject) => intruder.once('error', reject).listen(port, '127.0.0.1', resolve));
    browser = await desktop.open();
    await eventually('the page it was on', async () => (await browser.execute(() => location.hash)) === '#/documents');
    await eventually('the hub', async () => (await desktop.invoke('app_info')).connection === 'open');
    assert.notEqual(await hubPort(), port);
    // Online may be what the killed hub wrote last; a command that ends is the proof.
    assert.equal((await online()).InstanceId, node.InstanceId);
    const { Command } = await desktop.call('SendCommand', { DocumentName: 'AWS-RunShellScript', InstanceIds: [node.InstanceId], Parameters: { commands: ['echo back'] } });
    await eventually('a command to succeed there', async () => (await desktop.call('ListCommands', { CommandId: Command.CommandId })).Commands[0].Status === 'Success');
    assert.equal((await desktop.agents()).length, 1);
    assert.equal((await desktop.invoke('app_info')).thisMachine.state, 'running');
  });
});
