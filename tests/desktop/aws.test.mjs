/**
 * The same pages over an AWS connection, against a server that is not ours: moto, which has some of AWS's operations. What it
 * has works; what it refuses is explained. Runs where moto's server is installed, which `cargo xtask test` sees to.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { homedir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Desktop, eventually } from './session.mjs';

const cache = path.join(process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache'), 'quarterdeck');
const program = process.env.QUARTERDECK_MOTO || path.join(cache, 'venv/bin/moto_server');

describe('an AWS connection', { timeout: 600_000, skip: existsSync(program) ? false : `${program} is not installed` }, () => {
  /** @type {Desktop} */
  let desktop;
  let browser;
  let server;
  let url;
  const key = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' };
  const node = 'i-0123456789abcdef0';

  before(async () => {
    const port = await new Promise((resolve) => {
      const probe = createServer().listen(0, '127.0.0.1', () => {
        const { port } = probe.address();
        probe.close(() => resolve(port));
      });
    });
    server = spawn(program, ['-H', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' });
    url = `http://127.0.0.1:${port}`;
    await eventually('moto', async () => (await fetch(`${url}/moto-api/`)).ok, 60);
    // A service of it is loaded by its first request, which takes its time; the requests that are tried are answered at once then.
    const first = (service, headers, body) =>
      fetch(`${url}/`, { method: 'POST', headers: { authorization: `AWS4-HMAC-SHA256 Credential=a/20261122/us-east-1/${service}/aws4_request, SignedHeaders=host, Signature=0`, ...headers }, body });
    await first('sts', { 'content-type': 'application/x-www-form-urlencoded' }, 'Action=GetCallerIdentity&Version=2011-06-15');
    await first('ssm', { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'AmazonSSM.ListCommands' }, '{}');
    desktop = await Desktop.start({ notifications: false, tray: false });
    browser = await desktop.open();
    await eventually('the keyring', async () => (await desktop.invoke('app_info')).keyring?.state === 'keyring');
  });
  after(async () => {
    await desktop?.stop();
    server?.kill();
  });

  const connection = (more = {}) => ({ id: '', kind: 'aws', name: 'AWS by moto', url, region: 'us-east-1', access: 'key', ...more });
  const says = (text, seconds = 60) => eventually(`"${text}" on the page`, async () => (await desktop.text()).includes(text), seconds);
  const show = async (id) => {
    await desktop.invoke('connection_switch', { id });
    const born = await browser.execute(() => {
      const born = performance.timeOrigin;
      location.hash = '/documents';
      location.reload();
      return born;
    });
    await eventually('the page over the connection', async () => (await browser.execute(() => performance.timeOrigin)) !== born && (await desktop.settled()));
  };

  it('is tried: the identity is known, and what the server lacks is said', async () => {
    const checked = await desktop.invoke('connection_check', { connection: connection(), key, code: null });
    const states = Object.fromEntries(checked.steps.map((step) => [step.step, `${step.state} ${step.code}`]));
    assert.deepEqual(states, { name: 'good resolved', tls: 'warning withoutTls', clock: 'good right', credentials: 'warning partly' });
    assert.equal(checked.account, '123456789012');
  });

  it('takes on a role', async () => {
    const role = { roleArn: 'arn:aws:iam::123456789012:role/operator', externalId: 'quarterdeck' };
    const checked = await desktop.invoke('connection_check', { connection: connection(role), key, code: null });
    assert.match(checked.arn, /assumed-role\/operator\/quarterdeck-console/);
    const second = { ...role, mfaSerial: 'arn:aws:iam::123456789012:mfa/me' };
    const asked = await desktop.invoke('connection_check', { connection: connection(second), key, code: null });
    assert.equal(asked.steps.at(-1).code, 'MfaRequired');
    const given = await desktop.invoke('connection_check', { connection: connection(second), key, code: '123456' });
    assert.match(given.arn, /assumed-role\/operator/);
  });

  it('shows documents, runs a command and shows what came of it', async () => {
    const id = await desktop.invoke('connection_save', { connection: connection(), key });
    await show(id);
    await desktop.call('CreateDocument', { Name: 'Moto-Hello', DocumentType: 'Command', DocumentFormat: 'JSON', Content: JSON.stringify({ schemaVersion: '2.2', description: 'x', mainSteps: [{ action: 'aws:runShellScript', name: 'hello', inputs: { runCommand: ['echo hello'] } }] }) });
    await desktop.visit('/commands');
    await desktop.visit(`/documents?filter=${encodeURIComponent(JSON.stringify([{ Key: 'Owner', Values: ['Self'] }]))}`);
    await says('Moto-Hello');
    await desktop.picture('aws-documents');
    const { Command } = await desktop.call('SendCommand', { DocumentName: 'AWS-RunShellScript', InstanceIds: [node], Parameters: { commands: ['uptime'] }, Comment: 'Over AWS' });
    await desktop.visit('/commands');
    await says('Over AWS');
    await desktop.visit(`/commands/${Command.CommandId}`);
    await says(node);
    await desktop.picture('aws-command');
    await eventually('events that are asked for', async () => (await browser.$('header').getText()).includes('Asked every few seconds'));
  });

  it('explains what is refused', async () => {
    await desktop.visit('/nodes');
    await says('The endpoint or something before it answered with an error');
    await desktop.picture('aws-refused');
    await assert.rejects(desktop.invoke('extension', { method: 'GET', path: '/quarterdeck/v1/overview', query: null, body: null }), /NotOffered/);
  });

  it('follows its guard, as every connection does', async () => {
    const readOnly = await desktop.invoke('connection_save', { connection: connection({ name: 'Look only', mark: 'read-only' }), key });
    await show(readOnly);
    await assert.rejects(desktop.call('SendCommand', { DocumentName: 'AWS-RunShellScript', InstanceIds: [node], Parameters: { commands: ['uptime'] } }), /ReadOnlyConnection/);
    await assert.rejects(desktop.invoke('permit', { calls: [{ operation: 'DeleteDocument', input: { Name: 'Moto-Hello' } }] }), /ReadOnlyConnection/);
    assert.ok((await desktop.call('ListDocuments')).DocumentIdentifiers.length > 0);
  });
});
