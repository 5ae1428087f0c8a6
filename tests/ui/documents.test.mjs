/** Documents from beginning to end: written with the hub's own judgement beside the text, versions, sharing, tags, files, and the end. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { gestures, openScene, picture, seriousFindings, unique, until } from './harness.mjs';

let hub;
let agent;
let page;
openScene({ tags: { role: 'web' } }, (scene) => ({ hub, agent, page } = scene));
const { button, field, heading, ended } = gestures(() => ({ hub, agent, page }));

const GOOD = "schemaVersion: '2.2'\nmainSteps:\n  - action: aws:runShellScript\n    name: run\n    inputs:\n      runCommand:\n        - echo good\n";
const editor = () => page.locator('.cm-content');

/** Puts a text into the editor without its help: indentation stays as it is. */
async function write(text) {
  await editor().click();
  await page.keyboard.press('Control+a');
  await page.keyboard.insertText(text);
}

/** What the page says of the text that stands there now. */
async function verdict() {
  const place = page.locator('[id$="-said"]');
  await until('the hub to have looked at it', async () => !/Checking/.test(await place.innerText()));
  const text = await place.innerText();
  return { good: /The hub would take it/.test(text), text };
}

async function made(content = GOOD, more = {}) {
  const Name = `doc-${unique()}`;
  await hub.call('CreateDocument', { Name, DocumentType: 'Command', DocumentFormat: 'YAML', Content: content, ...more });
  return Name;
}

async function choose(action) {
  await button('Actions').click();
  await page.getByRole('menuitem', { name: action, exact: true }).click();
}

describe('writing a document', () => {
  it('says what is wrong as the hub would, offers what may stand there, and keeps what was written', async () => {
    const name = `written-${unique()}`;
    await page.visit('/new-document');
    assert.ok((await verdict()).good, 'what a new document begins with is right');
    assert.deepEqual(await seriousFindings(page), []);
    await write("schemaVersion: '2.2'\nmainSteps:\n  - action: aws:runShelScript\n    name: one");
    await until('the mistake to be said', async () => /The plugin `aws:runShelScript` is unknown\./.test((await verdict()).text));
    assert.equal(await button('Create document').getAttribute('aria-disabled'), 'true');
    await page.locator('.cm-lintRange-error').first().waitFor();
    assert.deepEqual(await seriousFindings(page), []);
    await picture(page, 'document-mistake');
    await write("schemaVersion: '2.2'\nmainSteps:\n  - name: one\n    action: aws:runSh");
    await page.keyboard.press('Control+Space');
    await page.locator('.cm-tooltip-autocomplete').getByText('aws:runShellScript').waitFor();
    await picture(page, 'document-completion');
    await until('the list to take keys', async () => {
      await page.keyboard.press('Enter');
      return /aws:runShellScript/.test(await editor().innerText());
    });
    await until('it to be right', async () => (await verdict()).good);
    await page.locator('nav').getByRole('link', { name: 'Documents', exact: true }).first().click();
    await heading('Documents').waitFor();
    await page.goBack();
    await page.getByText('This is what you were writing').waitFor();
    await editor().getByText('aws:runShellScript').waitFor();
    await button('Create document').waitFor();
    await until('it to be right again', async () => (await verdict()).good);
    await button('Create document').click();
    await page.getByText('Enter a name.').waitFor();
    await field('Name').fill('AWS-mine');
    await page.getByText('belong to AWS').waitFor();
    await field('Name').fill(name);
    await button('Create document').click();
    await heading(name).waitFor();
    const { Content } = await hub.call('GetDocument', { Name: name, DocumentFormat: 'YAML' });
    assert.match(Content, /action: aws:runShellScript/);
  });

  it('takes what the hub takes, and refuses what it refuses, in its words', { timeout: 180_000 }, async () => {
    const param = (body) => GOOD.replace('mainSteps', `parameters:\n  P:\n    ${body}\nmainSteps`);
    const table = [
      GOOD,
      GOOD.replace("'2.2'", '2.2'),
      GOOD.replace("'2.2'", "'2.1'"),
      GOOD.replace("'2.2'", "'0.3'"),
      GOOD.replace('name: run', 'name: ""'),
      GOOD.replace('echo good', 'echo "{{ nobody }}"'),
      GOOD.replace('echo good', 'echo "{{ global:REGION }}"'),
      GOOD.replace('inputs:', 'inputs: x #'),
      GOOD.replace('    name: run', '   name: run'),
      `${GOOD}${GOOD.split('mainSteps:\n')[1]}`,
      param('type: String'),
      param('type: Text'),
      param('type: Boolean\n    default: "true"'),
      param('type: String\n    allowedPattern: "["'),
      param('type: String\n    minChars: 5\n    maxChars: 2'),
      '{}',
      '',
      'a: b: c',
    ];
    await page.visit('/new-document');
    const wrong = [];
    let good = 0;
    for (const content of table) {
      await write(content);
      if (content === '') await page.keyboard.press('Delete');
      let said;
      const answer = await hub.call('CreateDocument', { Name: `table-${unique()}`, DocumentType: 'Command', DocumentFormat: 'YAML', Content: content || ' ' }).then(() => undefined, (error) => error.message);
      try {
        await until('the same verdict', async () => {
          said = await verdict();
          return answer === undefined ? said.good : !said.good && said.text.replaceAll(/\s+/g, ' ').includes(answer.replace(/^CreateDocument: \w+ /, '').replaceAll(/\s+/g, ' '));
        }, 8);
      } catch {
        wrong.push(`${JSON.stringify(content)}\n  hub: ${answer}\n  editor: ${said?.text}`);
      }
      if (answer === undefined) good += 1;
    }
    assert.deepEqual(wrong, []);
    assert.ok(good >= 4 && good <= table.length - 8, `${good} of ${table.length} are good`);
  });

  it('rewrites the text in the other format, and reads a file', async () => {
    await page.visit('/new-document');
    await write(GOOD);
    await until('it to be right', async () => (await verdict()).good);
    await page.getByRole('button', { name: /^Format/ }).click();
    await page.getByRole('option', { name: 'JSON' }).click();
    await until('the text to be JSON', async () => (await editor().innerText()).startsWith('{'));
    await until('it to be right still', async () => (await verdict()).good);
    await page.locator('input[type=file]').setInputFiles({ name: 'mine.yaml', mimeType: 'text/yaml', buffer: Buffer.from(GOOD.replace('good', 'from a file')) });
    await editor().getByText('echo from a file').waitFor();
    await page.getByRole('button', { name: /^Format.*YAML/ }).waitFor();
    await page.locator('input[type=file]').setInputFiles({ name: 'photo.json', mimeType: 'image/png', buffer: Buffer.from([0x89, 0x50, 0xff, 0xfe]) });
    await page.getByText('photo.json is not a text file').waitFor();
  });

  it('copies a document of Amazon, which cannot be changed itself', async () => {
    const name = `copy-${unique()}`;
    await page.visit('/documents/AWS-RunShellScript');
    await button('Actions').click();
    for (const action of ['New version', 'Delete document']) assert.equal(await page.getByRole('menuitem', { name: action }).getAttribute('aria-disabled'), 'true');
    await page.getByRole('menuitem', { name: 'Copy to a new document' }).click();
    await heading('Copy of AWS-RunShellScript').waitFor();
    await field('Name').fill(name);
    await until('it to be right', async () => (await verdict()).good);
    await button('Create document').click();
    await heading(name).waitFor();
    const steps = async (Name) => JSON.parse((await hub.call('GetDocument', { Name, DocumentFormat: 'JSON' })).Content);
    assert.deepEqual(await steps(name), await steps('AWS-RunShellScript'));
  });
});

