/** What goes wrong around nodes: changes of others meanwhile, filters typed by hand, a hub that does not answer. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { after, before, beforeEach, describe, it } from 'node:test';
import { Agent, Hub, openBrowser, openPage, picture, registerNodes, seriousFindings, until } from './harness.mjs';

let hub;
let agent;
let browser;
let page;

before(async () => {
  hub = await Hub.start();
  agent = await Agent.enrolled(hub, { role: 'web', old: 'x' });
  browser = await openBrowser();
});

after(async () => {
  await browser?.close();
  await agent?.stop();
  await hub?.stop();
});

beforeEach(async () => {
  await page?.context().close();
  page = await openPage(browser, hub);
});

const button = (name) => page.getByRole('button', { name, exact: true });
const tags = async () => {
  const { TagList } = await hub.call('ListTagsForResource', { ResourceType: 'ManagedInstance', ResourceId: agent.node });
  return Object.fromEntries(TagList.map((tag) => [tag.Key, tag.Value]));
};

const inMain = (text) => page.locator('main').getByText(text, { exact: true });
const row = (name) => page.getByRole('row', { name });

describe('editing tags', () => {
  beforeEach(async () => {
    const now = await tags();
    await hub.call('RemoveTagsFromResource', { ResourceType: 'ManagedInstance', ResourceId: agent.node, TagKeys: Object.keys(now) });
    await hub.call('AddTagsToResource', { ResourceType: 'ManagedInstance', ResourceId: agent.node, Tags: [{ Key: 'role', Value: 'web' }, { Key: 'old', Value: 'x' }] });
    await page.visit(`/nodes/${agent.node}?tab=tags`);
  });

  it('changes a value where it stands, by keyboard alone, and takes it back', async () => {
    await page.getByRole('button', { name: 'Edit Value of role' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('textbox', { name: 'role' }).waitFor();
    await page.keyboard.press('Control+a');
    await page.keyboard.insertText('웹 서버');
    await page.keyboard.press('Enter');
    await page.getByText('The tags of web-01 are saved').waitFor();
    await row(/role/).getByText('웹 서버').waitFor();
    assert.deepEqual(await tags(), { role: '웹 서버', old: 'x' });
    await button('Undo').click();
    await page.getByText('That was taken back.').waitFor();
    await row(/role/).getByText('web', { exact: true }).waitFor();
    assert.deepEqual(await tags(), { role: 'web', old: 'x' });
  });

  it('leaves alone what someone else changed meanwhile', async () => {
    await hub.call('AddTagsToResource', { ResourceType: 'ManagedInstance', ResourceId: agent.node, Tags: [{ Key: 'theirs', Value: '1' }] });
    await button('Remove old').click();
    await page.getByText('The tags of web-01 are saved').waitFor();
    assert.deepEqual(await tags(), { role: 'web', theirs: '1' });
    await button('Undo').click();
    await page.getByText('That was taken back.').waitFor();
    assert.deepEqual(await tags(), { role: 'web', old: 'x', theirs: '1' });
  });

  it('says what failed and keeps what was typed', async () => {
    await page.route(
      (url) => url.pathname === '/',
      (route) => (route.request().headers()['x-amz-target'] === 'AmazonSSM.AddTagsToResource' ? route.fulfill({ status: 500, body: '{"__type":"InternalServerError","message":"no"}' }) : route.continue()),
    );
    await page.getByRole('textbox', { name: 'Key', exact: true }).fill('added');
    await page.getByRole('textbox', { name: 'Value', exact: true }).fill('v');
    await button('Add').click();
    await page.getByText('The tags could not be saved').waitFor();
    assert.equal(await page.getByRole('textbox', { name: 'Key', exact: true }).inputValue(), 'added');
    assert.deepEqual(await tags(), { role: 'web', old: 'x' });
  });

  it('says why a tag cannot be added', async () => {
    await page.getByRole('textbox', { name: 'Key', exact: true }).fill('role');
    await page.getByText('The node has this tag already. Edit its value above.').first().waitFor();
    assert.equal(await button('Add').isDisabled() || (await button('Add').getAttribute('aria-disabled')) === 'true', true);
  });
});

describe('a hub that does not answer', () => {
  const refuse = (route) => route.fulfill({ status: 400, body: '{"__type":"AccessDeniedException","message":"not you"}' });
  const operation = (name) => async (route) => (route.request().headers()['x-amz-target'] === `AmazonSSM.${name}` ? refuse(route) : route.continue());

  it('is not told as an empty list', async () => {
    await page.route(/\/quarterdeck\/v1\/nodes/, refuse);
    await page.route((url) => url.pathname === '/', operation('ListCommands'));
    await page.visit('/nodes');
    await page.getByText('The nodes could not be read').first().waitFor();
    await page.getByText('Not known', { exact: true }).waitFor();
    assert.equal(await page.getByText('No node has registered yet').count(), 0);
    await page.visit('/commands');
    await page.getByText('The commands could not be read').waitFor();
    assert.equal(await page.getByText('No command has run yet').count(), 0);
  });

  it('is told above what was read before', async () => {
    await page.visit(`/nodes/${agent.node}`);
    await page.getByRole('heading', { level: 1, name: 'web-01' }).waitFor();
    await page.route(/\/quarterdeck\/v1\/nodes/, refuse);
    // The page reads again when its window comes to the front.
    await until('the page to ask again', async () => {
      await page.evaluate(() => window.dispatchEvent(new Event('visibilitychange')));
      return page.getByText('The nodes could not be read').isVisible();
    });
    assert.equal(await page.getByRole('heading', { level: 1, name: 'web-01' }).count(), 1);
  });

  it('an earlier command that is gone is said to be, with a way on', async () => {
    await page.visit('/run?from=00000000-0000-4000-8000-000000000000');
    await page.getByText('There is no command 00000000-0000-4000-8000-000000000000').waitFor();
    await button('Write a new command').click();
    await page.locator('.cm-content').first().waitFor();
  });
});

const asked = () => new URLSearchParams(page.url().split('?')[1]).get('q');

describe('filters that are typed', () => {
  it('offer what nodes have, and become tokens by keyboard alone', async () => {
    await page.visit('/nodes');
    const filter = page.getByLabel('Filter nodes');
    await filter.focus();
    await page.keyboard.insertText('Platform name = ');
    await page.getByRole('option', { name: /Debian|Linux/ }).first().waitFor();
    await page.keyboard.press('Escape');
    await filter.fill('Status = Online');
    await page.keyboard.press('Enter');
    await until('the address to have it', async () => asked() === 'status=Online');
    await row(/web-01/).waitFor();
    assert.equal(await row(/^db/).count(), 0);
    await filter.fill('Name : WEB-0');
    await page.keyboard.press('Enter');
    await until('the address to have both', async () => asked() === 'status=Online name:WEB-0');
    await row(/web-01/).waitFor();
    await page.reload();
    await row(/web-01/).waitFor();
    assert.deepEqual(await seriousFindings(page), []);
  });

  it('that the hub refuses are said to be, and can be taken away', async () => {
    await page.visit(`/nodes?q=${encodeURIComponent('status=Asleep')}`);
    await page.getByText('The nodes could not be read').waitFor();
    await page.getByText(/takes Online or ConnectionLost/).waitFor();
    await button('Clear filters').click();
    await row(/web-01/).waitFor();
  });

  it('a tag that no node in view has can be asked for', async () => {
    await page.visit('/nodes?q=nothing-like-it');
    const filter = page.getByLabel('Filter nodes');
    await page.getByText('No node matches').waitFor();
    await button('Clear the filter').last().click();
    await filter.fill('tag:nowhere=x');
    await filter.press('Enter');
    await page.getByText('No node matches').waitFor();
    assert.equal(asked(), 'tag:nowhere=x');
  });

  it('a time that is none is said to be, and shows no commands', async () => {
    await page.visit(`/commands?filter=${encodeURIComponent(JSON.stringify({ InvokedAfter: 'yesterday' }))}`);
    await page.getByText('“yesterday” is not a time.').waitFor();
    await page.getByText('Not known', { exact: true }).waitFor();
  });
});

describe('many nodes', () => {
  before(async () => {
    await registerNodes(hub, 45, { name: 'db-서울', tags: { role: 'db' } });
    await registerNodes(hub, 3, { name: '=1+1', tags: { role: 'odd', note: 'عربى' } });
  });
  const path = `/nodes?q=${encodeURIComponent('tag:role=db')}`;
  const list = async (key, value) => (await hub.call('DescribeInstanceInformation', { Filters: [{ Key: `tag:${key}`, Values: [value] }], MaxResults: 50 })).InstanceInformationList;
  // By keyboard: the header that stays in view is a copy that lies above the one that can be reached.
  const selectPage = async () => {
    await page.getByRole('checkbox', { name: 'All' }).focus();
    await page.keyboard.press(' ');
  };
  const act = async (name) => {
    await button('Actions').click();
    await page.getByRole('menuitem', { name, exact: true }).click();
  };

  it('are selected across pages, all that match at once, and one taken out again', async () => {
    await page.visit(path);
    await row(/db-서울/).first().waitFor();
    await selectPage();
    await inMain('20 selected.').waitFor();
    await page.getByRole('button', { name: 'Next page' }).click();
    await until('the next page', async () => (await page.getByRole('checkbox', { checked: true }).count()) === 0);
    await page.getByRole('row', { name: /db-서울/ }).nth(1).getByRole('checkbox').check();
    await inMain('21 selected.').waitFor();
    await button('Select none').click();
    await selectPage();
    await button('Select all 45 that match').click();
    await inMain('All that match are selected: 45.').waitFor();
    await page.getByRole('row', { name: /db-서울/ }).nth(1).getByRole('checkbox').uncheck();
    await inMain('All that match are selected: 44.').waitFor();
    // By tags, a command can have more than 50; with one taken out, it takes their ids.
    await button('Run a command').click();
    await page.waitForURL(/#\/run\?nodes=/);
    assert.equal(JSON.parse(new URLSearchParams(page.url().split('?')[1]).get('nodes')).length, 44);
  });

  it('are targeted by the tags that the filter names', async () => {
    await page.visit(path);
    await selectPage();
    await button('Select all 45 that match').click();
    await button('Run a command').click();
    await page.waitForURL(/#\/run\?targets=/);
    await page.getByText('45 nodes', { exact: true }).waitFor();
    assert.deepEqual(JSON.parse(new URLSearchParams(page.url().split('?')[1]).get('targets')), [{ Key: 'tag:role', Values: ['db'] }]);
  });

  it('get tags all at once, with a way back', async () => {
    await page.visit(path);
    await selectPage();
    await button('Select all 45 that match').click();
    await act('Edit tags');
    const dialog = page.getByRole('dialog', { name: 'Edit tags of 45 nodes' });
    await dialog.getByRole('textbox', { name: 'Key' }).fill('환경');
    await dialog.getByRole('textbox', { name: 'Value' }).fill('운영');
    await dialog.getByLabel('Tags to remove').fill('role');
    await dialog.getByLabel('Tags to remove').press('Enter');
    assert.deepEqual(await seriousFindings(page), []);
    await picture(page, 'nodes-bulk-tags');
    await dialog.getByRole('button', { name: 'Save tags' }).click();
    await dialog.getByText('The tags of 45 nodes are saved').waitFor({ timeout: 60_000 });
    assert.equal((await list('환경', '운영')).length, 45);
    assert.equal((await list('role', 'db')).length, 0);
    await dialog.getByRole('button', { name: 'Undo' }).click();
    await dialog.getByText('Taken back on 45').waitFor({ timeout: 60_000 });
    assert.equal((await list('role', 'db')).length, 45);
    assert.equal((await list('환경', '운영')).length, 0);
  });

  it('stop at the first node when nothing may be changed', async () => {
    let sent = 0;
    await page.route(
      (url) => url.pathname === '/',
      (route) => {
        if (route.request().headers()['x-amz-target'] !== 'AmazonSSM.AddTagsToResource') return route.continue();
        sent += 1;
        return route.fulfill({ status: 400, body: '{"__type":"AccessDeniedException","message":"not you"}' });
      },
    );
    await page.visit(path);
    await selectPage();
    await act('Edit tags');
    const dialog = page.getByRole('dialog', { name: 'Edit tags of 20 nodes' });
    await dialog.getByRole('textbox', { name: 'Key' }).fill('a');
    await dialog.getByRole('button', { name: 'Save tags' }).click();
    await dialog.getByText(/were not begun/).waitFor();
    await dialog.getByRole('button', { name: 'Try 20 again' }).waitFor();
    assert.ok(sent <= 4, `${sent} were asked`);
  });

  it('are written to a file, every one that matches, safe for a spreadsheet', async () => {
    const save = async (format) => {
      await button('Export').click();
      const download = page.waitForEvent('download');
      await page.getByRole('menuitem', { name: format }).click();
      return readFileSync(await (await download).path());
    };
    await page.visit('/nodes');
    await row(/db-서울/).first().waitFor();
    const bytes = await save('CSV (opens in a spreadsheet)');
    assert.deepEqual([...bytes.subarray(0, 3)], [0xef, 0xbb, 0xbf]);
    const lines = bytes.toString('utf8').trimEnd().split('\r\n');
    const all = JSON.parse((await save('JSON')).toString('utf8'));
    assert.equal(lines.length, all.length + 1);
    assert.equal(all.filter((node) => node.Tags.role === 'db').length, 45);
    assert.equal(lines.filter((line) => line.includes('db-서울')).length, 45);
    assert.equal(lines.filter((line) => line.startsWith("'=1+1,") && line.includes('عربى')).length, 3);
  });

  it('stop being written when told to', async () => {
    await page.visit('/nodes');
    await row(/db-서울/).first().waitFor();
    let release;
    const held = new Promise((resolve) => (release = resolve));
    await page.route(/\/quarterdeck\/v1\/nodes\?.*max=200/, async (route) => {
      await held;
      await route.continue();
    });
    await button('Export').click();
    await page.getByRole('menuitem', { name: 'JSON' }).click();
    await button('Stop the export').click();
    let downloads = 0;
    page.on('download', () => (downloads += 1));
    release();
    await button('Export').waitFor();
    assert.equal(downloads, 0);
  });

  it('are shown as a saved view has them, and as a link says', async () => {
    await page.visit(path);
    const view = (name) => page.getByRole('menuitem', { name, exact: true });
    await button('Preferences').click();
    const preferences = page.getByRole('dialog', { name: 'Preferences' });
    const wanted = preferences.getByRole('switch', { name: /^Tag role/ }).or(preferences.getByRole('checkbox', { name: /^Tag role/ }));
    await wanted.check();
    await preferences.getByRole('button', { name: 'Confirm' }).click();
    await page.getByRole('columnheader', { name: /Tag role/ }).waitFor();
    await button('View').click();
    await view('Save as a new view…').click();
    await page.getByLabel('Name of the view').fill('DB 서버');
    await page.keyboard.press('Enter');
    await page.getByText('The view “DB 서버” is saved').waitFor();
    await picture(page, 'nodes-view');
    await page.visit('/nodes');
    await page.getByRole('button', { name: /Saved views/ }).click();
    await page.getByRole('option', { name: 'DB 서버' }).click();
    await until('the filter of the view', async () => asked() === 'tag:role=db');
    await button('View').click();
    await view('Copy a link to this view').click();
    await page.getByText('The link is copied.').waitFor();
    const link = await page.evaluate(() => navigator.clipboard.readText());
    await page.context().close();
    page = await openPage(browser, hub);
    await page.visit(link.slice(link.indexOf('#') + 1));
    await page.getByRole('columnheader', { name: /Tag role/ }).waitFor();
    await inMain('db').first().waitFor();
    assert.equal(await row(/web-01/).count(), 0);
  });

  it('go only when their number is typed', async () => {
    await page.visit(`/nodes?q=${encodeURIComponent('tag:role=odd')}`);
    await selectPage();
    await act('Remove node');
    const dialog = page.getByRole('dialog', { name: 'Remove 3 nodes?' });
    await dialog.getByRole('textbox').fill('2');
    const go = dialog.getByRole('button', { name: 'Remove 3 nodes' });
    assert.equal(await go.getAttribute('aria-disabled'), 'true');
    assert.deepEqual(await seriousFindings(page), []);
    await dialog.getByRole('textbox').fill('3');
    await go.click();
    await dialog.getByText('3 nodes are removed').waitFor();
    await dialog.getByRole('button', { name: 'Close' }).last().click();
    await page.getByText('No node matches').waitFor();
    assert.equal((await list('role', 'odd')).length, 0);
  });
});

describe('a node', () => {
  it('is removed only when its name is typed', async () => {
    const [id] = await registerNodes(hub, 1, { name: '지울 노드' });
    await page.visit(`/nodes/${id}`);
    await page.getByText('This node is offline').waitFor();
    await button('Actions').click();
    await page.getByRole('menuitem', { name: 'Remove node' }).click();
    const dialog = page.getByRole('dialog', { name: 'Remove 지울 노드?' });
    const go = dialog.getByRole('button', { name: 'Remove node' });
    assert.equal(await go.getAttribute('aria-disabled'), 'true');
    await dialog.getByRole('textbox').fill('지울 노드');
    await page.keyboard.press('Enter');
    await page.getByText('지울 노드 is removed').waitFor();
    await page.waitForURL(/#\/nodes$/);
  });

  it('is asked for a new key', async () => {
    await page.visit(`/nodes/${agent.node}`);
    await button('Actions').click();
    await page.getByRole('menuitem', { name: 'Rotate the key' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Rotate the key' }).click();
    await page.getByText('web-01 is asked for a new key. It follows within the hour.').waitFor();
  });

  it('that is offline is looked into, in order, with what to paste on it', async () => {
    const [id] = await registerNodes(hub, 1, { name: 'silent' });
    await page.visit(`/nodes/${id}`);
    await button('Find out why').click();
    await page.getByRole('heading', { name: 'Why is this node offline?' }).waitFor();
    const checks = page.locator('.qd-checks > li');
    assert.equal(await checks.count(), 8);
    const [first, second] = await checks.allInnerTexts();
    assert.match(first, /^Last contact/);
    assert.match(second, /^Channel for commands/);
    const name = checks.filter({ hasText: 'Name of the hub (DNS)' });
    await name.getByRole('button').first().focus();
    await page.keyboard.press('Enter');
    await name.getByText('getent ahosts 127.0.0.1', { exact: true }).waitFor();
    assert.deepEqual(await seriousFindings(page), []);
    await picture(page, 'node-offline');
    await page.visit(`/nodes/${agent.node}?tab=connection`);
    await page.getByText('The node is connected.').waitFor();
  });

  it('has tabs that the address keeps and arrow keys reach', async () => {
    await page.visit(`/nodes/${agent.node}`);
    await page.getByRole('tab', { name: 'Overview' }).focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    await until('the tab in the address', async () => page.url().includes('tab=tags'));
    await row(/role/).waitFor();
    await page.reload();
    await row(/role/).waitFor();
  });
});

describe('adding machines', () => {
  it('says for each system what to run, and how to know the hub', async () => {
    await page.visit('/activations');
    await page.getByText('Reached from this machine only').waitFor();
    const digest = createHash('sha256').update(readFileSync(hub.ca)).digest('hex');
    await page.locator('main').getByText(digest.match(/.{8}/g).join(' ')).waitFor();
    const download = page.waitForEvent('download');
    await page.getByRole('link', { name: 'Download ca.pem' }).or(page.getByRole('button', { name: 'Download ca.pem' })).click();
    assert.deepEqual(readFileSync(await (await download).path()), readFileSync(hub.ca));
    for (const [name, why] of [['Choose the addresses', 'The program of this hub decides where it listens'], ['Start 20 simulated nodes', 'Only the desktop app can start them']]) {
      assert.equal(await button(name).getAttribute('aria-disabled'), 'true');
      await page.locator('main').getByText(why).last().waitFor();
    }
    await button('Make an activation').click();
    await page.getByText('The activation is ready').waitFor();
    const line = () => page.locator('.qd-block pre').first().innerText();
    assert.match(await line(), new RegExp(`echo "${digest}  \\$dir/ca.pem" \\| sha256sum -c -`));
    await page.getByRole('tab', { name: 'macOS' }).click();
    await until('the line for macOS', async () => (await line()).includes('shasum -a 256'));
    await page.getByRole('tab', { name: 'Stock amazon-ssm-agent' }).click();
    await until('the line for Debian', async () => (await line()).includes('dpkg -i'));
    await page.getByRole('button', { name: 'RHEL, Fedora (rpm)' }).click();
    await until('the line for Fedora', async () => (await line()).includes('update-ca-trust'));
    await page.getByRole('button', { name: 'Windows PowerShell' }).click();
    await until('the line for Windows', async () => (await line()).includes('Import-Certificate'));
    assert.deepEqual(await seriousFindings(page), []);
    await picture(page, 'enrol-stock');
  });

  it('shows what an activation gave, and the nodes it brought', async () => {
    const made = await hub.call('CreateActivation', { IamRole: 'Ops', Description: '부산 센터', RegistrationLimit: 7, Tags: [{ Key: 'site', Value: '부산' }] });
    await registerNodes(hub, 2, { name: 'arrived', activation: made });
    await page.visit('/activations');
    const line = row(/부산 센터/);
    await line.getByText('site = 부산').waitFor();
    await line.getByText('Ops').waitFor();
    await line.getByRole('link', { name: '2 of 7' }).click();
    await until('the filter', async () => asked() === `activation=${made.ActivationId}`);
    await page.getByRole('heading', { level: 1, name: 'Nodes (2)' }).waitFor();
  });
});

describe('a list without a known end', () => {
  it('shows that there is more', async () => {
    for (let index = 0; index < 21; index += 1) await hub.call('CreateActivation', { IamRole: 'node' });
    await page.visit('/activations');
    const next = page.getByRole('button', { name: 'Next page' });
    await next.waitFor();
    assert.match(await page.locator('ul', { has: next }).innerText(), /…|\.\.\./);
  });
});
