/** "Copy as AWS CLI" says what the form says: its lines go through real shells and the real AWS CLI to a real hub, which keeps what it was told. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gestures, Hub, openBrowser, openPage } from './harness.mjs';
import { NASTY } from './nasty.mjs';

const UI = fileURLToPath(new URL('../../ui', import.meta.url));
const require = createRequire(join(UI, 'package.json'));

/** The module of the console that makes the line, built as the console is. */
async function builtModule() {
  const { build } = await import(require.resolve('vite'));
  const entry = join(UI, 'src/features/commands/awsCli.ts');
  const [built] = [await build({ root: UI, configFile: false, logLevel: 'silent', build: { write: false, minify: false, lib: { entry, formats: ['es'] } } })].flat();
  return import(`data:text/javascript;base64,${Buffer.from(built.output[0].code).toString('base64')}`);
}

/** The Python of the AWS CLI: the one set up for the tests, or that of the `aws` on the path. */
function python() {
  const kept = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'quarterdeck/venv/bin/python');
  if (existsSync(kept)) return kept;
  const [, interpreter] = /^#!(\S+)/.exec(execFileSync('sh', ['-c', 'head -1 "$(command -v aws)"']).toString()) ?? [];
  return interpreter ?? 'python3';
}

/** A request for each text, which stands everywhere that takes any text: as a line of the script, inside one, and, if it is short, as the comment. */
const INPUTS = NASTY.map((text) => ({
  DocumentName: 'AWS-RunShellScript',
  Targets: [{ Key: 'tag:role', Values: ['no node has this'] }],
  Parameters: { commands: [text, `before ${text} after`, ''], workingDirectory: [text] },
  ...([...text].length <= 100 ? { Comment: text } : {}),
  TimeoutSeconds: 600,
  MaxConcurrency: '10%',
  MaxErrors: '0',
}));

let awsCli;
let hub;
before(async () => {
  ({ awsCli } = await builtModule());
});

/** What a shell hands to a program called `aws`, for every line. */
function throughShell(shell, lines) {
  const script = `aws() { printf '%s\\0' "$#" "$@"; }\n${lines.join('\n')}\n`;
  const { stdout, status, stderr } = spawnSync(shell, ['-s'], { input: script, maxBuffer: 64 * 1024 * 1024 });
  assert.equal(status, 0, stderr.toString());
  const words = stdout.toString().split('\0').slice(0, -1);
  const calls = [];
  while (words.length > 0) calls.push(words.splice(0, 1 + Number(words[0])).slice(1));
  return calls;
}

