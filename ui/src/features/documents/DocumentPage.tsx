/** One document: what it says, what it asks for, its versions. */
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import Table from '@cloudscape-design/components/table';
import Tabs from '@cloudscape-design/components/tabs';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { lazy, Suspense } from 'react';
import { call } from '../../api/call';
import type { DocumentDescription, DocumentFormat } from '../../api/operations';
import { Page } from '../../app/page';
import { href } from '../../app/router';
import { Empty } from '../../components/Empty';
import { Failure } from '../../components/Failure';
import { Loading } from '../../components/Loading';
import { When } from '../../components/When';
import { type Text, useText } from '../../i18n';
import { useDocumentSummary, useDocumentVersions } from '../commands/documents';
import { describe } from '../commands/descriptions';
import type { ParameterRule } from '../commands/parameters';
import { DocumentActions } from './DocumentActions';
import { DocumentTags } from './DocumentTags';
import { Permissions } from './Permissions';
import { UsedBy } from './UsedBy';
import { Versions } from './Versions';

const CodeEditor = lazy(() => import('../../components/CodeEditor').then((module) => ({ default: module.CodeEditor })));

export interface DocumentSearch {
  version?: string;
  tab?: string;
}

export function DocumentPage() {
  const { maybe, t } = useText();
  const { name = '' } = useParams({ strict: false }) as { name?: string };
  const { version } = useSearch({ strict: false }) as DocumentSearch;
  const query = useQuery({
    queryKey: ['document', name, 'description', version ?? ''],
    queryFn: async () => (await call('DescribeDocument', { Name: name, DocumentVersion: version })).Document,
  });
  return (
    <Page
      title={name}
      description={query.data?.Owner === 'Amazon' ? maybe(`documents.about.${name}`, query.data.Description ?? '') : query.data?.Description}
      parents={[{ text: t('documents.title'), href: href('/documents') }]}
      actions={<DocumentActions document={query.data} name={name} version={version} />}
    >
      {query.error && <Failure error={query.error} what={t('run.documentFailed')} onRetry={() => void query.refetch()} />}
      {query.isPending && <Loading />}
      {query.data && <Known document={query.data} name={name} version={version} />}
    </Page>
  );
}

function Known({ document, name, version }: { document: DocumentDescription; name: string; version?: string }) {
  const { t } = useText();
  const navigate = useNavigate();
  const search = useSearch({ strict: false }) as DocumentSearch;
  const change = (next: DocumentSearch) => void navigate({ to: '/documents/$name', params: { name }, search: { ...search, ...next } as never, replace: true });
  const versions = useDocumentVersions(name);
  const options = (versions.data ?? []).map((item) => ({ value: item.DocumentVersion ?? '', label: t('run.versionNumber', { version: item.DocumentVersion }), labelTag: item.IsDefaultVersion ? t('documents.default') : item.VersionName }));
  const shown = version ?? document.DocumentVersion ?? '';
  return (
    <SpaceBetween size="l">
      <Details document={document} />
      <Tabs
        variant="container"
        activeTabId={search.tab ?? 'content'}
        onChange={({ detail }) => change({ tab: detail.activeTabId })}
        actions={
          <Select
            ariaLabel={t('documents.showVersion')}
            selectedOption={options.find((item) => item.value === shown) ?? { value: shown, label: t('run.versionNumber', { version: shown }) }}
            options={options}
            onChange={({ detail }) => change({ version: detail.selectedOption.value })}
          />
        }
        tabs={[
          { id: 'content', label: t('documents.content'), content: <Content name={name} version={version} format={document.DocumentFormat} /> },
          { id: 'parameters', label: t('documents.parameters'), content: <Parameters name={name} version={version} /> },
          { id: 'versions', label: t('documents.versions'), content: <Versions document={document} /> },
          { id: 'used', label: t('documents.used'), content: <UsedBy name={name} /> },
          { id: 'permissions', label: t('documents.permissions'), content: <Permissions document={document} /> },
          { id: 'tags', label: t('nodes.tags'), content: <DocumentTags document={document} /> },
        ]}
      />
    </SpaceBetween>
  );
}

