/** A bare desktop: no keyring, no notifications, no tray. The app says what is missing, asks what to do, and keeps the answers. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type } from './keys.mjs';
import { Desktop, eventually } from './session.mjs';

const PASSPHRASE = '긴 암호 passphrase';

describe('a desktop that has no keyring, no notifications and no tray', { timeout: 600_000 }, () => {
  /** @type {Desktop} */
  let desktop;
  let browser;

  before(async () => {
    desktop = await Desktop.start({ keyring: false, notifications: false, tray: false });
    browser = await desktop.open();
    await eventually('the console', () => desktop.settled());
  });
  after(() => desktop?.stop());

  /** The dialog that is open; others are in the page too, out of view. */
  const dialog = async () => {
    for (const found of await browser.$$('[role=dialog]')) if (await found.isDisplayed()) return found;
    return undefined;
  };
  const opened = () => eventually('a dialog', dialog);
  // Deriving a key from a passphrase is made to take long, and a build for tests makes it longer.
  const says = (text) => eventually(`"${text}" in the dialog`, async () => (await (await dialog()).getText()).includes(text), 120);
  const gone = () => eventually('the dialog to go', async () => !(await dialog()), 120);
  const press = async (label) => (await opened()).$(`button=${label}`).click();
  /** Clicks what is marked with these words. */
  const choose = async (within, words) => within.$(`.//*[normalize-space(text())="${words}"]`).click();
  const sealed = () => join(dataDir, 'secrets.sealed');
  const secrets = async () => (await desktop.invoke('app_info')).keyring.state;
  let dataDir;

  /** Replaces what stands in a field. */
  const fill = async (name, text) => {
    const field = await (await opened()).$(`input[name=${name}]`);
    await field.click();
    await browser.execute((element) => element.select(), field);
    await type(browser, text);
    await eventually(`the text in ${name}`, async () => (await field.getValue()) === text);
  };

  /** Starts the app again, as on another day. */
  const again = async () => {
    const page = await browser.execute(() => location.hash);
    await desktop.remembers(page.slice(1));
    await desktop.kill();
    browser = await desktop.open();
    await eventually('the page it was on', async () => (await browser.execute(() => location.hash)) === page && (await desktop.settled()));
  };

  it('opens all the same and says what is missing', async () => {
    const info = await eventually('the keyring to be asked', async () => {
      const info = await desktop.invoke('app_info');
      return info.keyring && info.connection === 'open' && info;
    });
    dataDir = info.dataDir;
    assert.equal(info.keyring.state, 'unanswered');
    assert.ok(info.keyring.reason);
    assert.equal(info.tray.visible, false);
    await says('Where to keep access keys');
    await desktop.picture('secrets-choose-en');
    await desktop.prefer({ language: 'ko', theme: 'dark' });
    await says('액세스 키 보관 위치');
    await desktop.picture('secrets-choose-ko');
    await desktop.prefer({ language: 'en', theme: 'light' });
    await says('Where to keep access keys');
  });

  it('takes an answer later, and writes nothing before', async () => {
    await press('Later');
    await gone();
    assert.equal(await secrets(), 'unanswered');
    assert.equal(existsSync(sealed()), false);
    await desktop.visit('/settings');
    await eventually('where the keys are', async () => (await desktop.text()).includes('In memory until you choose'));
    await browser.$('main').$('button=Choose where to keep them').click();
    await says('Where to keep access keys');
  });

  it('keeps secrets in a sealed file only after the person says so, under a passphrase that is long and meant', async () => {
    await fill('passphrase', 'short');
    await press('Keep them there');
    await says('A passphrase has at least 8 characters.');
    await fill('passphrase', PASSPHRASE);
    await fill('passphrase-again', `${PASSPHRASE}!`);
    await press('Keep them there');
    await says('The two passphrases differ.');
    await desktop.picture('secrets-differ');
    assert.equal(existsSync(sealed()), false);
    await fill('passphrase-again', PASSPHRASE);
    await press('Keep them there');
    await gone();
    assert.equal(await secrets(), 'file');
    assert.ok(!readFileSync(sealed(), 'utf8').includes('AKIA'));
    await eventually('where the keys are', async () => (await desktop.text()).includes('Kept in a file under your passphrase'));
  });

  it('asks for the passphrase at the next start, and says when it is wrong', async () => {
    await again();
    await says('Unlock the access keys');
    assert.equal(await secrets(), 'locked');
    await fill('passphrase', 'not the passphrase');
    await press('Unlock');
    await says('That passphrase does not open the file.');
    await desktop.picture('secrets-unlock-en');
    assert.equal(await secrets(), 'locked');
    await desktop.prefer({ language: 'ko', theme: 'dark' });
    await says('액세스 키 잠금 풀기');
    await desktop.picture('secrets-unlock-ko');
    await desktop.prefer({ language: 'en', theme: 'light' });
    await says('Unlock the access keys');
    await fill('passphrase', PASSPHRASE);
    await press('Unlock');
    await gone();
    assert.equal(await secrets(), 'file');
  });

  it('starts anew when the passphrase is forgotten, and asks no more when memory was chosen', async () => {
    await again();
    await says('Unlock the access keys');
    await choose(await opened(), 'Forgotten the passphrase?');
    await says('Without it nobody can read the file');
    await press('Start anew');
    await says('Where to keep access keys');
    await choose(await opened(), 'In memory only');
    await press('Keep them there');
    await gone();
    assert.equal(await secrets(), 'session');
    await again();
    assert.equal(await eventually('the keyring to be asked', async () => (await desktop.invoke('app_info')).keyring?.state), 'session');
    await desktop.visit('/settings');
    await eventually('where the keys are', async () => (await desktop.text()).includes('In memory only, as you chose'));
    assert.equal(await dialog(), undefined);
  });

  it('does not vanish when its window is closed: it asks, and going back changes nothing', async () => {
    await desktop.close();
    await eventually('the question', () => desktop.question());
    await desktop.picture('close-without-tray');
    await desktop.answer(2, 3);
    assert.equal(await desktop.invoke('settings_get', { key: 'closeWithoutTray' }), null);
    assert.ok(await desktop.window(), 'the window stays');
  });

  it('keeps the answer, and lets the settings change it', async () => {
    await desktop.close();
    await desktop.answer(0, 3);
    await eventually('the window to be minimised', async () => !(await desktop.window()));
    assert.equal(await desktop.invoke('settings_get', { key: 'closeWithoutTray' }), 'minimise');
    const { thisMachine } = await desktop.invoke('app_info');
    assert.notEqual(thisMachine.state, 'stopped');
    await again();
    await desktop.close();
    await eventually('the window to be minimised without a question', async () => !(await desktop.window()));
    assert.equal(await desktop.question(), undefined);
    await again();
    await desktop.visit('/settings');
    const minimise = () => browser.$('input[type=radio][value=minimise]');
    await eventually('the answer in the settings', () => minimise().isSelected());
    await choose(await browser.$('main'), 'Quit');
    await eventually('the other answer', async () => (await desktop.invoke('settings_get', { key: 'closeWithoutTray' })) === 'quit');
    await desktop.picture('closing-settings');
    await desktop.close();
    await eventually('the app to end', async () => !(await desktop.window()) && (await desktop.agents()).length === 0);
  });
});
