/**
 * A whole desktop of its own for one test: screen, window manager, session bus, keyring, notification daemon, tray, and a private home.
 *
 * Nothing of it touches the desktop of the person who runs the test, and everything ends with the test, each program by its own id.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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
   * @param {{ keyring?: boolean, notifications?: boolean, tray?: boolean | 'without host', inputMethod?: boolean, args?: string[] }} options what this desktop has;
   *   everything by default
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
      // Without a method of the test's own there is none: what the machine has set is not the test's.
      ...(options.inputMethod ? { GTK_IM_MODULE: 'ibus', XMODIFIERS: '@im=ibus', GSETTINGS_BACKEND: 'memory' } : {}),
    };
    const screen = this.run('Xvfb', ['-displayfd', '1', '-screen', '0', '1400x900x24', '-nolisten', 'tcp']);
    this.environment.DISPLAY = `:${await firstLine(screen, 'Xvfb')}`;
    const bus = this.run('dbus-daemon', ['--session', '--nofork', '--print-address=1']);
    this.environment.DBUS_SESSION_BUS_ADDRESS = await firstLine(bus, 'dbus-daemon');
    this.run('openbox', []);
    if (options.inputMethod) await this.#hangul();
    if (options.keyring) {
      const keyring = this.run('gnome-keyring-daemon', ['--unlock', '--components=secrets', '--foreground'], 'pipe');
      keyring.stdin.end('a test keyring');
    }
    if (options.notifications) {
      // Shown until somebody acts, however slow the machine is.
      const shownForGood = ['low', 'normal', 'critical'].map((urgency) => `[urgency_${urgency}]\n    timeout = 0\n`).join('');
      const config = path.join(this.home, 'dunstrc');
      writeFileSync(config, shownForGood);
      this.run('dunst', ['-conf', config]);
    }
    this.bus = '';
    const monitor = this.run('dbus-monitor', ['--session', "interface='org.freedesktop.Notifications'"]);
    monitor.stdout.on('data', (data) => {
      this.bus += data;
    });
    if (options.tray) this.tray = await Tray.open(this.environment.DBUS_SESSION_BUS_ADDRESS, options.tray !== 'without host');
    const port = await freePort();
    this.run('tauri-driver', ['--port', String(port), '--native-port', String(await freePort())], 'ignore', 'inherit');
    this.port = port;
  }

  /** The input method of a Korean desktop: ibus with its engine for Hangul. */
  async #hangul() {
    this.run('ibus-daemon', ['--xim', '--panel', 'disable', '--emoji-extension', 'disable']);
    await eventually('the engine for Hangul', async () => {
      await this.output('ibus', ['engine', 'hangul']);
      return (await this.output('ibus', ['engine'])).trim() === 'hangul';
    });
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

  /** Starts the app, also again after it ended, and answers the WebDriver session of its window. */
  async open() {
    // The driver has one session at a time, and does not see by itself that the app is gone.
    await this.#browser?.deleteSession().catch(() => undefined);
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

  /** Ids of the agents that run for this desktop's app. */
  async agents() {
    const list = await this.output('pgrep', ['-f', `quarterdeck-agent run --data-dir ${this.home}`]).catch(() => '');
    const ids = list.split('\n').filter(Boolean);
    // What an agent forks of itself has its command line and is part of it.
    const parents = await Promise.all(ids.map((id) => this.output('ps', ['-o', 'ppid=', '-p', id]).catch(() => '')));
    return ids.filter((_, at) => !ids.includes(parents[at].trim()));
  }

  /** Waits until the app has written down that its window shows this page. */
  async remembers(page) {
    await eventually(`${page} to be remembered`, async () => (await this.invoke('navigate_ready')) === page);
  }

  /** Closes the window as a person does. */
  async close() {
    await this.output('xdotool', ['windowactivate', '--sync', await this.window()]);
    await this.output('xdotool', ['key', 'alt+F4']);
  }

  /** Ends the app as if by `kill -9`: it has no chance to end anything else. */
  async kill() {
    // By its name on this desktop, because a window that is minimised cannot be asked.
    const window = (await this.output('xdotool', ['search', '--name', '^Quarterdeck'])).trim().split('\n').at(-1);
    const id = (await this.output('xdotool', ['getwindowpid', window])).trim();
    await this.output('kill', ['-KILL', id]);
    await eventually('the app to be gone', () => this.output('kill', ['-0', id]).then(() => false, () => true));
  }

  /** Leads the window to a page of the console and waits until that page, and not the one before, has all it shows. */
  async visit(to) {
    const before = await this.#browser.execute((path) => {
      const before = location.hash || '#/';
      // Another page is another heading; the same page with another search keeps its heading.
      if (before.split('?')[0] !== `#${path}`.split('?')[0]) document.querySelector('h1')?.setAttribute('data-before', '');
      location.hash = path;
      return before;
    }, to);
    await eventually(`the page ${to} after ${before}`, () => this.settled());
  }

  /** The page has its heading and nothing of it is still loading. */
  settled() {
    return this.#browser.execute(() => document.querySelector('h1:not([data-before])') !== null && !/Loading…|불러오는 중…/.test(document.querySelector('main').innerText));
  }

  /** What the page says now. */
  text() {
    return this.#browser.$('main').getText();
  }

  /** Scrolls to the end of the page. False when all of it was in view. */
  toEnd() {
    return this.#browser.execute(() => {
      const page = document.scrollingElement;
      if (page.scrollHeight <= page.clientHeight) return false;
      page.scrollTo(0, page.scrollHeight);
      return true;
    });
  }

  /** Loads the page anew with these choices of the person, and waits for it. */
  async prefer(preferences) {
    await this.invoke('settings_set', { key: 'preferences', value: JSON.stringify(preferences) });
    const born = await this.#browser.execute(() => {
      const born = performance.timeOrigin;
      location.reload();
      return born;
    });
    await eventually('the page to load anew', async () => (await this.#browser.execute(() => performance.timeOrigin)) !== born && (await this.settled()));
  }

  /** The native question that is asked on this desktop: a second window of the app. */
  async question() {
    const found = await this.output('xdotool', ['search', '--onlyvisible', '--class', 'quarterdeck']).catch(() => '');
    const window = await this.window();
    const ids = found.trim().split('\n').filter(Boolean);
    const sizes = await Promise.all(ids.map(async (id) => ({ id, ...(await this.#geometry(id)) })));
    // The console's window has at least 480 rows; a question has fewer.
    return sizes.find(({ id, height }) => id !== window && height > 40 && height < 480) ?? sizes.find(({ height }) => height > 40 && height < 480);
  }

  async #geometry(id) {
    const text = await this.output('xdotool', ['getwindowgeometry', '--shell', id]);
    const number = (name) => Number(new RegExp(`^${name}=(-?\\d+)`, 'm').exec(text)[1]);
    return { x: number('X'), y: number('Y'), width: number('WIDTH'), height: number('HEIGHT') };
  }

  /** Clicks the button number `at` (from 0) of the `count` buttons of the native question, and waits for the question to go. */
  async answer(at, count) {
    const { x, y, width, height } = await eventually('the question', () => this.question());
    await this.output('xdotool', ['mousemove', String(Math.round(x + (width * (at + 0.5)) / count)), String(y + height - 22), 'click', '1']);
    await eventually('the question to go', async () => !(await this.question()));
  }

  /** Takes a picture of the whole screen: what a person would see, not what the page believes. */
  async picture(name) {
    // What the page holds is drawn a little later.
    await this.#browser?.executeAsync((done) => requestAnimationFrame(() => requestAnimationFrame(() => done()))).catch(() => undefined);
    await sleep(500);
    await this.output('import', ['-window', 'root', path.join(pictures, `desktop-${name}.png`)]);
  }

  async stop() {
    // The driver ends the app without a chance to end anything; its agent ends by itself then, or is ended here.
    await this.#browser?.deleteSession().catch(() => undefined);
    if (this.environment?.DISPLAY) {
      await eventually('the agent to end', async () => (await this.agents()).length === 0, 15).catch(async (error) => {
        console.error(error.message);
        for (const id of await this.agents()) await this.output('kill', ['-KILL', id]).catch(() => undefined);
      });
    }
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
