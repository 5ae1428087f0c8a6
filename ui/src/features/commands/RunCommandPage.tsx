/** "Run a command": what, where, how; with the answer to "what would this touch" always in view. */
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Checkbox from '@cloudscape-design/components/checkbox';
import Container from '@cloudscape-design/components/container';
import Form from '@cloudscape-design/components/form';
import FormField from '@cloudscape-design/components/form-field';
import Grid from '@cloudscape-design/components/grid';
import Header from '@cloudscape-design/components/header';
import Input from '@cloudscape-design/components/input';
import ColumnLayout from '@cloudscape-design/components/column-layout';
import Modal from '@cloudscape-design/components/modal';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useBlocker, useSearch } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import { call } from '../../api/call';
import { lineOf } from '../../api/errors';
import type { SendCommandInput } from '../../api/operations';
import { flash } from '../../app/flash';
import { isComposing, isDialogOpen } from '../../app/keys';
import { Page } from '../../app/page';
import { href, useOpen } from '../../app/router';
import { useBlocked } from '../../app/useBlocked';
import { CodeBlock } from '../../components/CodeBlock';
import { Empty } from '../../components/Empty';
import { Failure } from '../../components/Failure';
import { Loading } from '../../components/Loading';
import { useText } from '../../i18n';
import { CopyCli } from './CopyCli';
import { DocumentPicker } from './DocumentPicker';
import { draftOf, dropDraft, keepDraft } from './draft';
import { useDocumentSummary } from './documents';
import { ParameterForm } from './ParameterForm';
import { leaveAsDocument } from './asDocument';
import { nodesOf } from './nodesOf';
import type { ParameterRule } from './parameters';
import { DEFAULT_VERSION, emptyForm, fieldOf, formOf, IDS_OF_A_COMMAND, inputsOf, isSound, MOST_IDS, onNodes, problemsOf, type FormProblems, type RunForm, targetsOf, withTargets } from './runForm';
import { TargetForm } from './TargetForm';
import { TargetPreview } from './TargetPreview';

export interface RunSearch {
  document?: string;
  version?: string;
  nodes?: string[];
  /** Targets as SendCommand has them. */
  targets?: { Key: string; Values: string[] }[];
  from?: string;
  /** Of the earlier command's nodes, those where it did not succeed. */
  only?: 'failed';
  /** Of the earlier command's nodes, a group of the same output. */
  group?: string;
  /** The step whose outputs are grouped so. */
  step?: string;
}
const FIRST_DOCUMENT = 'AWS-RunShellScript';

function firstForm({ document, version, targets }: RunSearch, ids: string[]): RunForm {
  const form = emptyForm(document ?? FIRST_DOCUMENT, version, ids);
  return targets ? withTargets(form, { Targets: targets }) : form;
}