describe('versions', () => {
  it('are added, compared, made the default and deleted', async () => {
    const name = await made();
    await page.visit(`/documents/${name}`);
    await choose('New version');
    await heading(`New version of ${name}`).waitFor();
    await write(GOOD.replace('echo good', 'echo better'));
    await until('it to be right', async () => (await verdict()).good);
    await button('Save as new version').click();
    await page.getByText(`Version 2 of ${name} is saved`).waitFor();
    await page.getByRole('tab', { name: 'Versions' }).click();
    await page.getByRole('checkbox', { name: 'Version 1' }).check();
    await page.getByRole('checkbox', { name: 'Version 2' }).check();
    await button('Compare').click();
    const dialog = page.getByRole('dialog', { name: `Versions of ${name}` });
    await dialog.getByText('1 place differs.').waitFor();
    assert.match(await dialog.locator('.cm-merge-a .cm-changedLine').innerText(), /echo good/);
    assert.match(await dialog.locator('.cm-merge-b .cm-changedLine').innerText(), /echo better/);
    assert.deepEqual(await seriousFindings(page), []);
    await picture(page, 'document-diff');
    await page.keyboard.press('Escape');
    await page.getByRole('checkbox', { name: 'Version 1' }).uncheck();
    await button('Make default').click();
    await page.getByRole('dialog').getByRole('button', { name: 'Make default' }).click();
    await page.getByText(`Version 2 of ${name} is the default now`).waitFor();
    assert.equal((await hub.call('DescribeDocument', { Name: name })).Document.DefaultVersion, '2');
    assert.equal(await button('Delete version').getAttribute('aria-disabled'), 'true');
    await page.getByRole('checkbox', { name: 'Version 2' }).uncheck();
    await page.getByRole('checkbox', { name: 'Version 1' }).check();
    await button('Delete version').click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete version' }).click();
    await page.getByText(`Version 1 of ${name} is deleted`).waitFor();
    assert.deepEqual((await hub.call('ListDocumentVersions', { Name: name })).DocumentVersions.map((one) => one.DocumentVersion), ['2']);
  });

  it('are not written over one that somebody else added meanwhile', async () => {
    const name = await made();
    await page.visit(`/documents/${name}/new-version`);
    await write(GOOD.replace('echo good', 'echo mine'));
    await until('it to be right', async () => (await verdict()).good);
    await hub.call('UpdateDocument', { Name: name, DocumentVersion: '1', DocumentFormat: 'YAML', Content: GOOD.replace('echo good', 'echo theirs') });
    await button('Save as new version').click();
    await page.getByText('The document could not be saved').waitFor();
    await editor().getByText('echo mine').waitFor();
    assert.equal((await hub.call('DescribeDocument', { Name: name })).Document.LatestVersion, '2');
  });
});

