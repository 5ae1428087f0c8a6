/** Writes a document: a new one, a copy of one, or a further version. What is wrong with it is said while it is typed, by the hub itself. */
import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import Checkbox from '@cloudscape-design/components/checkbox';
import ColumnLayout from '@cloudscape-design/components/column-layout';
import Container from '@cloudscape-design/components/container';
import Form from '@cloudscape-design/components/form';
import FormField from '@cloudscape-design/components/form-field';
import Header from '@cloudscape-design/components/header';
import Input from '@cloudscape-design/components/input';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useParams, useSearch } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import { call } from '../../api/call';
import { convertDocument, type DocumentFormatWord } from '../../api/drafts';
import { lineOf } from '../../api/errors';
import type { DocumentType } from '../../api/operations';
import { flash } from '../../app/flash';
import { Page } from '../../app/page';
import { href, useOpen } from '../../app/router';
import { useBlocked } from '../../app/useBlocked';
import { Failure } from '../../components/Failure';
import { Loading } from '../../components/Loading';
import { useText } from '../../i18n';
import { DocumentContentField } from './DocumentContentField';
import { type DocumentDraft, draftOf, dropDraft, keepDraft } from './draft';
import { ImportButton } from './ImportButton';
import { BEGINNINGS, FORMATS, FORMATS_OF, nameProblem, TYPES, versionNameProblem } from './rules';

export interface EditSearch {
  /** The document that is copied. */
  from?: string;
  version?: string;
  /** A draft that another page left here. */
  draft?: string;
}

/** The document that is written on top of, or copied from. */
interface Base {
  draft: DocumentDraft;
  /** The version that a further one stands on. */
  latest?: string;
}

const NEW: DocumentDraft = { name: '', type: 'Command', format: 'YAML', content: BEGINNINGS.Command ?? '', versionName: '' };

async function baseOf(name: string, version: string | undefined, copy: boolean): Promise<Base> {
  const { Document } = await call('DescribeDocument', { Name: name, DocumentVersion: version });
  const stored = Document?.DocumentFormat ?? 'JSON';
  // The library's documents are asked for as YAML, which is what people write; others as they were stored.
  const format = copy && stored !== 'TEXT' ? 'YAML' : stored;
  const { Content } = await call('GetDocument', { Name: name, DocumentVersion: version, DocumentFormat: format });
  const draft: DocumentDraft = { name: copy ? '' : name, type: Document?.DocumentType ?? 'Command', format, content: Content ?? '', versionName: '' };
  return { draft, latest: Document?.LatestVersion };
}

export function NewDocumentPage() {
  const { t } = useText();
  const search = useSearch({ strict: false }) as EditSearch;
  const title = search.from === undefined ? t('editing.newTitle') : t('editing.copyTitle', { name: search.from });
  return <Editing title={title} from={search.from} version={search.version} address={`new ${search.from ?? ''} ${search.version ?? ''} ${search.draft ?? ''}`} />;
}

export function NewVersionPage() {
  const { t } = useText();
  const { name = '' } = useParams({ strict: false }) as { name?: string };
  const { version } = useSearch({ strict: false }) as EditSearch;
  return <Editing title={t('editing.versionTitle', { name })} from={name} version={version} existing address={`version ${name} ${version ?? ''}`} />;
}

