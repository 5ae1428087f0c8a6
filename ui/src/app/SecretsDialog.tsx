/**
 * Asks where access keys go on a machine without a keyring, and for the passphrase of the file they went to.
 *
 * Shown by itself once a start, because nothing is kept before the answer; the settings open it again.
 */
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import ExpandableSection from '@cloudscape-design/components/expandable-section';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import Modal from '@cloudscape-design/components/modal';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Tiles from '@cloudscape-design/components/tiles';
import { useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useId, useState } from 'react';
import { asFailure } from '../api/errors';
import { Failure } from '../components/Failure';
import { type ConnectionInfo, host, type SecretsHost } from '../host';
import { type TextKey, useText } from '../i18n';
import { createStore, useStore } from '../lib/store';
import { useConnection } from './connection';

/** `asked`: the person opened it; `later`: they put it off until the next start. */
export const secretsDialog = createStore<'by-itself' | 'asked' | 'later'>('by-itself');

/** What is wrong with a passphrase belongs to its field; everything else to the dialog. */
const ABOUT_PASSPHRASE: Record<string, TextKey> = { WrongPassphrase: 'secrets.wrong', ShortPassphrase: 'secrets.short' };
const SHORTEST = 8;

type Problem = { field: TextKey } | { failure: unknown } | undefined;

/** Runs an answer; the dialog goes when it is kept. */
function useAnswer(onDone: () => void): { busy: boolean; problem: Problem; setProblem: (problem: Problem) => void; answer: (act: () => Promise<void>) => Promise<void> } {
  const client = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const answer = async (act: () => Promise<void>) => {
    if (busy) return;
    setBusy(true);
    setProblem(undefined);
    try {
      await act();
      await client.invalidateQueries({ queryKey: ['connection'] });
      onDone();
    } catch (error) {
      const field = ABOUT_PASSPHRASE[asFailure(error).code];
      setProblem(field ? { field } : { failure: error });
    } finally {
      setBusy(false);
    }
  };
  return { busy, problem, setProblem, answer };
}

interface FrameProps {
  title: string;
  action: string;
  busy: boolean;
  problem: Problem;
  onSubmit: () => void;
  onLater: () => void;
  children: ReactNode;
}

function Frame({ title, action, busy, problem, onSubmit, onLater, children }: FrameProps) {
  const { t } = useText();
  const form = useId();
  return (
    <Modal
      visible
      header={title}
      onDismiss={onLater}
      closeAriaLabel={t('common.close')}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" formAction="none" onClick={onLater}>
              {t('secrets.later')}
            </Button>
            <Button variant="primary" form={form} loading={busy}>
              {action}
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <form
        id={form}
        onSubmit={(event) => {
          event.preventDefault();
          onSubmit();
        }}
      >
        <SpaceBetween size="m">
          {problem && 'failure' in problem && <Failure error={problem.failure} what={t('secrets.failed')} />}
          {children}
        </SpaceBetween>
      </form>
    </Modal>
  );
}

interface PassphraseProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  name: string;
  isNew?: boolean;
  hint?: string;
  error?: string;
}

function Passphrase({ label, value, onChange, name, isNew, hint, error }: PassphraseProps) {
  return (
    <FormField label={label} constraintText={hint} errorText={error}>
      <Input type="password" name={name} value={value} autoComplete={isNew ? 'new-password' : 'current-password'} onChange={({ detail }) => onChange(detail.value)} />
    </FormField>
  );
}

type DialogProps = { secrets: SecretsHost; reason?: string; onLater: () => void; onDone: () => void };

function Choose({ secrets, reason, onLater, onDone }: DialogProps) {
  const { t } = useText();
  const [place, setPlace] = useState('file');
  const [first, setFirst] = useState('');
  const [again, setAgain] = useState('');
  const { busy, problem, setProblem, answer } = useAnswer(onDone);
  const wrong = problem && 'field' in problem ? problem.field : undefined;
  const submit = () => {
    if (place === 'session') void answer(() => secrets.keepInMemory());
    else if ([...first].length < SHORTEST) setProblem({ field: 'secrets.short' });
    else if (first !== again) setProblem({ field: 'secrets.different' });
    else void answer(() => secrets.keepInFile(first));
  };
  return (
    <Frame title={t('secrets.title')} action={t('secrets.keep')} busy={busy} problem={problem} onSubmit={submit} onLater={onLater}>
      <Box variant="p">{t('secrets.why')}</Box>
      <Tiles
        ariaLabel={t('secrets.title')}
        columns={1}
        value={place}
        onChange={({ detail }) => {
          setProblem(undefined);
          setPlace(detail.value);
        }}
        items={[
          { value: 'file', label: t('secrets.file'), description: t('secrets.fileHint') },
          { value: 'session', label: t('secrets.session'), description: t('secrets.sessionHint') },
        ]}
      />
      {place === 'file' && (
        <SpaceBetween size="m">
          <Passphrase
            isNew
            label={t('secrets.passphrase')}
            name="passphrase"
            hint={t('secrets.passphraseHint')}
            value={first}
            onChange={setFirst}
            error={wrong === 'secrets.short' ? t(wrong) : undefined}
          />
          <Passphrase isNew label={t('secrets.again')} name="passphrase-again" value={again} onChange={setAgain} error={wrong === 'secrets.different' ? t(wrong) : undefined} />
        </SpaceBetween>
      )}
      {reason && (
        <ExpandableSection headerText={t('secrets.reason')}>
          <Box variant="code">{reason}</Box>
        </ExpandableSection>
      )}
    </Frame>
  );
}

function Unlock({ secrets, onLater, onDone, onForgotten }: DialogProps & { onForgotten: () => void }) {
  const { t } = useText();
  const [passphrase, setPassphrase] = useState('');
  const { busy, problem, answer } = useAnswer(onDone);
  const anew = useAnswer(onForgotten);
  return (
    <Frame
      title={t('secrets.unlockTitle')}
      action={t('secrets.unlock')}
      busy={busy}
      problem={problem ?? anew.problem}
      onSubmit={() => void answer(() => secrets.unlock(passphrase))}
      onLater={onLater}
    >
      <Box variant="p">{t('secrets.unlockWhy')}</Box>
      <Passphrase label={t('secrets.passphrase')} name="passphrase" value={passphrase} onChange={setPassphrase} error={problem && 'field' in problem ? t(problem.field) : undefined} />
      <ExpandableSection headerText={t('secrets.forgotten')}>
        <SpaceBetween size="s">
          <Box variant="p">{t('secrets.forgottenText')}</Box>
          <Button formAction="none" loading={anew.busy} onClick={() => void anew.answer(() => secrets.keepInMemory())}>
            {t('secrets.anew')}
          </Button>
        </SpaceBetween>
      </ExpandableSection>
    </Frame>
  );
}

function needsAnswer(secrets: ConnectionInfo['secrets']): boolean {
  return secrets?.state === 'unanswered' || secrets?.state === 'locked';
}

export function SecretsDialog() {
  const shown = useStore(secretsDialog);
  const secrets = useConnection()?.secrets;
  if (!host.secrets || !secrets || shown === 'later' || (shown === 'by-itself' && !needsAnswer(secrets))) return null;
  const close = () => secretsDialog.set('later');
  const props = { secrets: host.secrets, reason: secrets.reason, onLater: close, onDone: close };
  if (secrets.state === 'locked') return <Unlock {...props} onForgotten={() => secretsDialog.set('asked')} />;
  return secrets.state === 'unanswered' || secrets.state === 'session' ? <Choose {...props} /> : null;
}