describe('a document', () => {
  it('says which commands ran it', async () => {
    const name = await made();
    await page.visit(`/documents/${name}?tab=used`);
    await page.getByText('No command has run this document').waitFor();
    const comment = `by ${unique()}`;
    const { Command } = await hub.call('SendCommand', { DocumentName: name, InstanceIds: [agent.node], Comment: comment });
    await ended(Command.CommandId);
    await page.locator('main').getByRole('link', { name: comment }).waitFor();
    assert.deepEqual(await seriousFindings(page), []);
  });

  it('is shared, and no longer', async () => {
    const name = await made();
    await page.visit(`/documents/${name}?tab=permissions`);
    await page.getByText('A hub holds one account.').waitFor();
    await page.getByLabel('Account', { exact: true }).fill('12345');
    await page.getByText('An account is 12 digits').first().waitFor();
    await page.getByLabel('Account', { exact: true }).fill('123456789012');
    await button('Share').click();
    await page.getByRole('dialog').getByRole('button', { name: 'Share' }).click();
    await page.getByRole('row', { name: /123456789012/ }).waitFor();
    assert.deepEqual((await hub.call('DescribeDocumentPermission', { Name: name, PermissionType: 'Share' })).AccountIds, ['123456789012']);
    assert.deepEqual(await seriousFindings(page), []);
    await picture(page, 'document-permissions');
    await button('End sharing with 123456789012').click();
    await page.getByRole('dialog').getByRole('button', { name: 'End sharing' }).click();
    await page.getByText('It is shared with nobody').waitFor();
    assert.deepEqual((await hub.call('DescribeDocumentPermission', { Name: name, PermissionType: 'Share' })).AccountIds ?? [], []);
  });

  it('is tagged, and found by its tag', async () => {
    const name = await made();
    const other = await made(GOOD.replace('good', 'other'));
    await page.visit(`/documents/${name}?tab=tags`);
    await button('Edit tags').click();
    await button('Add a tag').click();
    await field('Key').fill('팀');
    await field('Value').fill('플랫폼');
    await button('Save tags').click();
    await page.locator('main').getByText('팀 = 플랫폼').waitFor();
    await page.visit('/documents');
    const filter = page.getByLabel('Filter documents');
    await filter.fill('tag:팀=플랫폼');
    await filter.press('Enter');
    await page.getByRole('link', { name, exact: true }).waitFor();
    await until('the others to go', async () => (await page.getByRole('link', { name: other, exact: true }).count()) === 0);
    assert.match(decodeURIComponent(page.url()), /tag:팀/);
  });

  it('becomes a file in either format', async () => {
    const name = await made();
    await page.visit(`/documents/${name}`);
    for (const [format, end] of [['YAML', 'yaml'], ['JSON', 'json']]) {
      const download = page.waitForEvent('download');
      await choose(`Save as ${format}`);
      const file = await download;
      assert.equal(file.suggestedFilename(), `${name}.${end}`);
      const text = readFileSync(await file.path(), 'utf8');
      assert.equal(text, (await hub.call('GetDocument', { Name: name, DocumentFormat: format })).Content);
    }
  });

  it('is deleted only by who types its name', async () => {
    const name = await made();
    await page.visit(`/documents/${name}`);
    await choose('Delete document');
    const dialog = page.getByRole('dialog');
    assert.equal(await dialog.getByRole('button', { name: 'Delete document' }).getAttribute('aria-disabled'), 'true');
    await dialog.getByRole('textbox').fill(name);
    await dialog.getByRole('button', { name: 'Delete document' }).click();
    await heading('Documents').waitFor();
    await page.getByText(`${name} is deleted`).waitFor();
    await assert.rejects(hub.call('DescribeDocument', { Name: name }), /InvalidDocument/);
    assert.deepEqual(page.complaints, []);
  });
});
