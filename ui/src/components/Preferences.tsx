/** Rows, columns and their order, as a person wants them. */
import CollectionPreferences from '@cloudscape-design/components/collection-preferences';
import { useText } from '../i18n';
import { displayOf, type TablePreferences } from './tablePreferences';

export interface ColumnChoice {
  id: string;
  label: string;
  fixed?: boolean;
}

/** So many columns are looked through with the eyes; more need a field to find one. */
const FEW = 12;

interface Props {
  value: TablePreferences;
  onChange: (next: TablePreferences) => void;
  columns: ColumnChoice[];
  sizes: readonly number[];
}

export function Preferences({ value, onChange, columns, sizes }: Props) {
  const { t } = useText();
  return (
    <CollectionPreferences
      title={t('common.preferences')}
      confirmLabel={t('common.confirm')}
      cancelLabel={t('common.cancel')}
      preferences={{ pageSize: value.pageSize, wrapLines: value.wrapLines, contentDisplay: displayOf(columns, value) }}
      pageSizePreference={{ title: t('common.pageSize'), options: sizes.map((count) => ({ value: count, label: t('common.rows', { count }) })) }}
      wrapLinesPreference={{ label: t('common.wrapLines') }}
      contentDisplayPreference={{
        title: t('common.columns'),
        description: t('common.columnsHint'),
        enableColumnFiltering: columns.length > FEW,
        options: columns.map((column) => ({ id: column.id, label: column.label, alwaysVisible: column.fixed })),
      }}
      onConfirm={({ detail }) =>
        onChange({
          ...value,
          pageSize: detail.pageSize ?? value.pageSize,
          wrapLines: detail.wrapLines ?? value.wrapLines,
          visible: detail.contentDisplay?.filter((item) => item.visible).map((item) => item.id) ?? value.visible,
          order: detail.contentDisplay?.map((item) => item.id) ?? value.order,
        })
      }
    />
  );
}
