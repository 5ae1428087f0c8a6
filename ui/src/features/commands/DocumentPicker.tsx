import FormField from '@cloudscape-design/components/form-field';
import Grid from '@cloudscape-design/components/grid';
import Link from '@cloudscape-design/components/link';
import Select, { type SelectProps } from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useMemo } from 'react';
import { href, useFollow } from '../../app/router';
import { Failure } from '../../components/Failure';
import { useText } from '../../i18n';
import { useCommandDocuments, useDocumentVersions } from './documents';

interface Props {
  document: string;
  version: string;
  onChange: (document: string, version: string) => void;
}

export function DocumentPicker({ document, version, onChange }: Props) {
  const { t } = useText();
  const follow = useFollow();
  const documents = useCommandDocuments();
  const versions = useDocumentVersions(document);
  const options = useMemo(
    (): SelectProps.Option[] =>
      (documents.data ?? []).map((item) => ({
        value: item.Name ?? '',
        label: item.Name ?? '',
        description: item.PlatformTypes?.length ? t('run.platforms', { platforms: item.PlatformTypes.join(', ') }) : undefined,
        labelTag: item.Owner,
      })),
    [documents.data, t],
  );
  const versionOptions = useMemo(
    (): SelectProps.Option[] => [
      { value: '$DEFAULT', label: t('run.versionDefault') },
      { value: '$LATEST', label: t('run.versionLatest') },
      ...(versions.data ?? []).map((item) => ({
        value: item.DocumentVersion ?? '',
        label: t('run.versionNumber', { version: item.DocumentVersion }),
        labelTag: item.VersionName,
      })),
    ],
    [versions.data, t],
  );
  const chosen = options.find((item) => item.value === document) ?? (document ? { value: document, label: document } : null);
  return (
    <SpaceBetween size="m">
      {documents.error && <Failure error={documents.error} what={t('run.documentsFailed')} onRetry={() => void documents.refetch()} />}
      <Grid gridDefinition={[{ colspan: { default: 12, s: 8 } }, { colspan: { default: 12, s: 4 } }]}>
        <FormField
          label={t('run.document')}
          constraintText={t('run.documentHint')}
          info={
            document ? (
              <Link variant="info" href={href(`/documents/${encodeURIComponent(document)}`)} onFollow={follow}>
                {t('run.viewDocument')}
              </Link>
            ) : undefined
          }
          stretch
        >
          <Select
            selectedOption={chosen}
            options={options}
            filteringType="auto"
            filteringPlaceholder={t('run.documentFilter')}
            filteringAriaLabel={t('run.documentFilter')}
            placeholder={t('run.documentPick')}
            statusType={documents.isPending ? 'loading' : 'finished'}
            loadingText={t('common.loading')}
            empty={t('run.documentNone')}
            noMatch={t('run.documentNone')}
            virtualScroll
            expandToViewport
            onChange={({ detail }) => onChange(detail.selectedOption.value ?? '', '$DEFAULT')}
          />
        </FormField>
        <FormField label={t('run.version')} stretch>
          <Select
            selectedOption={versionOptions.find((item) => item.value === version) ?? { value: version, label: t('run.versionNumber', { version }) }}
            options={versionOptions}
            disabled={!document}
            statusType={document && versions.isPending ? 'loading' : 'finished'}
            loadingText={t('common.loading')}
            expandToViewport
            onChange={({ detail }) => onChange(document, detail.selectedOption.value ?? '$DEFAULT')}
          />
        </FormField>
      </Grid>
    </SpaceBetween>
  );
}
