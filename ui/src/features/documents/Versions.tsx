/** The versions of a document: what changed between any two, which one runs, and which may go. */
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Modal from '@cloudscape-design/components/modal';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table from '@cloudscape-design/components/table';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { lazy, Suspense, useState } from 'react';
import { call } from '../../api/call';
import type { DocumentDescription, DocumentVersionInfo } from '../../api/operations';
import { flash } from '../../app/flash';
import { useBlocked } from '../../app/useBlocked';
import { Confirm } from '../../components/Confirm';
import { Failure } from '../../components/Failure';
import { Loading } from '../../components/Loading';
import { When } from '../../components/When';
import { useText } from '../../i18n';
import { useDocumentVersions } from '../commands/documents';
import { fixedReason } from './DocumentActions';

const CodeDiff = lazy(() => import('../../components/CodeDiff').then((module) => ({ default: module.CodeDiff })));

export function Versions({ document }: { document: DocumentDescription }) {
  const text = useText();
  const { t, maybe } = text;
  const fixed = fixedReason(document, useBlocked(), text);
  const name = document.Name ?? '';
  const query = useDocumentVersions(name);
  const [chosen, setChosen] = useState<DocumentVersionInfo[]>([]);
  const [comparing, setComparing] = useState(false);
  const [asking, setAsking] = useState<'default' | 'delete'>();
  if (query.error) return <Failure error={query.error} what={t('documents.versionsFailed')} onRetry={() => void query.refetch()} />;
  const items = query.data ?? [];
  // Read again, the rows are others; what was chosen is known by its number.
  const selected = items.filter((item) => chosen.some((one) => one.DocumentVersion === item.DocumentVersion));
  const [one] = selected;
  const single = selected.length === 1 ? undefined : t('documents.chooseOne');
  const isDefault = one?.IsDefaultVersion ? t('documents.isDefaultAlready') : undefined;
  return (
    <SpaceBetween size="s">
      <SpaceBetween direction="horizontal" size="xs">
        <Button disabled={selected.length !== 2} disabledReason={t('documents.chooseTwo')} onClick={() => setComparing(true)}>
          {t('results.compare')}
        </Button>
        <Button disabled={Boolean(fixed ?? single ?? isDefault)} disabledReason={fixed ?? single ?? isDefault} onClick={() => setAsking('default')}>
          {t('documents.makeDefault')}
        </Button>
        <Button
          disabled={Boolean(fixed ?? single) || Boolean(isDefault)}
          disabledReason={fixed ?? single ?? (isDefault && t('documents.defaultStays'))}
          onClick={() => setAsking('delete')}
        >
          {t('documents.deleteVersion')}
        </Button>
      </SpaceBetween>
      <Table
        variant="embedded"
        items={items}
        trackBy="DocumentVersion"
        loading={!query.data}
        loadingText={t('common.loading')}
        selectionType="multi"
        selectedItems={selected}
        onSelectionChange={({ detail }) => setChosen(detail.selectedItems)}
        ariaLabels={{
          tableLabel: t('documents.versions'),
          selectionGroupLabel: t('documents.versions'),
          allItemsSelectionLabel: () => t('common.all'),
          itemSelectionLabel: (_, item) => t('run.versionNumber', { version: item.DocumentVersion }),
        }}
        columnDefinitions={[
          { id: 'version', header: t('documents.version'), isRowHeader: true, cell: (item) => item.DocumentVersion },
          { id: 'name', header: t('documents.versionName'), cell: (item) => item.VersionName ?? '–' },
          { id: 'default', header: t('documents.isDefault'), cell: (item) => (item.IsDefaultVersion ? t('common.yes') : t('common.no')) },
          { id: 'format', header: t('documents.format'), cell: (item) => item.DocumentFormat ?? '–' },
          { id: 'status', header: t('documents.status'), cell: (item) => maybe(`status.document.${item.Status}`, item.Status ?? '–') },
          { id: 'created', header: t('documents.created'), cell: (item) => <When at={item.CreatedDate} /> },
        ]}
      />
      {comparing && <CompareVersions name={name} versions={selected} onClose={() => setComparing(false)} />}
      {asking && one && <Change kind={asking} name={name} version={one.DocumentVersion ?? ''} onClose={() => setAsking(undefined)} />}
    </SpaceBetween>
  );
}

function Change({ kind, name, version, onClose }: { kind: 'default' | 'delete'; name: string; version: string; onClose: () => void }) {
  const { t } = useText();
  const client = useQueryClient();
  const run = async () => {
    if (kind === 'default') await call('UpdateDocumentDefaultVersion', { Name: name, DocumentVersion: version });
    else await call('DeleteDocument', { Name: name, DocumentVersion: version });
    await Promise.all([client.invalidateQueries({ queryKey: ['document', name] }), client.invalidateQueries({ queryKey: ['documents'] })]);
    flash({ type: 'success', text: kind === 'default' ? 'documents.defaultSet' : 'documents.versionDeleted', values: { name, version } });
  };
  return (
    <Confirm
      title={t(kind === 'default' ? 'documents.defaultTitle' : 'documents.deleteVersionTitle', { version })}
      action={t(kind === 'default' ? 'documents.makeDefault' : 'documents.deleteVersion')}
      failed={t(kind === 'default' ? 'documents.defaultFailed' : 'documents.deleteFailed')}
      onConfirm={run}
      onClose={onClose}
    >
      {t(kind === 'default' ? 'documents.defaultText' : 'documents.deleteVersionText', { name, version })}
    </Confirm>
  );
}

function CompareVersions({ name, versions, onClose }: { name: string; versions: DocumentVersionInfo[]; onClose: () => void }) {
  const { t } = useText();
  // The older one on the left.
  const [a, b] = versions.map((item) => item.DocumentVersion ?? '').sort((one, other) => Number(one) - Number(other));
  const format = versions.every((item) => item.DocumentFormat === 'TEXT') ? 'TEXT' : versions.some((item) => item.DocumentFormat === 'YAML') ? 'YAML' : 'JSON';
  const query = useQuery({
    queryKey: ['document', name, 'compare', a, b],
    queryFn: () => Promise.all([a, b].map(async (version) => (await call('GetDocument', { Name: name, DocumentVersion: version, DocumentFormat: format })).Content ?? '')),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const language = format === 'YAML' ? 'yaml' : format === 'JSON' ? 'json' : 'text';
  return (
    <Modal visible size="max" header={t('documents.compareTitle', { name })} onDismiss={onClose} closeAriaLabel={t('common.close')}>
      <SpaceBetween size="s">
        {query.error && <Failure error={query.error} what={t('documents.contentFailed')} onRetry={() => void query.refetch()} />}
        {query.isPending && <Loading />}
        {query.data && (
          <Suspense fallback={<Loading />}>
            <CodeDiff before={query.data[0] ?? ''} after={query.data[1] ?? ''} names={[t('run.versionNumber', { version: a }), t('run.versionNumber', { version: b })]} language={language} />
          </Suspense>
        )}
        {new Set(versions.map((item) => item.DocumentFormat)).size > 1 && <Box color="text-body-secondary">{t('documents.comparedAs', { format })}</Box>}
      </SpaceBetween>
    </Modal>
  );
}
