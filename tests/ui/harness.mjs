/**
 * A real hub, a real agent and a real browser for the tests of the console. No mock server: what the pages are told is what
 * the product says.
 */
import { execFile, spawn } from 'node:child_process';
import { createHash, createHmac, createPublicKey, randomBytes, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import https from 'node:https';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, beforeEach } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const require = createRequire(join(ROOT, 'ui', 'package.json'));
const { chromium } = require('playwright-core');
export const axe = require('axe-core');

/** Pictures of every page end here, to be looked at. */
export const PICTURES = process.env.QD_UI_PICTURES ?? join(ROOT, 'target', 'ui-pictures');

function program(variable, name) {
  const built = join(process.env.CARGO_TARGET_DIR ?? join(ROOT, 'target'), 'debug', name);
  const path = process.env[variable] ?? built;
  if (!existsSync(path)) throw new Error(`${path} is not there: build it (cargo build --bin ${name}) or set ${variable}`);
  return path;
}

function browserProgram() {
  const candidates = [process.env.QD_CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-headless-shell', '/usr/bin/google-chrome'];
  const found = candidates.find((path) => path && existsSync(path));
  if (!found) throw new Error('no Chromium: install chromium or set QD_CHROMIUM');
  return found;
}

/** Asks again until the answer is there. */
export async function until(what, ask, seconds = 30) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`waited ${seconds} s for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

export class Hub {
  static async start() {
    const hub = new Hub();
    hub.dir = mkdtempSync(join(tmpdir(), 'qd-ui-hub-'));
    const log = openSync(join(hub.dir, 'hub.log'), 'a');
    const console_ = join(ROOT, 'ui', 'dist');
    if (!existsSync(join(console_, 'index.html'))) throw new Error('ui/dist is not there: npm run build');
    hub.child = spawn(program('QD_HUB_BIN', 'quarterdeck-hub'), ['serve', '--data-dir', hub.dir, '--listen', '127.0.0.1:0', '--console', console_], {
      stdio: ['ignore', 'pipe', log],
    });
    const line = await new Promise((resolve, reject) => {
      createInterface({ input: hub.child.stdout }).once('line', resolve);
      hub.child.once('exit', () => reject(new Error(`the hub ended: ${hub.log()}`)));
    });
    hub.url = line.replace('listening on ', '').trim();
    hub.ca = join(hub.dir, 'ca.pem');
    const text = readFileSync(join(hub.dir, 'credentials'), 'utf8');
    hub.key = { id: /aws_access_key_id\s*=\s*(\S+)/.exec(text)[1], secret: /aws_secret_access_key\s*=\s*(\S+)/.exec(text)[1] };
    hub.region = JSON.parse((await hub.request('GET', '/quarterdeck/console/config.json')).body).region;
    return hub;
  }

  log() {
    return readFileSync(join(this.dir, 'hub.log'), 'utf8').slice(-4_000);
  }

  get console() {
    return `${this.url}/quarterdeck/console/`;
  }

  request(method, path, headers = {}, body = '') {
    return new Promise((resolve, reject) => {
      const request = https.request(this.url + path, { method, headers, ca: readFileSync(this.ca) }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (part) => (text += part));
        response.on('end', () => resolve({ status: response.statusCode, body: text }));
      });
      request.on('error', reject);
      request.end(body);
    });
  }

  /** An operation as the administrator, signed here: another signer than the page's. */
  async call(operation, input = {}) {
    const body = JSON.stringify(input);
    const stamp = new Date().toISOString().replace(/[-:]|\.\d{3}/g, '');
    const headers = {
      'content-type': 'application/x-amz-json-1.1',
      host: new URL(this.url).host,
      'x-amz-date': stamp,
      'x-amz-target': `AmazonSSM.${operation}`,
    };
    const names = Object.keys(headers).sort();
    const hash = (text) => createHash('sha256').update(text).digest('hex');
    const canonical = ['POST', '/', '', ...names.map((name) => `${name}:${headers[name]}`), '', names.join(';'), hash(body)].join('\n');
    const scope = [stamp.slice(0, 8), this.region, 'ssm', 'aws4_request'];
    let key = `AWS4${this.key.secret}`;
    for (const part of scope) key = createHmac('sha256', key).update(part).digest();
    const signature = createHmac('sha256', key).update(['AWS4-HMAC-SHA256', stamp, scope.join('/'), hash(canonical)].join('\n')).digest('hex');
    headers.authorization = `AWS4-HMAC-SHA256 Credential=${this.key.id}/${scope.join('/')}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
    const answer = await this.request('POST', '/', headers, body);
    const value = JSON.parse(answer.body || '{}');
    if (answer.status !== 200) throw new Error(`${operation}: ${value.__type} ${value.message}`);
    return value;
  }

  async stop() {
    const gone = new Promise((resolve) => this.child.once('exit', resolve));
    if (this.child.exitCode === null && this.child.kill('SIGTERM')) {
      const late = setTimeout(() => this.child.kill('SIGKILL'), 5_000);
      await gone;
      clearTimeout(late);
    }
    rmSync(this.dir, { recursive: true, force: true });
  }
}