export function RunCommandPage() {
  const { t } = useText();
  const open = useOpen();
  const search = useSearch({ strict: false }) as RunSearch;
  const source = useQuery({
    queryKey: ['command', search.from, 'source'],
    queryFn: async () => (await call('ListCommands', { CommandId: search.from })).Commands?.[0] ?? null,
    enabled: search.from !== undefined,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const isNarrowed = search.from !== undefined && (search.only !== undefined || search.group !== undefined || search.nodes !== undefined);
  const narrowed = useQuery({
    queryKey: ['command', search.from, 'nodes of', search.only ?? '', search.step ?? '', search.group ?? ''],
    queryFn: () => nodesOf(search.from ?? '', search),
    enabled: search.from !== undefined && (search.only !== undefined || search.group !== undefined),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const ids = search.only !== undefined || search.group !== undefined ? narrowed.data?.items : (search.nodes ?? []);
  return (
    <Page title={t('run.title')} description={t('run.description')} parents={[{ text: t('commands.title'), href: href('/commands') }]}>
      {search.from !== undefined && source.isPending && <Loading />}
      {source.error && <Failure error={source.error} what={t('run.sourceFailed')} onRetry={() => void source.refetch()} />}
      {source.data === null && <Empty title={t('commands.notFound', { id: search.from })} hint={t('commands.notFoundHint')} action={<Button onClick={() => open('/run')}>{t('run.writeNew')}</Button>} />}
      {narrowed.isFetching && <Loading />}
      {narrowed.error && <Failure error={narrowed.error} what={t('commands.nodesFailed')} onRetry={() => void narrowed.refetch()} />}
      {narrowed.data?.cut && <Alert type="warning">{t('results.nodesCut', { limit: MOST_IDS })}</Alert>}
      {(search.from === undefined || source.data) && ids !== undefined && (
        <Fields
          key={JSON.stringify(search)}
          address={JSON.stringify(search)}
          initial={source.data ? (isNarrowed ? onNodes(formOf(source.data), ids) : formOf(source.data)) : firstForm(search, ids)}
        />
      )}
    </Page>
  );
}

/** `onPart` takes note of each command that was sent, so that a failure in between sends none of them again. */
function useSend(form: RunForm, sound: boolean, parameters: ParameterRule[], onPart: (input: SendCommandInput) => void, onSent: () => void) {
  const open = useOpen();
  const client = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const [tries, setTries] = useState(0);
  // Once sent, nothing is sent again before this form is gone: the way to the command's page takes a while.
  const sent = useRef(false);
  const send = async () => {
    setTries((now) => now + 1);
    setError(undefined);
    if (!sound || sent.current) return;
    sent.current = true;
    setBusy(true);
    try {
      let last: string | undefined;
      const inputs = inputsOf(form, parameters);
      for (const input of inputs) {
        last = (await call('SendCommand', input)).Command?.CommandId;
        onPart(input);
      }
      onSent();
      void client.invalidateQueries({ queryKey: ['commands'] });
      if (inputs.length > 1) flash({ type: 'success', text: 'results.sentParts', values: { count: inputs.length } });
      open(inputs.length > 1 ? '/commands' : `/commands/${last ?? ''}`);
    } catch (failure) {
      setError(failure);
      sent.current = false;
      setBusy(false);
    }
  };
  return { busy, error, tries, send };
}

/** A part of the form may be wrong as a whole, such as targets of which there are none: then its first field is where to begin. */
function focusFirstInvalid(form: HTMLElement | null): void {
  const first = form?.querySelector<HTMLElement>('[aria-invalid="true"], [data-invalid] input:not([type="radio"])');
  first?.focus();
}

/** Ctrl/Cmd+Enter inside the element that gets the ref. The editor would take it first: the key is caught on its way down. */
function useRunKey(run: () => void) {
  const place = useRef<HTMLDivElement>(null);
  const latest = useRef(run);
  useEffect(() => {
    latest.current = run;
  });
  useEffect(() => {
    const element = place.current;
    const onKeyDown = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.key !== 'Enter' || isComposing(event) || isDialogOpen()) return;
      event.preventDefault();
      event.stopPropagation();
      latest.current();
    };
    element?.addEventListener('keydown', onKeyDown, true);
    return () => element?.removeEventListener('keydown', onKeyDown, true);
  }, []);
  return place;
}

/** The form as it was left, kept while it is written; and the question when leaving would lose it. */
function useDraft(address: string, initial: RunForm) {
  const [draft] = useState(() => draftOf(address));
  const [form, setForm] = useState(draft ?? initial);
  const [restored, setRestored] = useState(draft !== undefined);
  const lost = useRef(false);
  const sent = useRef(false);
  useEffect(() => {
    if (!sent.current) lost.current = !keepDraft(address, form, initial);
    // oxlint-disable-next-line react/exhaustive-deps -- the form began once
  }, [address, form]);
  const [wouldLose] = useState(() => () => lost.current);
  const leaving = useBlocker({ shouldBlockFn: wouldLose, enableBeforeUnload: wouldLose, withResolver: true });
  return {
    form,
    setForm,
    restored,
    leaving,
    startOver: () => {
      setRestored(false);
      setForm(initial);
    },
    onSent: () => {
      sent.current = true;
      lost.current = false;
      dropDraft(address);
    },
  };
}

function Fields({ address, initial }: { address: string; initial: RunForm }) {
  const { t, maybe } = useText();
  const { form, setForm, restored, leaving, startOver, onSent } = useDraft(address, initial);
  const summary = useDocumentSummary(form.document, form.version === DEFAULT_VERSION ? undefined : form.version);
  const parameters = summary.data?.parameters ?? [];
  const problems = problemsOf(form, parameters);
  const sound = summary.data !== undefined && isSound(problems);
  const onPart = ({ InstanceIds = [] }: SendCommandInput) => {
    const sent = new Set(InstanceIds);
    if (form.mode === 'ids' && form.ids.length > IDS_OF_A_COMMAND) setForm((now) => ({ ...now, ids: now.ids.filter((id) => !sent.has(id)) }));
  };
  const { busy, error, tries, send } = useSend(form, sound, parameters, onPart, onSent);
  const tried = tries > 0;
  const change = (next: Partial<RunForm>) => setForm((now) => ({ ...now, ...next }));
  const blocked = useBlocked();
  const open = useOpen();
  const saveAsDocument = async () => {
    try {
      open(`/new-document?draft=${await leaveAsDocument(form, parameters)}`);
    } catch (failure) {
      flash({ type: 'error', text: 'errors.flash', values: { what: t('run.saveAsFailed'), message: lineOf(failure, maybe) } });
    }
  };
  const place = useRunKey(() => {
    if (!blocked) void send();
  });
  const correct = useRef(sound);
  useEffect(() => {
    correct.current = sound;
  }, [sound]);
  useEffect(() => {
    if (tries > 0 && !correct.current) focusFirstInvalid(place.current);
  }, [tries, place]);
  const top = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (error !== undefined) top.current?.scrollIntoView({ block: 'center' });
  }, [error]);
  return (
    <Grid gridDefinition={[{ colspan: { default: 12, s: 8 } }, { colspan: { default: 12, s: 4 } }]}>
      <div ref={place}>
        <Form
          errorText={tried && !sound ? t('run.fix') : undefined}
          actions={
            <SpaceBetween direction="horizontal" size="xs">
              <Button disabled={!summary.data} disabledReason={t('run.documentPick')} onClick={() => void saveAsDocument()}>
                {t('run.saveAsDocument')}
              </Button>
              <CopyCli inputs={inputsOf(form, parameters)} />
              <Button variant="primary" loading={busy} disabled={Boolean(blocked)} disabledReason={blocked} onClick={() => void send()}>
                {t('run.submit')}
              </Button>
            </SpaceBetween>
          }
        >
          <SpaceBetween size="l">
            {restored && (
              <Alert type="info" action={<Button onClick={startOver}>{t('run.startOver')}</Button>}>
                {t('run.restored')}
              </Alert>
            )}
            {error !== undefined && (
              <div ref={top}>
                <Failure error={error} what={t('run.failed')} />
              </div>
            )}
            <Container header={<Header variant="h2">{t('run.document')}</Header>}>
              <SpaceBetween size="l">
                <DocumentPicker
                  document={form.document}
                  version={form.version}
                  onChange={(document, version) => change(document === form.document ? { version, hash: undefined } : { document, version, fields: {}, given: {}, hash: undefined })}
                />
                {summary.error && <Failure error={summary.error} what={t('run.documentFailed')} onRetry={() => void summary.refetch()} />}
                {form.document !== '' && summary.isPending && <Loading />}
                {summary.data && (
                  <ParameterForm
                    key={form.document}
                    document={form.document}
                    parameters={parameters}
                    plugins={summary.data.plugins}
                    fieldOf={(parameter) => fieldOf(form, parameter)}
                    onChange={(name, value) => setForm((now) => ({ ...now, fields: { ...now.fields, [name]: value } }))}
                    showAll={tried}
                  />
                )}
              </SpaceBetween>
            </Container>
            <Container header={<Header variant="h2">{t('run.targets')}</Header>}>
              <div data-invalid={tried && problems.targets ? '' : undefined}>
              <TargetForm form={form} change={change} problem={tried && problems.targets ? t(problems.targets, { limit: MOST_IDS }) : undefined} />
            </div>
            </Container>
            <How form={form} change={change} problems={problems} />
          </SpaceBetween>
        </Form>
      </div>
      <div className="qd-sticky">
        <TargetPreview targets={targetsOf(form)} document={form.document} />
        {leaving.status === 'blocked' && <Leaving stay={leaving.reset} leave={leaving.proceed} />}
      </div>
    </Grid>
  );
}

