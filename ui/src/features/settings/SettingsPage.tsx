import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import FormField from '@cloudscape-design/components/form-field';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import RadioGroup from '@cloudscape-design/components/radio-group';
import SegmentedControl from '@cloudscape-design/components/segmented-control';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Tabs from '@cloudscape-design/components/tabs';
import TimeInput from '@cloudscape-design/components/time-input';
import Toggle from '@cloudscape-design/components/toggle';
import Tiles from '@cloudscape-design/components/tiles';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useSearch } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { lineOf } from '../../api/errors';
import { useConnection } from '../../app/connection';
import { flash } from '../../app/flash';
import { Page } from '../../app/page';
import { changePreferences, type Preferences, preferences } from '../../app/preferences';
import { useOpen } from '../../app/router';
import { secretsDialog } from '../../app/SecretsDialog';
import { shortcutsOpen } from '../../app/Shortcuts';
import { CodeBlock } from '../../components/CodeBlock';
import { Failure } from '../../components/Failure';
import { type AccessKey, type ConnectionMark, host, type SecretsState } from '../../host';
import { type TextKey, useText } from '../../i18n';
import { quotePosix, stringPowerShell } from '../../lib/shellQuote';
import { useStore } from '../../lib/store';
import { BackupSettings } from './BackupSettings';
import { FormatSettings } from './FormatSettings';
import { RuleSettings } from './RuleSettings';

export interface SettingsSearch {
  /** Which part is wanted: `look`, `formats`, `notifications`, `app`, `connection`, `backup`. */
  section?: string;
}

export function SettingsPage() {
  const { t } = useText();
  const { section } = useSearch({ from: '/settings' });
  useEffect(() => {
    // After the shell has begun the page at its top.
    const frame = requestAnimationFrame(() => {
      if (section && /^[a-z]+$/.test(section)) document.getElementById(`section-${section}`)?.scrollIntoView({ block: 'start' });
    });
    return () => cancelAnimationFrame(frame);
  }, [section]);
  const value = useStore(preferences);
  const [error, setError] = useState<unknown>();
  const change = (next: Partial<Preferences>) => {
    setError(undefined);
    changePreferences(next).catch(setError);
  };
  return (
    <Page title={t('settings.title')} description={t('settings.description')}>
      <SpaceBetween size="l">
        {error !== undefined && <Failure error={error} what={t('settings.saveFailed')} />}
        <Container id="section-look" header={<Header variant="h2">{t('settings.look')}</Header>}>
          <SpaceBetween size="l">
            <FormField label={t('settings.language')}>
              <SegmentedControl
                label={t('settings.language')}
                selectedId={value.language}
                onChange={({ detail }) => change({ language: detail.selectedId as Preferences['language'] })}
                options={[
                  { id: 'system', text: t('settings.systemLanguage') },
                  { id: 'en', text: t('settings.english') },
                  { id: 'ko', text: t('settings.korean') },
                ]}
              />
            </FormField>
            <FormField label={t('settings.theme')}>
              <SegmentedControl
                label={t('settings.theme')}
                selectedId={value.theme}
                onChange={({ detail }) => change({ theme: detail.selectedId as Preferences['theme'] })}
                options={[
                  { id: 'system', text: t('settings.themeSystem') },
                  { id: 'light', text: t('settings.themeLight') },
                  { id: 'dark', text: t('settings.themeDark') },
                ]}
              />
            </FormField>
            <FormField label={t('settings.density')}>
              <Tiles
                ariaLabel={t('settings.density')}
                value={value.density}
                onChange={({ detail }) => change({ density: detail.value as Preferences['density'] })}
                items={[
                  { value: 'comfortable', label: t('settings.comfortable'), description: t('settings.comfortableHint') },
                  { value: 'compact', label: t('settings.compact'), description: t('settings.compactHint') },
                ]}
              />
            </FormField>
          </SpaceBetween>
        </Container>
        <FormatSettings value={value} change={change} />
        <Container id="section-notifications" header={<Header variant="h2" description={t('settings.notificationsHint')}>{t('settings.notifications')}</Header>}>
          <SpaceBetween size="m">
            {host.kind === 'browser' && <Alert type="info">{t('settings.notifyBrowser')}</Alert>}
            <RadioGroup
              ariaLabel={t('settings.notifications')}
              value={value.notifications}
              onChange={({ detail }) => change({ notifications: detail.value as Preferences['notifications'] })}
              items={[
                { value: 'all', label: t('settings.notifyAll') },
                { value: 'failed', label: t('settings.notifyFailed') },
                { value: 'none', label: t('settings.notifyNone') },
              ]}
            />
            <RuleSettings value={value} change={change} />
            <QuietHours value={value} change={change} />
          </SpaceBetween>
        </Container>
        {host.kind === 'desktop' && <Closing />}
        {host.kind === 'desktop' && <TrayIcon />}
        <ConnectionDetails />
        <Secrets />
        <AwsTools />
        <BackupSettings />
        <Help />
      </SpaceBetween>
    </Page>
  );
}

