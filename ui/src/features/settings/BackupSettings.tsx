/** The settings as a file, out and in; everything as at the first start. */
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useQueryClient } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { lineOf } from '../../api/errors';
import { flash } from '../../app/flash';
import { changePreferences, parsePreferences, preferences } from '../../app/preferences';
import { Confirm } from '../../components/Confirm';
import { host } from '../../host';
import { useText } from '../../i18n';
import { APP_SETTINGS, fromFile, LONGEST_FILE, type Portable, TABLES, toFile } from './portable';

async function current(): Promise<Portable> {
  const read = async (keys: readonly string[]) =>
    Object.fromEntries((await Promise.all(keys.map(async (key) => [key, await host.settingsGet(key)] as const))).filter((pair): pair is [string, string] => typeof pair[1] === 'string'));
  return { preferences: preferences.get(), app: host.kind === 'desktop' ? await read(APP_SETTINGS) : {}, tables: await read(TABLES) };
}

async function put(settings: Portable): Promise<void> {
  await changePreferences(settings.preferences);
  const app = host.kind === 'desktop' ? Object.entries(settings.app) : [];
  for (const [key, value] of [...app, ...Object.entries(settings.tables)]) if (value !== undefined) await host.settingsSet(key, value);
}

export function BackupSettings() {
  const { t, maybe } = useText();
  const client = useQueryClient();
  const input = useRef<HTMLInputElement>(null);
  const [offered, setOffered] = useState<Portable>();
  const [refused, setRefused] = useState(false);
  const failed = (error: unknown) => flash({ type: 'error', text: 'errors.flash', values: { what: t('settings.backupFailed'), message: lineOf(error, maybe) } });
  const save = async () => {
    if (await host.saveFile('quarterdeck-settings.json', 'application/json', [toFile(await current())])) flash({ type: 'success', text: 'settings.exported' });
  };
  const read = async (file: File | undefined) => {
    if (!file) return;
    const settings = file.size > LONGEST_FILE ? undefined : fromFile(await file.text());
    setRefused(settings === undefined);
    setOffered(settings);
  };
  /** Puts settings in place; the message that says so takes them back. */
  const take = async (settings: Portable, text: 'settings.imported' | 'settings.reset') => {
    const before = await current();
    const done = async (put_: Portable) => {
      await put(put_);
      await client.invalidateQueries({ queryKey: ['settings'] });
    };
    await done(settings);
    flash({ type: 'success', text, undo: { run: () => done(before), failed: 'settings.backupFailed' } });
  };
  const reset = () => void take({ preferences: { ...parsePreferences('{}'), guide: preferences.get().guide }, app: {}, tables: {} }, 'settings.reset').catch(failed);
  return (
    <Container id="section-backup" header={<Header variant="h2" description={t('settings.backupHint')}>{t('settings.backup')}</Header>}>
      <SpaceBetween size="m">
        {refused && (
          <Alert type="error" dismissible dismissAriaLabel={t('common.close')} onDismiss={() => setRefused(false)}>
            {t('settings.notSettings')}
          </Alert>
        )}
        <SpaceBetween direction="horizontal" size="xs">
          <Button iconName="download" onClick={() => void save().catch(failed)}>
            {t('settings.export')}
          </Button>
          <Button iconName="upload" onClick={() => input.current?.click()}>
            {t('settings.import')}
          </Button>
          <Button variant="link" onClick={reset}>
            {t('settings.resetAll')}
          </Button>
        </SpaceBetween>
        <input
          ref={input}
          type="file"
          accept="application/json,.json"
          aria-label={t('settings.import')}
          hidden
          onChange={(event) => {
            void read(event.target.files?.[0]).catch(failed);
            // The same file can be chosen again.
            event.target.value = '';
          }}
        />
      </SpaceBetween>
      {offered && (
        <Confirm title={t('settings.importTitle')} action={t('settings.importDo')} failed={t('settings.backupFailed')} onConfirm={() => take(offered, 'settings.imported')} onClose={() => setOffered(undefined)}>
          <Box>{t('settings.importHint', { tables: Object.keys(offered.tables).length, rules: offered.preferences.notifyRules.length })}</Box>
        </Confirm>
      )}
    </Container>
  );
}