export class Agent {
  /** Registers this machine with an activation and runs the agent. */
  static async start(hub, { id, code }) {
    const agent = new Agent();
    agent.dir = mkdtempSync(join(tmpdir(), 'qd-ui-agent-'));
    const binary = program('QD_AGENT_BIN', 'quarterdeck-agent');
    const register = ['register', '--data-dir', agent.dir, '--endpoint', hub.url, '--ca-file', hub.ca, '--region', hub.region, '--activation-id', id];
    await promisify(execFile)(binary, register, { env: { ...process.env, QUARTERDECK_ACTIVATION_CODE: code } });
    agent.child = spawn(binary, ['run', '--data-dir', agent.dir], { stdio: ['ignore', 'ignore', openSync(join(agent.dir, 'agent.log'), 'a')] });
    return agent;
  }

  static async enrolled(hub, tags = {}, name = 'web-01') {
    const made = await hub.call('CreateActivation', {
      IamRole: 'node',
      DefaultInstanceName: name,
      Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
    });
    const agent = await Agent.start(hub, { id: made.ActivationId, code: made.ActivationCode });
    agent.node = await until('the node to be online', async () => {
      const list = (await hub.call('DescribeInstanceInformation')).InstanceInformationList ?? [];
      return list.find((node) => node.ActivationId === made.ActivationId && node.PingStatus === 'Online')?.InstanceId;
    });
    return agent;
  }

  async stop() {
    const gone = new Promise((resolve) => this.child.once('exit', resolve));
    if (this.child.exitCode === null && this.child.kill('SIGTERM')) {
      const late = setTimeout(() => this.child.kill('SIGKILL'), 5_000);
      await gone;
      clearTimeout(late);
    }
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/**
 * Nodes that registered and never came back: as many as a list needs. A key of random digits registers as well as a real one,
 * and takes no time to make.
 */
export async function registerNodes(hub, count, { name = '', tags = {}, activation } = {}) {
  const made = activation ?? await hub.call('CreateActivation', { IamRole: 'node', DefaultInstanceName: name || undefined, RegistrationLimit: count, Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) });
  const ids = [];
  for (let index = 0; index < count; index += 1) {
    const modulus = randomBytes(256);
    modulus[0] |= 0x80;
    modulus[255] |= 1;
    const key = createPublicKey({ key: { kty: 'RSA', n: modulus.toString('base64url'), e: 'AQAB' }, format: 'jwk' }).export({ type: 'spki', format: 'der' });
    const input = { ActivationId: made.ActivationId, ActivationCode: made.ActivationCode, Fingerprint: randomUUID(), PublicKey: key.toString('base64'), PublicKeyType: 'Rsa' };
    const answer = await hub.request('POST', '/', { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'AmazonSSM.RegisterManagedInstance' }, JSON.stringify(input));
    if (answer.status !== 200) throw new Error(`RegisterManagedInstance: ${answer.body}`);
    ids.push(JSON.parse(answer.body).InstanceId);
  }
  return ids;
}

export async function openBrowser() {
  return chromium.launch({
    executablePath: browserProgram(),
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
}

/**
 * A page of the console. What it says to the browser's console is gathered in `page.complaints`: errors and warnings are
 * failures of the page, whoever wrote them.
 */
export async function openPage(browser, hub, { theme = 'light', language = 'en', signedIn = true, width = 1366, height = 900 } = {}) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width, height }, acceptDownloads: true, locale: language === 'ko' ? 'ko-KR' : 'en-US', reducedMotion: 'reduce' });
  context.setDefaultTimeout(15_000);
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const key = signedIn ? JSON.stringify({ accessKeyId: hub.key.id, secretAccessKey: hub.key.secret, region: hub.region }) : '';
  await context.addInitScript(
    ([preferences, stored]) => {
      if (location.href === 'about:blank') return; // has no storage
      if (!localStorage.getItem('quarterdeck.settings.preferences')) localStorage.setItem('quarterdeck.settings.preferences', preferences);
      if (stored) sessionStorage.setItem('quarterdeck.key', stored);
    },
    [JSON.stringify({ theme, language }), key],
  );
  const page = await context.newPage();
  page.complaints = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) page.complaints.push(`${message.type()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => page.complaints.push(`uncaught: ${error.stack ?? error.message}`));
  page.visit = async (path) => {
    // Another address after `#` alone would leave the page before in place for a while, and that one is settled too.
    await page.goto('about:blank');
    await page.goto(`${hub.console}#${path}`);
    await settled(page);
  };
  return page;
}