function QuietHours({ value, change }: { value: Preferences; change: (next: Partial<Preferences>) => void }) {
  const { t } = useText();
  const hours = value.quietHours;
  const set = (next: Partial<{ from: string; to: string }>) => change({ quietHours: { from: '22:00', to: '07:00', ...hours, ...next } });
  const whole = (text: string) => /^([01]\d|2[0-3]):[0-5]\d$/.test(text);
  return (
    <FormField label={t('settings.quiet')}>
      <SpaceBetween size="s">
        <Toggle checked={hours !== null} onChange={({ detail }) => (detail.checked ? set({}) : change({ quietHours: null }))}>
          {t('settings.quietOn')}
        </Toggle>
        {hours && (
          <SpaceBetween direction="horizontal" size="m">
            <FormField label={t('settings.quietFrom')}>
              <TimeInput format="hh:mm" value={hours.from} onChange={({ detail }) => whole(detail.value) && set({ from: detail.value })} />
            </FormField>
            <FormField label={t('settings.quietTo')}>
              <TimeInput format="hh:mm" value={hours.to} onChange={({ detail }) => whole(detail.value) && set({ to: detail.value })} />
            </FormField>
          </SpaceBetween>
        )}
      </SpaceBetween>
    </FormField>
  );
}

function Mark() {
  const { t } = useText();
  const connection = useConnection();
  const client = useQueryClient();
  const [error, setError] = useState<unknown>();
  if (!host.mark || !connection) return null;
  const mark: ConnectionMark = connection.readOnly ? 'read-only' : connection.protected ? 'protected' : 'open';
  const set = async (next: ConnectionMark) => {
    setError(undefined);
    try {
      await host.mark?.(next);
    } catch (failure) {
      setError(failure);
    }
    await client.invalidateQueries({ queryKey: ['connection'] });
  };
  return (
    <SpaceBetween size="s">
      {error !== undefined && <Failure error={error} what={t('settings.markFailed')} />}
      <FormField label={t('settings.mark')} description={t('settings.markHint')}>
        <RadioGroup
          value={mark}
          onChange={({ detail }) => void set(detail.value as ConnectionMark)}
          items={[
            { value: 'open', label: t('settings.markOpen') },
            { value: 'protected', label: t('settings.markProtected') },
            { value: 'read-only', label: t('settings.markReadOnly') },
          ]}
        />
      </FormField>
    </SpaceBetween>
  );
}

const CLOSE_WITHOUT_TRAY = 'closeWithoutTray';

/** What closing the window means on a desktop without a tray: the answer to the app's own question, to be changed. */
function Closing() {
  const { t } = useText();
  const client = useQueryClient();
  const key = ['settings', CLOSE_WITHOUT_TRAY];
  const chosen = useQuery({ queryKey: key, queryFn: async () => (await host.settingsGet(CLOSE_WITHOUT_TRAY)) ?? 'ask' });
  const [error, setError] = useState<unknown>();
  const set = async (next: string) => {
    setError(undefined);
    try {
      await host.settingsSet(CLOSE_WITHOUT_TRAY, next);
    } catch (failure) {
      setError(failure);
    }
    await client.invalidateQueries({ queryKey: key });
  };
  return (
    <Container header={<Header variant="h2" description={t('settings.closingHint')}>{t('settings.closing')}</Header>}>
      <SpaceBetween size="s">
        {error !== undefined && <Failure error={error} what={t('settings.saveFailed')} />}
        <RadioGroup
          ariaLabel={t('settings.closing')}
          value={chosen.data ?? null}
          onChange={({ detail }) => void set(detail.value)}
          items={[
            { value: 'ask', label: t('settings.closeAsk') },
            { value: 'minimise', label: t('settings.closeMinimise') },
            { value: 'quit', label: t('settings.closeQuit') },
          ]}
        />
      </SpaceBetween>
    </Container>
  );
}

const TRAY_ICON = 'trayIcon';

/** Panels are dark or light whatever the theme of the desktop is, so the person says which icon is seen there. */
function TrayIcon() {
  const { t } = useText();
  const client = useQueryClient();
  const key = ['settings', TRAY_ICON];
  const chosen = useQuery({ queryKey: key, queryFn: async () => (await host.settingsGet(TRAY_ICON)) ?? 'colour' });
  const [error, setError] = useState<unknown>();
  const set = async (next: string) => {
    setError(undefined);
    await host.settingsSet(TRAY_ICON, next).catch(setError);
    await client.invalidateQueries({ queryKey: key });
  };
  return (
    <Container header={<Header variant="h2" description={t('settings.trayHint')}>{t('settings.tray')}</Header>}>
      <SpaceBetween size="s">
        {error !== undefined && <Failure error={error} what={t('settings.saveFailed')} />}
        <RadioGroup
          ariaLabel={t('settings.tray')}
          value={chosen.data ?? null}
          onChange={({ detail }) => void set(detail.value)}
          items={[
            { value: 'colour', label: t('settings.trayColour') },
            { value: 'dark', label: t('settings.trayDark') },
            { value: 'light', label: t('settings.trayLight') },
          ]}
        />
      </SpaceBetween>
    </Container>
  );
}

