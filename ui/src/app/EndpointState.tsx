/** Above every page: what stands between this window and its endpoint, and what a person can do about it. One thing at a time, the gravest first. */
import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import { useCallback, useState, useSyncExternalStore } from 'react';
import { lineOf } from '../api/errors';
import { ApiFailure, type ConnectionInfo, host } from '../host';
import { lastKnown } from '../host/lastKnown';
import { useText } from '../i18n';
import { useStore } from '../lib/store';
import { useNow } from '../components/useNow';
import { useConnection } from './connection';
import { flash } from './flash';
import { useOpen } from './router';
import { secretsDialog } from './SecretsDialog';

/** Troubles that are the connection's and not the page's: with one of these, no page can be read. */
const TROUBLES = ['CertificateChanged', 'MfaRequired', 'NoConnectionKey', 'SecretsLocked'] as const;
type Trouble = (typeof TROUBLES)[number];

function troubleIn(client: QueryClient): ApiFailure | undefined {
  const failures = client.getQueryCache().getAll().map((query) => query.state.error);
  return failures.find((failure): failure is ApiFailure => failure instanceof ApiFailure && TROUBLES.includes(failure.code as Trouble));
}

/** The first of them that any read met. */
function useTrouble(): ApiFailure | undefined {
  const client = useQueryClient();
  const subscribe = useCallback((changed: () => void) => client.getQueryCache().subscribe(changed), [client]);
  return useSyncExternalStore(subscribe, () => troubleIn(client));
}

export function EndpointState() {
  const connection = useConnection();
  const trouble = useTrouble();
  const known = useStore(lastKnown);
  const found = connection?.stopped ?? trouble;
  return (
    <div className="qd-endpoint">
      {connection?.localStateDamaged && <Damaged path={connection.localStateDamaged} />}
      {found ? <TroubleAlert failure={found} connection={connection} /> : known && <AsOf at={known.at} failure={known.failure} />}
      {connection?.clockAhead !== undefined && <Clock seconds={connection.clockAhead} />}
    </div>
  );
}

/** Does something about it and reads everything anew. */
function useRemedy(): { busy: boolean; run: (act: () => Promise<void> | undefined) => Promise<void> } {
  const { t, maybe } = useText();
  const client = useQueryClient();
  const [busy, setBusy] = useState(false);
  const run = async (act: () => Promise<void> | undefined) => {
    setBusy(true);
    try {
      await act();
      await client.invalidateQueries();
    } catch (error) {
      flash({ type: 'error', text: 'errors.flash', values: { what: t('endpoint.failed'), message: lineOf(error, maybe) } });
    } finally {
      setBusy(false);
    }
  };
  return { busy, run };
}

function TroubleAlert({ failure, connection }: { failure: ApiFailure; connection?: ConnectionInfo }) {
  const { t } = useText();
  const open = useOpen();
  const id = connection?.id ?? '';
  if (failure.code === 'CertificateChanged') return <Changed failure={failure} id={id} />;
  if (failure.code === 'MfaRequired') return <Mfa id={id} />;
  if (failure.code === 'SecretsLocked') {
    return (
      <Alert type="warning" header={t('endpoint.locked')} action={<Button onClick={() => secretsDialog.set('asked')}>{t('endpoint.unlock')}</Button>}>
        {t('endpoint.lockedText')}
      </Alert>
    );
  }
  return (
    <Alert type="error" header={t('endpoint.noKey')} action={<Button onClick={() => open(`/connections/${id}`)}>{t('endpoint.toConnection')}</Button>}>
      {t('endpoint.noKeyText')}
    </Alert>
  );
}

const inGroups = (digits: string) => digits.toUpperCase().match(/.{1,4}/g)?.join(' ') ?? '';

function Changed({ failure, id }: { failure: ApiFailure; id: string }) {
  const { t } = useText();
  const { busy, run } = useRemedy();
  const { pinned = '', seen = '' } = (failure.details ?? {}) as { pinned?: string; seen?: string };
  return (
    <Alert
      type="error"
      header={t('endpoint.changed')}
      action={
        <SpaceBetween direction="horizontal" size="xs">
          <Button loading={busy} onClick={() => void run(() => host.connections?.reopen(id))}>
            {t('endpoint.tryAgain')}
          </Button>
          <Button loading={busy} onClick={() => void run(() => host.connections?.trust(id, seen))}>
            {t('endpoint.trustNew')}
          </Button>
        </SpaceBetween>
      }
    >
      <SpaceBetween size="xs">
        <div>{t('endpoint.changedText')}</div>
        <dl className="qd-fingerprints">
          <dt>{t('endpoint.pinned')}</dt>
          <dd className="qd-fingerprint">{inGroups(pinned)}</dd>
          <dt>{t('endpoint.seen')}</dt>
          <dd className="qd-fingerprint">{inGroups(seen)}</dd>
        </dl>
      </SpaceBetween>
    </Alert>
  );
}

function Mfa({ id }: { id: string }) {
  const { t } = useText();
  const { busy, run } = useRemedy();
  const [code, setCode] = useState('');
  return (
    <Alert type="warning" header={t('endpoint.mfa')}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void run(() => host.connections?.reopen(id, code));
        }}
      >
        <SpaceBetween size="s">
          <div>{t('endpoint.mfaText')}</div>
          <FormField label={t('endpoint.mfaCode')}>
            <Input value={code} inputMode="numeric" autoComplete="one-time-code" onChange={({ detail }) => setCode(detail.value.replace(/\D/g, '').slice(0, 8))} />
          </FormField>
          <Button formAction="submit" loading={busy}>
            {t('endpoint.mfaSend')}
          </Button>
        </SpaceBetween>
      </form>
    </Alert>
  );
}

function AsOf({ at, failure }: { at: number; failure: ApiFailure }) {
  const { t, maybe, dateTime, relative } = useText();
  const now = useNow();
  const { busy, run } = useRemedy();
  const seconds = at / 1000;
  return (
    <Alert
      type="warning"
      header={t('endpoint.asOf', { when: dateTime(seconds) })}
      action={
        <Button loading={busy} onClick={() => void run(() => undefined)}>
          {t('endpoint.tryAgain')}
        </Button>
      }
    >
      <div>{t('endpoint.asOfText', { ago: relative(seconds, now) })}</div>
      <div className="qd-message">{lineOf(failure, maybe)}</div>
    </Alert>
  );
}

function Clock({ seconds }: { seconds: number }) {
  const { t, duration } = useText();
  const time = duration(Math.abs(seconds));
  return (
    <Alert type="warning" header={t('endpoint.clock')}>
      {seconds > 0 ? t('endpoint.clockAhead', { time }) : t('endpoint.clockBehind', { time })}
    </Alert>
  );
}

function Damaged({ path }: { path: string }) {
  const { t } = useText();
  const [seen, setSeen] = useState(false);
  if (seen) return null;
  return (
    <Alert type="warning" header={t('endpoint.damaged')} dismissible dismissAriaLabel={t('common.close')} onDismiss={() => setSeen(true)}>
      {t('endpoint.damagedText', { path })}
    </Alert>
  );
}
