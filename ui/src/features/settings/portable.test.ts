import { expect, it, vi } from 'vitest';

vi.stubGlobal('window', { matchMedia: () => ({ matches: false, addEventListener() {} }) });
vi.stubGlobal('localStorage', { getItem: () => null, setItem() {} });
const { fromFile, LONGEST_FILE, toFile } = await import('./portable');
const { parsePreferences } = await import('../../app/preferences');

const settings = { preferences: { ...parsePreferences('{}'), language: 'ko' as const, timeZone: 'Asia/Seoul' }, app: { trayIcon: 'dark' }, tables: { 'table.nodes': '{"pageSize":50}' } };

it('comes back as it went', () => expect(fromFile(toFile(settings))).toEqual(settings));

it.each(['', '{', '[]', '{"quarterdeck":"settings"}', '{"quarterdeck":"other","version":1,"preferences":{}}', '{"quarterdeck":"settings","version":2,"preferences":{}}', 'x'.repeat(LONGEST_FILE + 1)])(
  'takes nothing from what is no file of settings',
  (text) => expect(fromFile(text)).toBeUndefined(),
);

it('takes only what it knows', () => {
  const read = fromFile(JSON.stringify({
    quarterdeck: 'settings', version: 1,
    preferences: { theme: 'purple', language: 'ko', secretAccessKey: 'hunter2' },
    app: { trayIcon: 'dark', closeWithoutTray: 'explode', connectionMark: 'open' },
    tables: { 'table.nodes': '{}', 'table.../x': '{}', 'table.documents': 'not json', preferences: '{}' },
  }));
  expect(read?.preferences).toMatchObject({ theme: 'system', language: 'ko' });
  expect(JSON.stringify(read)).not.toContain('hunter2');
  expect(read?.app).toEqual({ trayIcon: 'dark' });
  expect(read?.tables).toEqual({ 'table.nodes': '{}' });
});

it('holds nothing that is not written into it by name', () => {
  expect(Object.keys(JSON.parse(toFile(settings)) as object).sort()).toEqual(['app', 'preferences', 'quarterdeck', 'tables', 'version']);
});