function Help() {
  const { t } = useText();
  const open = useOpen();
  const guide = () => {
    void changePreferences({ guide: 'shown' });
    open('/');
  };
  return (
    <Container header={<Header variant="h2">{t('settings.help')}</Header>}>
      <SpaceBetween direction="horizontal" size="xs">
        <Button onClick={guide}>{t('guide.show')}</Button>
        <Button onClick={() => shortcutsOpen.set(true)}>{t('shortcuts.title')}</Button>
        <Button onClick={() => open('/diagnostics')}>{t('diagnostics.title')}</Button>
      </SpaceBetween>
    </Container>
  );
}

const SECRETS_ACTION: Record<SecretsState, TextKey | undefined> = {
  keyring: undefined,
  file: undefined,
  unanswered: 'settings.secretsChoose',
  session: 'settings.secretsToFile',
  locked: 'settings.secretsUnlock',
};

/** Where the access keys are, and the way to the dialog that asks. */
function Secrets() {
  const { t } = useText();
  const secrets = useConnection()?.secrets;
  if (!secrets) return null;
  const action = SECRETS_ACTION[secrets.state];
  return (
    <Container
      header={
        <Header variant="h2" actions={action && <Button onClick={() => secretsDialog.set('asked')}>{t(action)}</Button>}>
          {t('settings.secrets')}
        </Header>
      }
    >
      {secrets.notKept && (
        <Alert type="warning" header={t('settings.secretsNotKept')}>
          {secrets.notKept}
        </Alert>
      )}
      {t(`settings.secretsState.${secrets.state}`)}
    </Container>
  );
}

/** What a terminal needs to reach the hub inside the app. */
function AwsTools() {
  const { t } = useText();
  const connection = useConnection();
  const [key, setKey] = useState<AccessKey>();
  const [error, setError] = useState<unknown>();
  const read = host.accessKey;
  if (!read || !connection?.caFile) return null;
  const show = async () => {
    setError(undefined);
    try {
      setKey(await read());
    } catch (failure) {
      setError(failure);
    }
  };
  const variables = {
    AWS_ENDPOINT_URL: connection.endpoint,
    AWS_REGION: connection.region,
    AWS_CA_BUNDLE: connection.caFile,
    ...(key ? { AWS_ACCESS_KEY_ID: key.accessKeyId, AWS_SECRET_ACCESS_KEY: key.secretAccessKey } : {}),
  };
  const inShell = (line: (name: string, value: string) => string) => (
    <CodeBlock text={Object.entries(variables).map(([name, value]) => line(name, value)).join('\n')} />
  );
  return (
    <Container
      header={
        <Header variant="h2" description={t('settings.toolsHint')} actions={key ? <Button onClick={() => setKey(undefined)}>{t('settings.hideKey')}</Button> : <Button onClick={() => void show()}>{t('settings.showKey')}</Button>}>
          {t('settings.tools')}
        </Header>
      }
    >
      <SpaceBetween size="s">
        {error !== undefined && <Failure error={error} what={t('settings.keyFailed')} />}
        <Tabs
          tabs={[
            { id: 'shell', label: t('settings.toolsShell'), content: inShell((name, value) => `export ${name}=${quotePosix(value)}`) },
            { id: 'powershell', label: 'PowerShell', content: inShell((name, value) => `$env:${name} = ${stringPowerShell(value)}`) },
          ]}
        />
      </SpaceBetween>
    </Container>
  );
}

/** Where the app wrote what it did: what an error does not say stands there. */
function Logs({ folder }: { folder: string | undefined }) {
  const { t, maybe } = useText();
  const show = host.openLogs;
  if (!folder || !show) return null;
  const open = () => show().catch((error: unknown) => flash({ type: 'error', text: 'errors.flash', values: { what: t('settings.logFailed'), message: lineOf(error, maybe) } }));
  return (
    <FormField label={t('settings.log')} secondaryControl={<Button onClick={() => void open()}>{t('settings.logOpen')}</Button>}>
      <Box variant="code">{folder}</Box>
    </FormField>
  );
}

function ConnectionDetails() {
  const { t } = useText();
  const connection = useConnection();
  return (
    <Container header={<Header variant="h2">{t('settings.connection')}</Header>}>
      <SpaceBetween size="l">
      <KeyValuePairs
        columns={3}
        items={[
          { label: t('settings.environment'), value: connection?.name || t(connection?.embedded ? 'header.embedded' : 'header.remote') },
          { label: t('settings.endpoint'), value: connection?.endpoint || '–' },
          { label: t('settings.region'), value: connection?.region || '–' },
          { label: t('settings.account'), value: connection?.account || '–' },
          { label: t('settings.version'), value: connection?.version || '–' },
        ]}
      />
      <Logs folder={connection?.logDir} />
      <Mark />
      </SpaceBetween>
    </Container>
  );
}