/** Asks only where the draft could not be kept. */
function Leaving({ stay, leave }: { stay: () => void; leave: () => void }) {
  const { t } = useText();
  return (
    <Modal
      visible
      header={t('run.leaveTitle')}
      onDismiss={stay}
      closeAriaLabel={t('common.close')}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={leave}>
              {t('run.leave')}
            </Button>
            <Button variant="primary" onClick={stay}>
              {t('run.stay')}
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      {t('run.leaveText')}
    </Modal>
  );
}

/** Runs only what the document says now: whoever changes it meanwhile changes nothing that runs. */
function PinContent({ form, change }: { form: RunForm; change: (next: Partial<RunForm>) => void }) {
  const { t } = useText();
  const version = form.version === DEFAULT_VERSION ? undefined : form.version;
  const query = useQuery({
    queryKey: ['document', form.document, 'description', version ?? ''],
    queryFn: async () => (await call('DescribeDocument', { Name: form.document, DocumentVersion: version })).Document,
    enabled: form.document !== '',
  });
  const hash = query.data?.HashType === 'Sha256' ? query.data.Hash : undefined;
  return (
    <Checkbox checked={form.hash !== undefined} disabled={hash === undefined && form.hash === undefined} description={t('run.pinHint')} onChange={({ detail }) => change({ hash: detail.checked ? hash : undefined })}>
      {t('run.pin')} {form.hash && <span className="qd-id">{form.hash.slice(0, 12)}…</span>}
    </Checkbox>
  );
}

