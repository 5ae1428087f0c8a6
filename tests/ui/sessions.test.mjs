/** Sessions in a browser: listed, filtered, terminated; and terminals, which a browser cannot have, say so. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Agent, Hub, openBrowser, openPage, picture, seriousFindings, until } from './harness.mjs';

describe('sessions', () => {
  let hub;
  let agent;
  let browser;
  let page;
  const started = [];

  before(async () => {
    hub = await Hub.start();
    agent = await Agent.enrolled(hub, {});
    for (const Reason of ['look at the disk', '로그 확인']) {
      const { SessionId } = await hub.call('StartSession', { Target: agent.node, Reason });
      started.push(SessionId);
    }
    browser = await openBrowser();
    page = await openPage(browser, hub, { theme: 'light', language: 'en' });
  });
  after(async () => {
    await browser?.close();
    await agent?.stop();
    await hub?.stop();
  });

  const row = (id) => page.getByRole('row', { name: new RegExp(id) });

  it('are listed with who started them and where', async () => {
    await page.visit('/sessions');
    for (const id of started) await row(id).waitFor();
    assert.match(await row(started[0]).innerText(), new RegExp(agent.node));
    assert.deepEqual(await seriousFindings(page), []);
    await picture(page, 'sessions-active');
  });

  it('are filtered by the hub', async () => {
    await page.visit(`/sessions?filter=${encodeURIComponent(JSON.stringify({ session: started[1] }))}`);
    await row(started[1]).waitFor();
    assert.equal(await row(started[0]).count(), 0);
  });

  it('end when somebody says so twice, and are history then', async () => {
    await page.visit('/sessions');
    const terminate = page.getByRole('button', { name: 'Terminate' });
    assert.equal(await terminate.isDisabled(), true, 'nothing is chosen');
    await row(started[0]).getByRole('checkbox').check();
    await terminate.click();
    const question = page.getByRole('dialog');
    await question.getByText(started[0]).waitFor();
    await picture(page, 'sessions-terminate');
    await question.getByRole('button', { name: 'Terminate' }).click();
    await page.getByText('1 session is being terminated').waitFor();
    await until('the session to be history', async () => (await hub.call('DescribeSessions', { State: 'History' })).Sessions.some((session) => session.SessionId === started[0]));
    await page.getByRole('button', { name: 'History' }).click();
    await row(started[0]).waitFor();
    assert.match(await row(started[0]).innerText(), /Ended/);
    assert.equal(await page.getByRole('button', { name: 'Terminate' }).isDisabled(), true);
  });

  it('have no terminal in a browser, and say why', async () => {
    await page.visit('/terminal');
    await page.getByText('Terminals open in the desktop app').waitFor();
    assert.equal(await page.getByRole('button', { name: 'New terminal' }).isDisabled(), true);
    assert.deepEqual(await seriousFindings(page), []);
    await page.visit(`/nodes/${agent.node}`);
    const button = page.getByRole('button', { name: 'Terminal', exact: true });
    await button.waitFor();
    assert.equal(await button.getAttribute('aria-disabled') === 'true' || (await button.isDisabled()), true);
  });

  it('that were not recorded say so where a recording would be', async () => {
    await page.visit('/sessions/nobody-00000000000000000');
    await page.getByText('The recording could not be read').waitFor();
    assert.deepEqual(await seriousFindings(page), []);
  });
});
