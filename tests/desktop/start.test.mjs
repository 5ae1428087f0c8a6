/** Starts that go wrong are told on the screen, and a start without a window never hides the app where nobody finds it. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Desktop, eventually } from './session.mjs';

describe('a start', { timeout: 300_000 }, () => {
  /** @type {Desktop} */
  let desktop;

  before(async () => {
    // A watcher on the bus that no panel listens to, as some desktops have it.
    desktop = await Desktop.start({ keyring: false, notifications: false, tray: 'without host' });
  });
  after(() => desktop?.stop());

  /** Starts the app on a data folder of its own, without a driver. */
  const start = (folder, ...args) => {
    const child = desktop.run(desktop.app, ['--data-dir', folder, ...args]);
    const ended = new Promise((resolve) => child.once('exit', (code) => resolve(code)));
    return { child, ended };
  };
  const named = (name) => desktop.output('xdotool', ['search', '--onlyvisible', '--name', name]).then((ids) => ids.trim().split('\n').filter(Boolean).at(-1), () => undefined);
  const read = async (ended) => {
    const message = await eventually('the message', () => named('^Quarterdeck did not start'));
    await desktop.output('xdotool', ['windowactivate', '--sync', message]);
    await desktop.output('xdotool', ['key', 'Escape']);
    assert.equal(await ended, 1, 'the app ends with a failure');
  };

  it('without a window opens one when no panel shows the icon', async () => {
    const app = start(join(desktop.home, 'hidden'), '--hidden');
    await sleep(4000);
    assert.equal(await desktop.window(), undefined, 'a panel may still come');
    await eventually('the window', () => desktop.window(), 60);
    const written = readFileSync(join(desktop.home, 'hidden', 'logs', 'quarterdeck.log'), 'utf8');
    assert.ok(written.includes('no panel shows the icon'), written);
    app.child.kill('SIGTERM');
    await eventually('the window to go', async () => !(await desktop.window()), 5);
    assert.equal(await app.ended, 0);
  });

  it('on a folder that another one uses says so', async () => {
    const folder = join(desktop.home, 'used');
    const first = start(folder);
    await eventually('the window', () => desktop.window());
    const second = start(folder);
    await eventually('the message', () => named('^Quarterdeck did not start'));
    await desktop.picture('in-use');
    await read(second.ended);
    await eventually('the first one to go on', () => desktop.window());
    first.child.kill('SIGTERM');
    await first.ended;
  });

  it('on settings that are damaged puts them aside and begins anew', async () => {
    const folder = join(desktop.home, 'damaged');
    const damaged = 'this is no database, and long enough to be taken for the header of one'.repeat(20);
    mkdirSync(folder);
    writeFileSync(join(folder, 'local.sqlite'), damaged);
    const app = start(folder);
    await eventually('the window', () => desktop.window());
    assert.equal(readFileSync(join(folder, 'local.sqlite.damaged-1'), 'utf8'), damaged);
    app.child.kill('SIGTERM');
    assert.equal(await app.ended, 0);
  });

  it('on settings that cannot be read says so', async () => {
    const folder = join(desktop.home, 'unreadable');
    mkdirSync(join(folder, 'local.sqlite'), { recursive: true });
    const app = start(folder);
    await read(app.ended);
    assert.ok(readFileSync(join(folder, 'logs', 'quarterdeck.log'), 'utf8').includes('did not start'));
  });
});
