import CollectionPreferences from '@cloudscape-design/components/collection-preferences';
import { useText } from '../i18n';
import type { TablePreferences } from './tablePreferences';

export interface ColumnChoice {
  id: string;
  label: string;
  fixed?: boolean;
}

export function Preferences({ value, onChange, columns }: { value: TablePreferences; onChange: (next: TablePreferences) => void; columns: ColumnChoice[] }) {
  const { t } = useText();
  return (
    <CollectionPreferences
      title={t('common.preferences')}
      confirmLabel={t('common.confirm')}
      cancelLabel={t('common.cancel')}
      preferences={{
        pageSize: value.pageSize,
        wrapLines: value.wrapLines,
        contentDisplay: columns.map((column) => ({ id: column.id, visible: column.fixed || value.visible.includes(column.id) })),
      }}
      pageSizePreference={{ title: t('common.pageSize'), options: [10, 20, 50].map((count) => ({ value: count, label: t('common.rows', { count }) })) }}
      wrapLinesPreference={{ label: t('common.wrapLines') }}
      contentDisplayPreference={{ title: t('common.columns'), options: columns.map((column) => ({ id: column.id, label: column.label, alwaysVisible: column.fixed })) }}
      onConfirm={({ detail }) =>
        onChange({
          pageSize: detail.pageSize ?? value.pageSize,
          wrapLines: detail.wrapLines ?? value.wrapLines,
          visible: detail.contentDisplay?.filter((item) => item.visible).map((item) => item.id) ?? value.visible,
        })
      }
    />
  );
}
