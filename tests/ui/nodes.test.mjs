/** What goes wrong around nodes: changes of others meanwhile, filters typed by hand, a hub that does not answer. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { Agent, Hub, openBrowser, openPage, until } from './harness.mjs';

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

describe('editing tags', () => {
  it('leaves alone what someone else changed meanwhile', async () => {
    await page.visit(`/nodes/${agent.node}`);
    await button('Edit tags').click();
    await button('Remove old').click();
    await hub.call('AddTagsToResource', { ResourceType: 'ManagedInstance', ResourceId: agent.node, Tags: [{ Key: 'theirs', Value: '1' }] });
    // The page reads again when its window comes to the front, behind the dialog too.
    await until('the page to know', async () => {
      await page.evaluate(() => window.dispatchEvent(new Event('visibilitychange')));
      return page.locator('main').getByText('theirs = 1').isVisible();
    });
    await button('Save tags').click();
    await page.getByText('The tags of web-01 are saved').waitFor();
    assert.deepEqual(await tags(), { role: 'web', theirs: '1' });
  });

  it('keeps every tag, and shows the truth, when half of it fails', async () => {
    await page.visit(`/nodes/${agent.node}`);
    await page.route(
      (url) => url.pathname === '/',
      (route) => (route.request().headers()['x-amz-target'] === 'AmazonSSM.RemoveTagsFromResource' ? route.fulfill({ status: 500, body: '{"__type":"InternalServerError","message":"no"}' }) : route.continue()),
    );
    await button('Edit tags').click();
    await button('Remove role').click();
    await button('Add a tag').click();
    await page.getByRole('textbox', { name: 'Key', exact: true }).last().fill('added');
    await button('Save tags').click();
    await page.getByText('The tags could not be saved').waitFor();
    await button('Leave them as they are').click();
    await page.locator('main').getByText('added', { exact: true }).waitFor();
    const now = await tags();
    assert.equal(now.role, 'web');
    assert.equal(now.added, '');
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
    await button('Edit tags').click();
    await button('Save tags').click();
    await page.getByText('The nodes could not be read').waitFor();
    assert.equal(await page.getByRole('heading', { level: 1, name: 'web-01' }).count(), 1);
  });

  it('an earlier command that is gone is said to be, with a way on', async () => {
    await page.visit('/run?from=00000000-0000-4000-8000-000000000000');
    await page.getByText('There is no command 00000000-0000-4000-8000-000000000000').waitFor();
    await button('Write a new command').click();
    await page.locator('.cm-content').first().waitFor();
  });
});

describe('filters that are typed', () => {
  it('a tag that no node in view has can be asked for', async () => {
    await page.visit('/nodes?search=nothing-like-it');
    const filter = page.getByLabel('Filter nodes');
    await page.getByText('No node matches').waitFor();
    await button('Clear the filter').last().click();
    await filter.fill('tag:nowhere=x');
    await filter.press('Enter');
    await page.getByText('No node matches').waitFor();
    assert.deepEqual(JSON.parse(new URLSearchParams(page.url().split('?')[1]).get('filter')), [{ Key: 'tag:nowhere', Values: ['x'] }]);
  });

  it('a time that is none is said to be, and shows no commands', async () => {
    await page.visit(`/commands?filter=${encodeURIComponent(JSON.stringify({ InvokedAfter: 'yesterday' }))}`);
    await page.getByText('“yesterday” is not a time.').waitFor();
    await page.getByText('Not known', { exact: true }).waitFor();
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
