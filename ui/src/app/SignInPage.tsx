/** A browser only: an access key of the hub opens the console. The desktop app never shows this. */
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Form from '@cloudscape-design/components/form';
import FormField from '@cloudscape-design/components/form-field';
import Header from '@cloudscape-design/components/header';
import Input from '@cloudscape-design/components/input';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import { Failure } from '../components/Failure';
import type { SignIn } from '../host';
import { useText } from '../i18n';

export function SignInPage({ signIn, onDone }: { signIn: SignIn; onDone: () => void }) {
  const { t } = useText();
  const [id, setId] = useState('');
  const [secret, setSecret] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const submit = async () => {
    if (!id.trim() || !secret || busy) return;
    setBusy(true);
    setError(undefined);
    try {
      await signIn.signIn(id.trim(), secret.trim());
      onDone();
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  return (
    <main className="qd-sign-in">
      <Box textAlign="center" padding={{ bottom: 'l' }}>
        <img src="./mark.svg" alt="" width="56" height="56" />
      </Box>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <Container header={<Header variant="h1" description={t('signIn.description')}>{t('signIn.title')}</Header>}>
          <Form
            actions={
              <Button variant="primary" formAction="submit" loading={busy} disabled={!id.trim() || !secret} disabledReason={t('signIn.needBoth')}>
                {t('signIn.submit')}
              </Button>
            }
          >
            <SpaceBetween size="m">
              {error !== undefined && <Failure error={error} what={t('signIn.failed')} />}
              <FormField label={t('signIn.id')}>
                <Input value={id} onChange={({ detail }) => setId(detail.value)} autoComplete="username" spellcheck={false} name="accessKeyId" />
              </FormField>
              <FormField label={t('signIn.secret')} constraintText={t('signIn.kept')}>
                <Input value={secret} onChange={({ detail }) => setSecret(detail.value)} type="password" autoComplete="current-password" name="secretAccessKey" />
              </FormField>
            </SpaceBetween>
          </Form>
        </Container>
      </form>
    </main>
  );
}
