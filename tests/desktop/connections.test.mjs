/** Other hubs from the real app: added as a person adds one, shown, cut off, impersonated, and told apart window by window. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Hub, misbehaving } from './hub.mjs';
import { type } from './keys.mjs';
import { Desktop, eventually } from './session.mjs';

describe('connections', { timeout: 900_000 }, () => {
  /** @type {Desktop} */
  let desktop;
  let browser;
  /** @type {Hub} */
  let hub;
  let id;

  before(async () => {
    desktop = await Desktop.start({ notifications: false, tray: false });
    browser = await desktop.open();
    hub = await Hub.start();
    await eventually('the hub in the app', async () => (await desktop.invoke('app_info')).connection === 'open');
    await eventually('the keyring', async () => (await desktop.invoke('app_info')).keyring?.state === 'keyring');
  });
  after(async () => {
    await desktop?.stop();
    await hub?.stop();
  });

  const fill = async (name, text) => {
    const field = await browser.$(`input[name=${name}]`);
    await field.click();
    await browser.execute((element) => element.select(), field);
    await type(browser, text);
    await eventually(`the text in ${name}`, async () => (await field.getValue()) === text);
  };
  const press = async (label) => (await browser.$(`//button[normalize-space(.)="${label}"]`)).click();
  const says = (text, seconds = 30) => eventually(`"${text}" on the page`, async () => (await desktop.text()).includes(text), seconds);
  const draft = (url, more = {}) => ({ id: '', kind: 'hub', name: 'x', url, region: 'local-1', access: 'key', ...more });
  const check = (url, key, more) => desktop.invoke('connection_check', { connection: draft(url, more), key, code: null });
  const step = (checked, name) => checked.steps.find((one) => one.step === name);
  /** Another connection loads the page anew. */
  const switchTo = async (to) => {
    await desktop.invoke('connection_switch', { id: to });
    const born = await browser.execute(() => {
      const born = performance.timeOrigin;
      location.hash = '/';
      location.reload();
      return born;
    });
    await eventually('the page over the other connection', async () => (await browser.execute(() => performance.timeOrigin)) !== born && (await desktop.settled()));
  };

  it('a hub is added: tried step by step, its certificate compared and trusted, then kept', async () => {
    await desktop.visit('/connections/new');
    await fill('url', hub.url);
    await fill('accessKeyId', hub.key.accessKeyId);
    await fill('secretAccessKey', hub.key.secretAccessKey);
    await fill('name', 'Lab 운영');
    await (await browser.$('input[aria-label="Violet"]')).click();
    await press('Test the connection');
    await says('Nobody on this machine vouches for the certificate');
    await desktop.picture('connection-compare');
    assert.ok((await desktop.text()).includes('Not tried: an earlier step has to work first'), 'nothing is signed for who is not trusted yet');
    await press('I compared it: trust this certificate');
    await says('The certificate is the one you trust');
    await says('Known as arn:aws:iam::');
    await says('Both clocks agree');
    await desktop.picture('connection-tested');
    await press('Keep the connection');
    await eventually('the list', async () => (await desktop.text()).includes('Lab 운영') && (await desktop.text()).includes(hub.url));
    await desktop.picture('connections');
    const kept = (await desktop.invoke('connections_list')).find((one) => one.name === 'Lab 운영');
    assert.match(kept.pin, /^[0-9a-f]{64}$/);
    assert.equal(kept.colour, '#7d3c98');
    assert.equal(JSON.stringify(kept).includes(hub.key.secretAccessKey), false, 'the secret is in the keyring');
    id = kept.id;
  });

  it('its pages are the same, over the same calls, and follow its events', async () => {
    await switchTo(id);
    const info = await desktop.invoke('app_info');
    assert.deepEqual([info.kind, info.name, info.endpoint, info.embedded, info.account], ['hub', 'Lab 운영', hub.url, false, '000000000001']);
    await desktop.visit('/documents');
    await says('AWS-RunShellScript');
    await desktop.visit('/nodes');
    await eventually('live events', async () => (await browser.$('header').getText()).includes('Live'));
    await desktop.call('CreateDocument', { Name: 'Over-There', DocumentType: 'Command', Content: JSON.stringify({ schemaVersion: '2.2', mainSteps: [{ action: 'aws:runShellScript', name: 'a', inputs: { runCommand: ['true'] } }] }) });
    assert.equal((await desktop.call('DescribeDocument', { Name: 'Over-There' })).Document.Status, 'Active');
    await desktop.picture('remote-nodes');
  });

  it('two windows show two connections, each with its own guard', async () => {
    await desktop.invoke('window_open', { id: 'local', path: '/nodes' });
    const windows = await eventually('the other window', async () => {
      const listed = await desktop.invoke('connections_list');
      return listed.find((one) => one.id === 'local').windows.length === 1 && listed;
    });
    assert.deepEqual(windows.find((one) => one.id === id).windows, ['main']);
    await eventually('both on the screen', async () => (await desktop.output('xdotool', ['search', '--onlyvisible', '--name', '^Quarterdeck'])).trim().split('\n').length === 2);
    const names = await Promise.all((await desktop.output('xdotool', ['search', '--onlyvisible', '--name', '^Quarterdeck'])).trim().split('\n').map((window) => desktop.output('xdotool', ['getwindowname', window])));
    assert.ok(names.some((name) => name.includes('Lab')), names.join());
    await desktop.picture('two-windows');
  });

  it('a link leads the running app to its page, over the connection that it names', async () => {
    await desktop.output(desktop.app, [`quarterdeck://${id}/documents/Over-There`]);
    await eventually('the page of the link', async () => (await browser.execute(() => location.hash)) === '#/documents/Over-There');
    await says('Over-There');
  });

  it('a fleet that cannot be reached is shown as it was last known', async () => {
    await desktop.visit(`/documents?filter=${encodeURIComponent(JSON.stringify([{ Key: 'Owner', Values: ['Self'] }]))}`);
    await says('Over-There');
    await hub.pause();
    const born = await browser.execute(() => {
      const born = performance.timeOrigin;
      location.reload();
      return born;
    });
    await eventually('the page anew', async () => (await browser.execute(() => performance.timeOrigin)) !== born && (await desktop.settled()), 60);
    await says('Last known, as of', 60);
    await says('Over-There');
    await desktop.picture('offline');
    await assert.rejects(desktop.call('DeleteDocument', { Name: 'Over-There' }), /ConnectionFailed/);
  });

  it('another certificate stops everything until a person has looked', async () => {
    const impostor = await Hub.start(hub.port);
    try {
      await assert.rejects(desktop.call('ListCommands'), (error) => {
        assert.equal(error.answer.code, 'CertificateChanged');
        assert.notEqual(error.answer.details.seen, error.answer.details.pinned);
        return true;
      });
      await desktop.visit('/nodes');
      await says('Stopped: this endpoint shows another certificate', 60);
      await desktop.picture('certificate-changed');
      const checked = await check(hub.url, hub.key, { pin: (await desktop.invoke('connections_list')).find((one) => one.id === id).pin });
      assert.deepEqual([step(checked, 'tls').code, step(checked, 'credentials').state], ['changed', 'skipped']);
    } finally {
      await impostor.stop();
    }
    await hub.resume();
    // Still stopped: a person decides when to look again.
    await assert.rejects(desktop.call('ListCommands'), /CertificateChanged/);
    await desktop.invoke('connection_reopen', { id, code: null });
    assert.ok((await desktop.call('ListCommands')).Commands);
  });

  it('keys that are wrong, unknown or revoked are told apart from a server that is not there', async () => {
    const { pin } = (await desktop.invoke('connections_list')).find((one) => one.id === id);
    const wrong = await check(hub.url, { ...hub.key, secretAccessKey: `${hub.key.secretAccessKey.slice(1)}x` }, { pin });
    assert.deepEqual([step(wrong, 'tls').state, step(wrong, 'credentials').state], ['good', 'failed']);
    assert.match(step(wrong, 'credentials').code, /Signature/);
    const unknown = await check(hub.url, { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'x' }, { pin });
    assert.match(step(unknown, 'credentials').code, /UnrecognizedClient|InvalidClientTokenId/);
  });

  it('a server that misbehaves is told by what it does', async () => {
    const http = (status, headers, body) => `HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: ${Buffer.byteLength(body)}\r\n${headers}\r\n${body}`;
    const servers = {
      garbage: await misbehaving('\x00\x01 this is no HTTP at all\r\n\r\n'),
      html: await misbehaving(http('200 OK', 'content-type: text/html\r\n', '<html>a captive portal</html>')),
      failing: await misbehaving(http('500 Oh', 'content-type: text/html\r\n', '<h1>it broke</h1>')),
      silent: await misbehaving(),
      early: await misbehaving(() => http('403 No', `content-type: application/x-amz-json-1.1\r\ndate: ${new Date(Date.now() + 7_200_000).toUTCString()}\r\n`, '{"__type":"InvalidSignatureException","message":"Signature not yet current"}')),
    };
    try {
      const tried = Object.fromEntries(await Promise.all(Object.entries(servers).map(async ([name, server]) => [name, await check(server.url, hub.key)])));
      assert.deepEqual([step(tried.garbage, 'tls').state, step(tried.garbage, 'tls').code], ['failed', 'ConnectionInterrupted']);
      assert.deepEqual([step(tried.silent, 'tls').state, step(tried.silent, 'tls').code], ['failed', 'RequestTimeout']);
      assert.deepEqual([step(tried.html, 'credentials').state, step(tried.html, 'credentials').code], ['failed', 'InvalidAnswer']);
      assert.deepEqual([step(tried.failing, 'credentials').state, step(tried.failing, 'credentials').code], ['failed', 'Http500']);
      assert.equal(step(tried.early, 'clock').state, 'failed');
      assert.ok(Math.abs(Number(step(tried.early, 'clock').detail) - 7_200) < 60);
      const kept = await desktop.invoke('connection_save', { connection: draft(servers.early.url, { name: 'Early' }), key: hub.key });
      await switchTo(kept);
      await assert.rejects(desktop.call('ListCommands'), /InvalidSignatureException/);
      assert.ok((await desktop.invoke('app_info')).clockAhead > 7_000);
      await says("The clocks differ", 60);
      await desktop.picture('clock');
      await switchTo(id);
      await desktop.invoke('connection_remove', { id: kept });
    } finally {
      for (const server of Object.values(servers)) server.stop();
    }
  });

  it('a connection that is removed leaves its window on the hub of this machine, and its key is gone', async () => {
    // Not waited for: the page that asked is gone with the connection it showed.
    await browser.execute((gone) => void window.__TAURI_INTERNALS__.invoke('connection_remove', { id: gone }), id);
    await eventually('the hub in the app', async () => (await desktop.invoke('app_info')).kind === 'embedded');
    assert.equal((await desktop.invoke('connections_list')).length, 1);
    await assert.rejects(desktop.invoke('connection_switch', { id }), /NoSuchConnection/);
  });
});