function Editing({ title, from, version, existing = false, address }: { title: string; from?: string; version?: string; existing?: boolean; address: string }) {
  const { t } = useText();
  const query = useQuery({
    queryKey: ['document', from, 'base', version ?? '', existing],
    queryFn: () => baseOf(from ?? '', version, !existing),
    enabled: from !== undefined,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
  const base = from === undefined ? { draft: NEW } : query.data;
  const parents = [{ text: t('documents.title'), href: href('/documents') }, ...(existing && from ? [{ text: from, href: href(`/documents/${encodeURIComponent(from)}`) }] : [])];
  return (
    <Page title={title} description={t('editing.description')} parents={parents}>
      {query.error && <Failure error={query.error} what={t('run.documentFailed')} onRetry={() => void query.refetch()} />}
      {!base && !query.error && <Loading />}
      {base && <Fields key={address} base={base} existing={existing} address={address} />}
    </Page>
  );
}

/** The draft as it is written, kept while it is. */
function useDraft(address: string, initial: DocumentDraft) {
  const [kept] = useState(() => draftOf(address));
  const [draft, setDraft] = useState(kept ?? initial);
  const done = useRef(false);
  const begun = useRef(kept !== undefined);
  useEffect(() => {
    if (done.current) return;
    if (begun.current || JSON.stringify(draft) !== JSON.stringify(initial)) {
      begun.current = true;
      keepDraft(address, draft);
    }
    // oxlint-disable-next-line react/exhaustive-deps -- the draft began once
  }, [address, draft]);
  const drop = () => {
    done.current = true;
    dropDraft(address);
  };
  return { draft, change: (next: Partial<DocumentDraft>) => setDraft((now) => ({ ...now, ...next })), restored: kept !== undefined, drop };
}

function Fields({ base, existing, address }: { base: Base; existing: boolean; address: string }) {
  const { t, maybe } = useText();
  const open = useOpen();
  const client = useQueryClient();
  const { draft, change, restored, drop } = useDraft(address, base.draft);
  const [makeDefault, setMakeDefault] = useState(false);
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const [sound, setSound] = useState(false);
  const blocked = useBlocked();
  const wrongName = existing ? undefined : nameProblem(draft.name);
  const wrongVersion = versionNameProblem(draft.versionName);
  const save = async () => {
    setTried(true);
    setError(undefined);
    if (wrongName || wrongVersion) return;
    setBusy(true);
    try {
      const latest = await store(draft, existing ? (base.latest ?? '$LATEST') : undefined);
      drop();
      if (existing && makeDefault && latest !== undefined) {
        await call('UpdateDocumentDefaultVersion', { Name: draft.name, DocumentVersion: latest }).catch((failure: unknown) =>
          flash({ type: 'error', text: 'errors.flash', values: { what: t('documents.defaultFailed'), message: lineOf(failure, maybe) } }),
        );
      }
      await Promise.all([client.invalidateQueries({ queryKey: ['documents'] }), client.invalidateQueries({ queryKey: ['document'] })]);
      flash({ type: 'success', text: existing ? 'editing.versionSaved' : 'editing.saved', values: { name: draft.name, version: latest } });
      open(`/documents/${encodeURIComponent(draft.name)}${existing && latest ? `?version=${encodeURIComponent(JSON.stringify(latest))}` : ''}`);
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  };
  const convert = async (format: DocumentFormatWord) => {
    if (format === draft.format) return;
    if (format === 'TEXT' || draft.format === 'TEXT') return change({ format });
    try {
      change({ format, content: draft.content.trim() === '' ? '' : await convertDocument(draft.content, draft.format, format) });
    } catch (failure) {
      flash({ type: 'error', text: 'errors.flash', values: { what: t('editing.convertFailed'), message: lineOf(failure, maybe) } });
    }
  };
  const formats = FORMATS_OF[draft.type] ?? FORMATS;
  const setType = (type: string) => {
    // What was not touched yet gives way to what the type begins with.
    const untouched = Object.values(BEGINNINGS).includes(draft.content);
    const format = (FORMATS_OF[type] ?? FORMATS).includes(draft.format) ? draft.format : ((FORMATS_OF[type] ?? FORMATS)[0] ?? 'YAML');
    change(untouched ? { type, format: (FORMATS_OF[type] ?? FORMATS)[0] ?? 'YAML', content: BEGINNINGS[type] ?? '' } : { type, format });
  };
  return (
    <Form
      errorText={tried && (wrongName || wrongVersion) ? t('run.fix') : undefined}
      actions={
        <SpaceBetween direction="horizontal" size="xs">
          <Button
            variant="link"
            onClick={() => {
              drop();
              open(existing ? `/documents/${encodeURIComponent(draft.name)}` : '/documents');
            }}
          >
            {t('editing.discard')}
          </Button>
          <Button
            variant="primary"
            loading={busy}
            disabled={Boolean(blocked) || !sound}
            disabledReason={blocked ?? t('editing.notSound')}
            onClick={() => void save()}
          >
            {existing ? t('editing.saveVersion') : t('editing.save')}
          </Button>
        </SpaceBetween>
      }
    >
      <SpaceBetween size="l">
        {restored && <Alert type="info">{t('editing.restored')}</Alert>}
        {error !== undefined && <Failure error={error} what={t('editing.saveFailed')} />}
        <Container header={<Header variant="h2">{t('documents.details')}</Header>}>
          <ColumnLayout columns={existing ? 2 : 4}>
            {!existing && (
              <FormField label={t('documents.name')} constraintText={t('editing.nameHint')} errorText={wrongName && (tried || draft.name !== '') ? t(wrongName) : undefined}>
                <Input value={draft.name} spellcheck={false} ariaRequired onChange={({ detail }) => change({ name: detail.value.trim() })} />
              </FormField>
            )}
            {!existing && (
              <FormField label={t('documents.type')}>
                <Select
                  selectedOption={{ value: draft.type, label: draft.type }}
                  options={[...new Set([...TYPES, draft.type])].map((value) => ({ value, label: value }))}
                  onChange={({ detail }) => setType(detail.selectedOption.value ?? 'Command')}
                />
              </FormField>
            )}
            <FormField label={t('documents.format')} constraintText={t('editing.formatHint')}>
              <Select
                selectedOption={{ value: draft.format, label: draft.format }}
                options={formats.map((value) => ({ value, label: value }))}
                onChange={({ detail }) => void convert(detail.selectedOption.value as DocumentFormatWord)}
              />
            </FormField>
            <FormField
              label={
                <span>
                  {t('documents.versionName')} <i>– {t('run.optional')}</i>
                </span>
              }
              errorText={wrongVersion && t(wrongVersion)}
            >
              <Input value={draft.versionName} spellcheck={false} onChange={({ detail }) => change({ versionName: detail.value.trim() })} />
            </FormField>
          </ColumnLayout>
        </Container>
        <Container
          header={
            <Header variant="h2" actions={<ImportButton onFile={(content, format) => change(format && formats.includes(format) ? { content, format } : { content })} />}>
              {t('documents.content')}
            </Header>
          }
        >
          <DocumentContentField
            key={`${draft.format} ${draft.type}`}
            draft={draft}
            onChange={(content) => change({ content })}
            onSound={setSound}
          />
        </Container>
        {existing && (
          <Checkbox checked={makeDefault} onChange={({ detail }) => setMakeDefault(detail.checked)} description={t('editing.makeDefaultHint')}>
            {t('editing.makeDefault')}
          </Checkbox>
        )}
      </SpaceBetween>
    </Form>
  );
}

/** Creates the document, or adds a version on top of `latest`; the number of the version. */
async function store(draft: DocumentDraft, latest: string | undefined): Promise<string | undefined> {
  const common = { Name: draft.name, Content: draft.content, DocumentFormat: draft.format, VersionName: draft.versionName || undefined };
  if (latest === undefined) return (await call('CreateDocument', { ...common, DocumentType: draft.type as DocumentType })).DocumentDescription?.DocumentVersion;
  return (await call('UpdateDocument', { ...common, DocumentVersion: latest })).DocumentDescription?.DocumentVersion;
}