function How({ form, change, problems }: { form: RunForm; change: (next: Partial<RunForm>) => void; problems: FormProblems }) {
  const { t } = useText();
  return (
    <Container header={<Header variant="h2">{t('run.how')}</Header>}>
      <SpaceBetween size="l">
        <ColumnLayout columns={3}>
          <FormField label={t('run.concurrency')} constraintText={t('run.concurrencyHint')} errorText={problems.concurrency && t(problems.concurrency)}>
            <Input value={form.concurrency} onChange={({ detail }) => change({ concurrency: detail.value.trim() })} />
          </FormField>
          <FormField label={t('run.errors')} constraintText={t('run.errorsHint')} errorText={problems.errors && t(problems.errors)}>
            <Input value={form.errors} onChange={({ detail }) => change({ errors: detail.value.trim() })} />
          </FormField>
          <FormField label={t('run.timeout')} constraintText={t('run.timeoutHint')} errorText={problems.timeout && t(problems.timeout)}>
            <Input value={form.timeout} inputMode="numeric" onChange={({ detail }) => change({ timeout: detail.value.trim() })} />
          </FormField>
        </ColumnLayout>
        <FormField
          label={
            <span>
              {t('run.comment')} <i>– {t('run.optional')}</i>
            </span>
          }
          constraintText={t('run.commentHint')}
          errorText={problems.comment && t(problems.comment)}
          stretch
        >
          <Input value={form.comment} onChange={({ detail }) => change({ comment: detail.value })} />
        </FormField>
        <PinContent form={form} change={change} />
        {Object.keys(form.kept).length > 0 && (
          <FormField label={t('run.kept')} description={t('run.keptHint')} stretch>
            <CodeBlock text={JSON.stringify(form.kept, null, 2)} />
          </FormField>
        )}
      </SpaceBetween>
    </Container>
  );
}