/** PowerShell's rules for what the lines are made of: bare words, strings between any kind of single quote, and a backtick that joins lines. */
function throughPowerShell(line) {
  const words = [];
  let rest = line.replaceAll(' `\n  ', ' ');
  while (rest !== '') {
    const quoted = /^['‘’‚‛]((?:[^'‘’‚‛]|['‘’‚‛]{2})*)['‘’‚‛](?: |$)/.exec(rest);
    const bare = /^[A-Za-z0-9_\-./:=+]+(?: |$)/.exec(rest);
    const found = quoted ?? bare;
    assert.ok(found, `PowerShell would not read ${rest.slice(0, 80)} as one word`);
    words.push(quoted ? quoted[1].replace(/(['‘’‚‛])['‘’‚‛]/g, '$1') : bare[0].trimEnd());
    rest = rest.slice(found[0].length);
  }
  return words.slice(1);
}

describe('two hundred nasty texts', () => {
  it('are two hundred', () => assert.ok(NASTY.length >= 200, String(NASTY.length)));

  it('come through bash and sh, and through the AWS CLI to the hub, as they were', { timeout: 540_000 }, async (t) => {
    hub = await Hub.start();
    t.after(() => hub.stop());
    const lines = INPUTS.map((input) => awsCli(input, { region: hub.region, endpoint: hub.url, caFile: hub.ca }, 'posix'));
    // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
    for (const line of lines) assert.doesNotMatch(line.replaceAll(' \\\n  ', ' '), /[\u0000-\u001f\u007f-\u009f]/, 'a terminal would act on it');
    const calls = throughShell('bash', lines);
    assert.equal(calls.length, INPUTS.length);
    assert.deepEqual(throughShell('sh', lines), calls);
    const env = { ...process.env, AWS_CA_BUNDLE: hub.ca, AWS_ACCESS_KEY_ID: hub.key.id, AWS_SECRET_ACCESS_KEY: hub.key.secret, AWS_CONFIG_FILE: '/dev/null', AWS_EC2_METADATA_DISABLED: 'true', AWS_PAGER: '', AWS_MAX_ATTEMPTS: '2', PYTHONWARNINGS: 'ignore', PYTHONIOENCODING: 'utf-8', LC_ALL: 'C.UTF-8' };
    delete env.AWS_PROFILE;
    delete env.AWS_SESSION_TOKEN;
    const driver = join(dirname(fileURLToPath(import.meta.url)), 'cli-driver.py');
    const { stdout, stderr } = spawnSync(python(), [driver], { input: JSON.stringify(calls), env, maxBuffer: 64 * 1024 * 1024 });
    const said = stdout.toString().trim().split('\n').map((line) => JSON.parse(line));
    assert.equal(said.length, INPUTS.length, stderr.toString());
    const wrong = [];
    for (const [index, { id, error }] of said.entries()) {
      const wanted = INPUTS[index];
      if (!id) {
        wrong.push(`${JSON.stringify(NASTY[index])}: ${error}`);
        continue;
      }
      const [command] = (await hub.call('ListCommands', { CommandId: id })).Commands;
      const kept = { commands: command.Parameters.commands, workingDirectory: command.Parameters.workingDirectory };
      if (JSON.stringify(kept) !== JSON.stringify(wanted.Parameters) || (command.Comment ?? '') !== (wanted.Comment ?? '') || JSON.stringify(command.Targets) !== JSON.stringify(wanted.Targets)) {
        wrong.push(`${JSON.stringify(NASTY[index])} became ${JSON.stringify(command)}`);
      }
    }
    assert.deepEqual(wrong, []);
  });

  it('come through the rules of PowerShell as they were', () => {
    for (const input of INPUTS) {
      const words = throughPowerShell(awsCli(input, {}, 'powershell'));
      const after = (option) => words[words.indexOf(option) + 1];
      assert.deepEqual(JSON.parse(after('--parameters')), input.Parameters);
      const comment = words.includes('--comment') ? after('--comment') : words.includes('--cli-input-json') ? JSON.parse(after('--cli-input-json')).Comment : undefined;
      assert.equal(comment ?? '', input.Comment ?? '');
    }
  });
});

describe('the dialog', () => {
  it('shows the line for the form as it is', async (t) => {
    hub = await Hub.start();
    t.after(() => hub.stop());
    const browser = await openBrowser();
    t.after(() => browser.close());
    const page = await openPage(browser, hub);
    const { button, field, writeScript } = gestures(() => ({ page, hub }));
    const script = `echo "it's $HOME" \`id\`\nfile:///etc/passwd`;
    await page.visit('/run');
    await writeScript(script);
    await page.getByRole('radio', { name: /By tags/ }).check();
    await field('Key').fill('role');
    await field('Value').fill("o'brien");
    await field('Comment – optional').fill('--help');
    await button('Copy as AWS CLI').click();
    const line = await page.getByRole('dialog').locator('.qd-block pre').first().innerText();
    const [words] = throughShell('bash', [line]);
    assert.deepEqual(JSON.parse(words[words.indexOf('--parameters') + 1]).commands, script.split('\n'));
    assert.deepEqual(JSON.parse(words[words.indexOf('--targets') + 1]), [{ Key: 'tag:role', Values: ["o'brien"] }]);
    assert.deepEqual(JSON.parse(words[words.indexOf('--cli-input-json') + 1]), { Comment: '--help' });
    assert.deepEqual(page.complaints, []);
  });
});
