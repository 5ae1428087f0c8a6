/** A connection being written or changed, and tried before it is kept. */
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useQueryClient } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { useConnection } from '../../app/connection';
import { flash } from '../../app/flash';
import { Page } from '../../app/page';
import { href, useOpen } from '../../app/router';
import { Empty } from '../../components/Empty';
import { Failure } from '../../components/Failure';
import { Loading } from '../../components/Loading';
import { type Checked, type Connection, type ConnectionsHost, host } from '../../host';
import { useText } from '../../i18n';
import { nameOf } from './ConnectionsPage';
import { EMPTY, type KeyFields, missing, notKept, typedKey } from './draft';
import { Compare, Keys, Look, Second, Where, Which } from './Fields';
import { Steps } from './Steps';
import { CONNECTIONS_KEY, useConnections } from './useConnections';

export function ConnectionPage() {
  const { t } = useText();
  const open = useOpen();
  const { id } = useParams({ strict: false }) as { id: string };
  const { connections, error, refetch } = useConnections();
  if (!host.connections) {
    return (
      <Page title={t('connections.title')}>
        <Empty title={t('connections.onlyDesktop')} hint={t('connections.onlyDesktopHint')} />
      </Page>
    );
  }
  if (id === 'new') return <Editor key="new" kept={EMPTY} connections={host.connections} />;
  const kept = connections?.find((one) => one.id === id);
  if (kept) return <Editor key={id} kept={kept} connections={host.connections} />;
  return (
    <Page title={t('connections.title')} parents={[{ text: t('connections.title'), href: href('/connections') }]}>
      {error !== null && <Failure error={error} what={t('connections.failed')} onRetry={refetch} />}
      {error === null && !connections && <Loading />}
      {connections && <Empty title={t('connection.missing')} hint={t('connection.missingHint')} action={<Button onClick={() => open('/connections')}>{t('connection.toList')}</Button>} />}
    </Page>
  );
}

/** Another place, another way to sign: what was tried says nothing of it. A pin belongs to its address. */
function changed(draft: Connection, change: Partial<Connection>): Connection {
  const moved = change.url !== undefined && change.url !== draft.url;
  return { ...draft, ...change, ...(moved && change.pin === undefined && { pin: '' }) };
}

function Editor({ kept, connections }: { kept: Connection; connections: ConnectionsHost }) {
  const { t } = useText();
  const open = useOpen();
  const client = useQueryClient();
  const here = useConnection()?.id;
  const [draft, setDraft] = useState(kept);
  const [keyFields, setKeyFields] = useState<KeyFields>({ id: '', secret: '', token: '' });
  const [code, setCode] = useState('');
  const [checked, setChecked] = useState<Checked>();
  const [busy, setBusy] = useState<'test' | 'save'>();
  const [error, setError] = useState<{ what: string; failure: unknown }>();
  const isNew = kept.id === '';
  const key = draft.access === 'key' ? typedKey(keyFields) : undefined;
  const cannotTest = missing(draft, key);
  const cannotKeep = draft.kind === 'embedded' ? undefined : notKept(draft, key, checked);
  const change = (next: Partial<Connection>) => {
    setDraft((now) => changed(now, next));
    // Name, colour and mark change nothing of what was tried.
    if (Object.keys(next).some((member) => !['name', 'colour', 'mark'].includes(member))) setChecked(undefined);
  };
  const test = async (tried = draft) => {
    setBusy('test');
    setError(undefined);
    try {
      const result = await connections.check({ ...tried, url: tried.url.trim() }, key, code || undefined);
      setChecked(result);
      if (result.account) setDraft((now) => ({ ...now, account: result.account ?? '' }));
    } catch (failure) {
      setError({ what: t('connection.testFailed'), failure });
    } finally {
      setBusy(undefined);
    }
  };
  const trust = (fingerprint: string) => {
    const trusting = { ...draft, pin: fingerprint };
    setDraft(trusting);
    void test(trusting);
  };
  const save = async () => {
    setBusy('save');
    setError(undefined);
    try {
      await connections.save({ ...draft, url: draft.url.trim() }, key);
      // Only the app's own question changes the mark of a connection that is kept.
      if (!isNew && draft.mark !== kept.mark) await connections.mark(kept.id, draft.mark);
      await Promise.all([client.invalidateQueries({ queryKey: CONNECTIONS_KEY }), client.invalidateQueries({ queryKey: ['connection'] })]);
      flash({ type: 'success', text: 'connections.saved', values: { name: nameOf(draft, t('header.embedded')) } });
      if (kept.id === here && kept.url !== draft.url) await connections.switchTo(kept.id);
      else open('/connections');
    } catch (failure) {
      setError({ what: t('connection.saveFailed'), failure });
    } finally {
      setBusy(undefined);
    }
  };
  const title = isNew ? t('connection.addTitle') : t('connection.editTitle', { name: nameOf(kept, t('header.embedded')) });
  return (
    <Page title={title} description={t('connection.description')} parents={[{ text: t('connections.title'), href: href('/connections') }]}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (!cannotKeep && !busy) void save();
        }}
      >
        <SpaceBetween size="l">
          {isNew && <Which draft={draft} change={change} />}
          {draft.kind !== 'embedded' && <Where draft={draft} change={change} />}
          {draft.kind !== 'embedded' && <Keys draft={draft} change={change} fields={keyFields} setFields={setKeyFields} connections={connections} />}
          <Look draft={draft} change={change} />
          {draft.kind !== 'embedded' && (
            <Container
              header={
                <Header
                  variant="h2"
                  actions={
                    <Button formAction="none" loading={busy === 'test'} loadingText={t('connection.testing')} disabled={Boolean(cannotTest)} disabledReason={cannotTest && t(cannotTest)} onClick={() => void test()}>
                      {t(checked ? 'connection.again' : 'connection.test')}
                    </Button>
                  }
                >
                  {t('connection.result')}
                </Header>
              }
            >
              <SpaceBetween size="m">
                {checked ? <Steps checked={checked} /> : <Box color="text-body-secondary">{t(busy === 'test' ? 'connection.testing' : 'connection.test')}</Box>}
                <Compare checked={checked} onTrust={trust} busy={busy === 'test'} />
                {draft.mfaSerial && <Second code={code} setCode={setCode} />}
                {draft.pin && <Alert type="info">{t('connection.trustedNow')}</Alert>}
              </SpaceBetween>
            </Container>
          )}
          {error && <Failure error={error.failure} what={error.what} />}
          <Box float="right">
            <SpaceBetween direction="horizontal" size="xs">
              <Button variant="link" formAction="none" onClick={() => open('/connections')}>
                {t('connection.cancel')}
              </Button>
              <Button variant="primary" formAction="submit" loading={busy === 'save'} disabled={Boolean(cannotKeep)} disabledReason={cannotKeep && t(cannotKeep)}>
                {t('connection.save')}
              </Button>
            </SpaceBetween>
          </Box>
        </SpaceBetween>
      </form>
    </Page>
  );
}