/** The page has its heading and nothing of it is still loading. */
export async function settled(page) {
  await page.locator('h1').first().waitFor();
  await until(
    'the page to load',
    () =>
      page.evaluate(() => {
        const main = document.querySelector('main');
        return main !== null && !/Loading…|불러오는 중…/.test(main.innerText);
      }),
    15,
  );
}

export async function picture(page, name) {
  mkdirSync(PICTURES, { recursive: true });
  await page.screenshot({ path: join(PICTURES, `${name}.png`) });
}

/** Nothing moves or fades any more; what turns for ever, such as a spinner, does not count. */
async function still(page) {
  await until('what moves to come to rest', () =>
    page.evaluate(() => document.getAnimations().every(({ playState, effect }) => playState !== 'running' || effect?.getComputedTiming().endTime === Infinity)),
  );
}

/** What axe finds that keeps someone from using the page. */
export async function seriousFindings(page) {
  // Half faded in, a text has less contrast than it will have.
  await still(page);
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  return violations
    .filter((violation) => ['serious', 'critical'].includes(violation.impact))
    .map((violation) => `${violation.id}: ${violation.nodes.map((node) => node.target.join(' ')).join(', ')}`);
}

/**
 * What a file of tests begins with: a hub, a browser, with `tags` a node that has them, and a page; `onePage` keeps it for all
 * tests. `prepare` does what else comes before the first test. `take` gets all of it each time something of it is new. Everything ends after the last test.
 */
export function openScene({ tags, onePage = false, page: options, prepare } = {}, take) {
  const scene = {};
  before(async () => {
    scene.hub = await Hub.start();
    if (tags) scene.agent = await Agent.enrolled(scene.hub, tags);
    scene.browser = await openBrowser();
    if (onePage) scene.page = await openPage(scene.browser, scene.hub, options);
    take(scene);
    // Hooks of a file do not wait for each other: what needs the hub comes after it here.
    await prepare?.();
  });
  after(async () => {
    await scene.browser?.close();
    await scene.agent?.stop();
    await scene.hub?.stop();
  });
  if (onePage) return;
  beforeEach(async () => {
    await scene.page?.context().close();
    scene.page = await openPage(scene.browser, scene.hub, options);
    take(scene);
  });
}

/** What tests of the console do again and again; `now` tells the hub, agent and page of the moment. */
export function gestures(now) {
  return {
    button: (name) => now().page.getByRole('button', { name, exact: true }),
    field: (name) => now().page.getByRole('textbox', { name, exact: true }),
    heading: (name) => now().page.getByRole('heading', { level: 1, name }),
    /** Puts a script into the editor as a paste does: every character as it is. */
    async writeScript(text) {
      const { page } = now();
      await page.locator('.cm-content').first().click();
      await page.keyboard.press('Control+a');
      await page.keyboard.press('Delete');
      await page.keyboard.insertText(text);
    },
    /** Sends a script to the node; the id of the command. */
    async sent(commands, more = {}) {
      const { hub, agent } = now();
      const answer = await hub.call('SendCommand', { DocumentName: 'AWS-RunShellScript', InstanceIds: [agent.node], Parameters: { commands }, ...more });
      return answer.Command.CommandId;
    },
    async ended(id) {
      return until('the command to end', async () => {
        const [command] = (await now().hub.call('ListCommands', { CommandId: id })).Commands;
        return ['Pending', 'InProgress', 'Cancelling'].includes(command.Status) ? undefined : command;
      });
    },
  };
}

export const machine = hostname();
export const unique = () => randomUUID().slice(0, 8);
