/** A page that is one list: a table that the hub pages, filters and sorts, with a person's columns, and all of it as a file. */
import Button from '@cloudscape-design/components/button';
import PropertyFilter, { type PropertyFilterProps } from '@cloudscape-design/components/property-filter';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table, { type TableProps } from '@cloudscape-design/components/table';
import type { ReactNode } from 'react';
import { Page } from '../app/page';
import { type TextKey, useText } from '../i18n';
import { Empty } from './Empty';
import { ExportButton, type ExportColumn } from './ExportButton';
import { Failure } from './Failure';
import { Nothing } from './Nothing';
import { Pages } from './Pages';
import { Preferences } from './Preferences';
import { displayOf } from './tablePreferences';
import type { List } from './useList';
import { ViewActions, ViewSelect, type ViewsProps } from './ViewControls';

export interface FilterProps {
  label: string;
  placeholder: string;
  query: PropertyFilterProps.Query;
  onChange: (query: PropertyFilterProps.Query) => void;
  properties: PropertyFilterProps.FilteringProperty[];
  options: PropertyFilterProps.FilteringOption[];
  /** Asks for options while somebody types, where they are not all known. */
  onLoad?: (asked: PropertyFilterProps.LoadItemsDetail) => void;
  loading?: PropertyFilterProps.StatusType;
  /** Names of the groups that properties are in. */
  groups?: PropertyFilterProps.GroupText[];
  /** Shown when nothing matches, with the words of the button that clears the filter. */
  noMatch: { title: string; hint: string; clear: string };
}

interface Props<T> {
  title: string;
  description: string;
  counter?: string;
  /** What the table is called to people who hear it. */
  label: string;
  /** What is said when reading fails. */
  failed: string;
  list: List<T>;
  trackBy: keyof T & string;
  /** The first column is always shown. */
  columns: TableProps.ColumnDefinition<T>[];
  filter: FilterProps;
  /** Shown when there is nothing at all. */
  empty: ReactNode;
  file: { columns: ExportColumn<T>[]; done: TextKey; failed: TextKey };
  /** Buttons beside refresh and export. */
  actions?: ReactNode;
  sorting?: Pick<TableProps<T>, 'sortingColumn' | 'sortingDescending' | 'onSortingChange'>;
  selection?: Pick<TableProps<T>, 'selectionType' | 'selectedItems' | 'onSelectionChange'> & { labels: TableProps.AriaLabels<T> };
  /** Saved views, where the list has them. */
  views?: ViewsProps;
  /** Between the filter and the rows, such as how many are selected. */
  notice?: ReactNode;
  /** Saves what was typed into a cell. */
  submitEdit?: TableProps<T>['submitEdit'];
}

/** A property to filter by that is this or that value. */
export function filterProperty(key: string, label: string): PropertyFilterProps.FilteringProperty {
  return { key, propertyLabel: label, groupValuesLabel: label, operators: ['='] };
}

export function ListPage<T>({ title, description, counter, label, failed, list, trackBy, columns, filter, empty, file, actions, sorting, selection, views, notice, submitEdit }: Props<T>) {
  const { t } = useText();
  const { paged, preferences } = list;
  const choices = columns.map((column, index) => ({ id: column.id ?? '', label: String(column.header), fixed: index === 0 }));
  const { labels, ...selecting } = selection ?? { labels: undefined };
  const display = displayOf(choices, preferences);
  const sized = columns.map((column) => (preferences.widths[column.id ?? ''] ? { ...column, width: preferences.widths[column.id ?? ''] } : column));
  const keepWidths = (widths: ReadonlyArray<number>) => {
    const shown = display.filter((column) => column.visible);
    list.setPreferences({ ...preferences, widths: { ...preferences.widths, ...Object.fromEntries(shown.map((column, index) => [column.id, Math.round(widths[index] ?? 0)]).filter(([, width]) => Number(width) >= 20)) } });
  };
  return (
    <Page
      title={title}
      description={description}
      counter={counter}
      actions={
        <SpaceBetween direction="horizontal" size="xs">
          <Button iconName="refresh" ariaLabel={t('common.refresh')} onClick={paged.refetch} />
          <ExportButton name={list.name} columns={file.columns} total={paged.total} read={list.readAll} done={file.done} failed={file.failed} />
          {actions}
        </SpaceBetween>
      }
    >
      <SpaceBetween size="m">
        {paged.error !== null && <Failure error={paged.error} what={failed} onRetry={paged.refetch} />}
        <Table
          // A table takes its widths once: another view is another table.
          key={views?.current?.name ?? ''}
          {...sorting}
          {...selecting}
          stickyHeader
          resizableColumns
          wrapLines={preferences.wrapLines}
          items={paged.items}
          trackBy={trackBy}
          loading={paged.loading}
          loadingText={t('common.loading')}
          ariaLabels={{ ...labels, tableLabel: label }}
          columnDefinitions={sized}
          columnDisplay={display}
          onColumnWidthsChange={({ detail }) => keepWidths(detail.widths)}
          submitEdit={submitEdit}
          filter={
            <SpaceBetween size="s">
              <Filter {...filter} views={views} />
              {notice}
            </SpaceBetween>
          }
          pagination={<Pages paged={paged} />}
          preferences={<Preferences value={preferences} onChange={list.setPreferences} columns={choices} sizes={list.sizes} />}
          empty={<Nothing paged={paged}>{filter.query.tokens.length > 0 ? <NoMatch {...filter} /> : empty}</Nothing>}
        />
      </SpaceBetween>
    </Page>
  );
}

function Filter({ label, placeholder, query, onChange, properties, options, onLoad, loading, groups, views }: FilterProps & { views?: ViewsProps }) {
  return (
    <PropertyFilter
      customControl={
        views && (
          <div className="qd-views">
            {views.views.length > 0 && <ViewSelect {...views} />}
            <ViewActions {...views} />
          </div>
        )
      }
      onLoadItems={onLoad && (({ detail }) => onLoad(detail))}
      filteringStatusType={loading}
      customGroupsText={groups}
      query={query}
      onChange={({ detail }) => onChange(detail)}
      hideOperations
      filteringProperties={properties}
      filteringOptions={options}
      filteringPlaceholder={placeholder}
      filteringAriaLabel={label}
      freeTextFiltering={{ operators: [':'] }}
      expandToViewport
    />
  );
}

function NoMatch({ noMatch, onChange }: FilterProps) {
  return <Empty title={noMatch.title} hint={noMatch.hint} action={<Button onClick={() => onChange({ tokens: [], operation: 'and' })}>{noMatch.clear}</Button>} />;
}
