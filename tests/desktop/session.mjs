/**
 * A whole desktop of its own for one test: screen, window manager, session bus, keyring, notification daemon, tray, and a private home.
 *
 * Nothing of it touches the desktop of the person who runs the test, and everything ends with the test, each program by its own id.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { remote } from 'webdriverio';
import { Tray } from './tray.mjs';

const cache = path.join(process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache'), 'quarterdeck');
/** Folder of the built programs. */
export const binaries = process.env.QUARTERDECK_BIN || path.join(process.env.CARGO_TARGET_DIR || path.join(cache, 'target'), 'debug');
const pictures = process.env.QUARTERDECK_SCREENSHOTS || path.join(cache, 'screenshots');

/** Waits until `probe` answers something true, and answers that. What it waited for is in the error. */
export async function eventually(what, probe, seconds = 30) {
  const until = Date.now() + seconds * 1000;
  let last;
  for (;;) {
    try {
      const found = await probe();
      if (found) return found;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (Date.now() > until) throw new Error(`waited ${seconds} s for: ${what}`, { cause: last });
    await sleep(150);
  }
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Resolves with the first line that a program writes. */
function firstLine(child, what) {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (data) => {
      text += data;
      if (text.includes('\n')) resolve(text.split('\n')[0].trim());
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`${what} ended with ${code}`)));
  });
}

export class Desktop {
  #running = [];
  #browser;

  /**
   * @param {{ keyring?: boolean, notifications?: boolean, tray?: boolean, args?: string[] }} options what this desktop has; everything by default
   */
  static async start(options = {}) {
    const desktop = new Desktop();
    try {
      await desktop.#start({ keyring: true, notifications: true, tray: true, args: [], ...options });
      return desktop;
    } catch (error) {
      await desktop.stop();
      throw error;
    }
  }

  async #start(options) {
    const app = path.join(binaries, 'quarterdeck');
    for (const program of [app, path.join(binaries, 'quarterdeck-agent')]) {
      if (!existsSync(program)) throw new Error(`${program} is not built; run cargo xtask test`);
    }
    this.app = app;
    this.args = options.args;
    this.home = mkdtempSync(path.join(tmpdir(), 'quarterdeck-desktop-'));
    const runtime = path.join(this.home, 'runtime');
    mkdirSync(runtime, { mode: 0o700 });
    mkdirSync(pictures, { recursive: true });
    this.environment = {
      PATH: process.env.PATH,
      HOME: this.home,
      XDG_RUNTIME_DIR: runtime,
      LANG: 'C.UTF-8',
      GDK_BACKEND: 'x11',
      NO_AT_BRIDGE: '1',
      GTK_USE_PORTAL: '0',
      QUARTERDECK_LOG: process.env.QUARTERDECK_LOG || 'info',
    };
    const screen = this.run('Xvfb', ['-displayfd', '1', '-screen', '0', '1400x900x24', '-nolisten', 'tcp']);
    this.environment.DISPLAY = `:${await firstLine(screen, 'Xvfb')}`;
    const bus = this.run('dbus-daemon', ['--session', '--nofork', '--print-address=1']);
    this.environment.DBUS_SESSION_BUS_ADDRESS = await firstLine(bus, 'dbus-daemon');
    this.run('openbox', []);
    if (options.keyring) {
      const keyring = this.run('gnome-keyring-daemon', ['--unlock', '--components=secrets', '--foreground'], 'pipe');
      keyring.stdin.end('a test keyring');
    }
    if (options.notifications) this.run('dunst', []);
    this.bus = '';
    const monitor = this.run('dbus-monitor', ['--session', "interface='org.freedesktop.Notifications'"]);
    monitor.stdout.on('data', (data) => {
      this.bus += data;
    });
    if (options.tray) this.tray = await Tray.open(this.environment.DBUS_SESSION_BUS_ADDRESS);
    const port = await freePort();
    this.run('tauri-driver', ['--port', String(port), '--native-port', String(await freePort())], 'ignore', 'inherit');
    this.port = port;
  }

  /** Starts a program of this desktop; it ends with the desktop. */
  run(program, args, stdin = 'ignore', stderr = 'pipe') {
    const child = spawn(program, args, { env: this.environment, stdio: [stdin, 'pipe', stderr] });
    child.on('error', (error) => console.error(`${program}: ${error.message}`));
    child.stdout.on('data', () => undefined);
    child.stderr?.on('data', () => undefined);
    this.#running.push(child);
    return child;
  }

  /** Runs a program of this desktop to its end and answers what it wrote. Fails when it fails. */
  async output(program, args) {
    const child = spawn(program, args, { env: this.environment, stdio: ['ignore', 'pipe', 'pipe'] });
    let [out, err] = ['', ''];
    child.stdout.on('data', (data) => (out += data));
    child.stderr.on('data', (data) => (err += data));
    const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
    if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}: ${err}`);
    return out;
  }

  /** Starts the app and answers the WebDriver session of its window. */
  async open() {
    this.#browser = await eventually('the driver', () =>
      remote({
        hostname: '127.0.0.1',
        port: this.port,
        path: '/',
        logLevel: 'error',
        connectionRetryCount: 0,
        capabilities: {
          'wdio:enforceWebDriverClassic': true,
          'tauri:options': { application: this.app, args: this.args },
        },
      }),
    );
    return this.#browser;
  }

  /** Calls a command of the app as a page does, and answers what it answers. */
  async invoke(command, args = {}) {
    const answer = await this.#browser.executeAsync(
      (name, input, done) => {
        window.__TAURI_INTERNALS__.invoke(name, input).then(
          (value) => done({ value }),
          // Not named "error": the driver would take the answer for a failure of its own.
          (refused) => done({ refused }),
        );
      },
      command,
      args,
    );
    if (answer.refused) throw Object.assign(new Error(JSON.stringify(answer.refused)), { answer: answer.refused });
    return answer.value;
  }

  /** One operation of the API. */
  call(operation, input = {}) {
    return this.invoke('call', { operation, input });
  }

  /** The console's window on the screen, or undefined when it is not shown. */
  async window() {
    const found = await this.output('xdotool', ['search', '--onlyvisible', '--name', '^Quarterdeck']).catch(() => '');
    return found.trim().split('\n').filter(Boolean).at(-1);
  }

  /** Ids of running programs whose command line contains `text` and whose home is this desktop's. */
  async processes(text) {
    const list = await this.output('pgrep', ['-f', text]).catch(() => '');
    return list.split('\n').filter(Boolean);
  }

  /** Takes a picture of the whole screen: what a person would see, not what the page believes. */
  async picture(name) {
    // What the page holds is drawn a little later.
    await this.#browser?.executeAsync((done) => requestAnimationFrame(() => requestAnimationFrame(() => done()))).catch(() => undefined);
    await sleep(500);
    await this.output('import', ['-window', 'root', path.join(pictures, `desktop-${name}.png`)]);
  }

  async stop() {
    // The driver ends the app without a chance to end its agent, so that is done here.
    const { processId } = this.#browser ? await this.invoke('app_info').then((info) => info.thisMachine, () => ({})) : {};
    await this.#browser?.deleteSession().catch(() => undefined);
    if (processId) await this.output('kill', ['-KILL', String(processId)]).catch(() => undefined);
    await this.tray?.close();
    for (const child of this.#running.reverse()) {
      if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) continue;
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await Promise.race([ended, sleep(5000).then(() => child.kill('SIGKILL'))]);
    }
    if (this.home) rmSync(this.home, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}