function Details({ document }: { document: DocumentDescription }) {
  const { t, maybe } = useText();
  return (
    <Container header={<Header variant="h2">{t('documents.details')}</Header>}>
      <KeyValuePairs
        columns={4}
        items={[
          { label: t('documents.status'), value: <StatusIndicator type={document.Status === 'Active' ? 'success' : document.Status === 'Failed' ? 'error' : 'in-progress'}>{maybe(`status.document.${document.Status}`, document.Status ?? '–')}</StatusIndicator> },
          { label: t('documents.type'), value: document.DocumentType ?? '–' },
          { label: t('documents.owner'), value: document.Owner ?? '–' },
          { label: t('documents.platforms'), value: document.PlatformTypes?.join(', ') || '–' },
          { label: t('documents.schema'), value: document.SchemaVersion ?? '–' },
          { label: t('documents.defaultVersion'), value: document.DefaultVersion ?? '–' },
          { label: t('documents.latestVersion'), value: document.LatestVersion ?? '–' },
          { label: t('documents.created'), value: <When at={document.CreatedDate} /> },
        ]}
      />
    </Container>
  );
}

function Content({ name, version, format }: { name: string; version?: string; format?: DocumentFormat }) {
  const { t } = useText();
  const query = useQuery({
    queryKey: ['document', name, 'content', version ?? '', format ?? ''],
    queryFn: async () => call('GetDocument', { Name: name, DocumentVersion: version, DocumentFormat: format }),
  });
  if (query.error) return <Failure error={query.error} what={t('documents.contentFailed')} onRetry={() => void query.refetch()} />;
  if (!query.data) return <Loading />;
  const language = query.data.DocumentFormat === 'YAML' ? 'yaml' : query.data.DocumentFormat === 'JSON' ? 'json' : 'text';
  return (
    <Suspense fallback={<Loading />}>
      <CodeEditor value={query.data.Content ?? ''} language={language} label={t('documents.contentOf', { name })} rows={12} />
    </Suspense>
  );
}

function rulesOf(rule: ParameterRule, { t }: Text): string {
  const words: string[] = [];
  if (rule.allowedValues.length > 0) words.push(t('documents.rule.allowed', { values: rule.allowedValues.join(', ') }));
  if (rule.allowedPattern) words.push(t('documents.rule.pattern', { pattern: rule.allowedPattern }));
  if (rule.minItems !== undefined) words.push(t('documents.rule.minItems', { limit: rule.minItems }));
  if (rule.maxItems !== undefined) words.push(t('documents.rule.maxItems', { limit: rule.maxItems }));
  if (rule.minChars !== undefined) words.push(t('documents.rule.minChars', { limit: rule.minChars }));
  if (rule.maxChars !== undefined) words.push(t('documents.rule.maxChars', { limit: rule.maxChars }));
  return words.join(' · ') || '–';
}

function Parameters({ name, version }: { name: string; version?: string }) {
  const text = useText();
  const { t } = text;
  const query = useDocumentSummary(name, version);
  if (query.error) return <Failure error={query.error} what={t('documents.contentFailed')} onRetry={() => void query.refetch()} />;
  return (
    <Table
      variant="embedded"
      wrapLines
      items={query.data?.parameters ?? []}
      trackBy="name"
      loading={query.isPending}
      loadingText={t('common.loading')}
      ariaLabels={{ tableLabel: t('documents.parameters') }}
      empty={<Empty title={t('documents.noParameters')} />}
      columnDefinitions={[
        { id: 'name', header: t('documents.parameter'), isRowHeader: true, cell: (item) => item.name },
        { id: 'type', header: t('documents.parameterType'), cell: (item) => item.type },
        { id: 'default', header: t('documents.default'), cell: (item) => (item.required ? t('documents.required') : item.default || '–') },
        { id: 'rules', header: t('documents.rules'), cell: (item) => <span className="qd-anywhere">{rulesOf(item, text)}</span> },
        { id: 'description', header: t('commands.comment'), cell: (item) => describe(name, item, text) || '–' },
      ]}
    />
  );
}
