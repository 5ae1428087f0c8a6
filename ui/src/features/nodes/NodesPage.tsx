/** Every node the hub knows: filtered, sorted and paged by the hub, so that 100,000 rows are no heavier than 20. */
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import ButtonDropdown from '@cloudscape-design/components/button-dropdown';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { lineOf } from '../../api/errors';
import { getNodes, type NodeRow, type NodesQuery } from '../../api/extension';
import { usePolling } from '../../api/live';
import { flash } from '../../app/flash';
import { useFollow, useOpen } from '../../app/router';
import { useBlocked } from '../../app/useBlocked';
import { Empty } from '../../components/Empty';
import { formatFilter, fromTokens, type ListFilter, parseFilter, toTokens } from '../../components/filterGrammar';
import { ListPage } from '../../components/ListPage';
import type { ListSearch } from '../../components/listAddress';
import { useList } from '../../components/useList';
import { useListView } from '../../components/useListView';
import { type Selection, useSelection } from '../../components/useSelection';
import { useText } from '../../i18n';
import { MOST_IDS } from '../commands/runForm';
import { BulkDeregister, BulkTags, type Chosen, idsOf } from './BulkActions';
import { COLUMN_SORT, DEFAULT_COLUMNS, nodeColumns, nodeExport, nodeName } from './columns';
import { isNodeKey, targetsOf } from './filter';
import { useProperties, useSuggestions, useTagKeys } from './nodeFilters';
import { useTagEdit } from './useTagEdit';
import { OpenTerminal } from '../sessions/OpenTerminal';

const EXPORT_LIMIT = 200_000;
/** More rows at once take a browser longer to draw than a page of the list takes to read. */
const SIZES = [20, 50, 100];
/** Rows that the hub hands out at once, for a file. */
const LARGEST_PAGE = 200;
const keyOf = (node: NodeRow) => node.InstanceId;

function readPage(query: Omit<NodesQuery, 'token'>) {
  return async (token: string | undefined) => {
    const answer = await getNodes({ ...query, token });
    return { items: answer.nodes, nextToken: answer.nextToken, total: answer.total };
  };
}

export function NodesPage() {
  const text = useText();
  const { t, number } = text;
  const open = useOpen();
  const follow = useFollow();
  const navigate = useNavigate();
  const search = useSearch({ strict: false }) as ListSearch;
  const blocked = useBlocked();
  const editTags = useTagEdit();
  const filter = useMemo(() => parseFilter(search.q ?? '', isNodeKey), [search.q]);
  const sort = search.sort && COLUMN_SORT[search.sort] ? search.sort : 'name';
  const order = search.order === 'desc' ? 'desc' : 'asc';
  const query = { filters: filter.entries, search: filter.search, sort: COLUMN_SORT[sort] ?? 'name', order } as const;
  const plain = useList({
    name: 'nodes',
    about: [query],
    columns: DEFAULT_COLUMNS,
    read: (max) => readPage({ ...query, max }),
    exportLimit: EXPORT_LIMIT,
    sizes: SIZES,
    exportPage: LARGEST_PAGE,
    refetchInterval: usePolling(),
  });
  const change = (next: ListSearch) => void navigate({ to: '/nodes', search: { ...search, ...next } as never, replace: true });
  const tagKeys = useTagKeys();
  const shownTags = useMemo(() => [...new Set([...tagKeys, ...tagColumns(plain.preferences.visible), ...tagColumns(search.columns ?? [])])], [tagKeys, plain.preferences.visible, search.columns]);
  const columns = useMemo(() => nodeColumns(text, { follow, tagKeys: shownTags, blocked }), [text, follow, shownTags, blocked]);
  const { list, views } = useListView({ path: '/nodes', list: plain, columns, search, change });
  const properties = useProperties(text, tagKeys, filter.entries);
  const suggestions = useSuggestions(text, tagKeys);
  const { items, total } = list.paged;
  const selection = useSelection(JSON.stringify(filter), items, total, keyOf);
  const chosen: Chosen = { selection, filters: filter.entries, search: filter.search };
  return (
    <ListPage
      title={t('nodes.title')}
      description={t('nodes.description')}
      counter={total === undefined ? undefined : selection.count > 0 ? `(${number(selection.count)}/${number(total)})` : `(${number(total)})`}
      label={t('nodes.pinned')}
      failed={t('nodes.failed')}
      list={list}
      views={views}
      trackBy="InstanceId"
      columns={columns}
      sorting={{
        sortingColumn: { sortingField: sort },
        sortingDescending: order === 'desc',
        onSortingChange: ({ detail }) => change({ sort: detail.sortingColumn.sortingField, order: detail.isDescending ? 'desc' : undefined }),
      }}
      selection={{
        selectionType: 'multi',
        selectedItems: selection.shown,
        onSelectionChange: ({ detail }) => selection.change(detail.selectedItems),
        labels: {
          selectionGroupLabel: t('nodes.title'),
          allItemsSelectionLabel: () => t('common.all'),
          itemSelectionLabel: (_, node) => nodeName(node),
          activateEditLabel: (column, node) => t('nodes.editCell', { column: String(column.header), name: nodeName(node) }),
          cancelEditLabel: () => t('common.cancel'),
          submitEditLabel: () => t('nodes.saveTags'),
          submittingEditText: () => t('nodes.savingTags'),
          successfulEditLabel: () => t('nodes.savedTags'),
        },
      }}
      notice={<Selected selection={selection} page={items} total={total} />}
      submitEdit={async (node, column, value) => {
        const key = (column.id ?? '').slice('tag:'.length);
        if (typeof value !== 'string') return;
        try {
          await editTags(node, { added: [{ Key: key, Value: value }], removed: [] });
        } catch (error) {
          flash({ type: 'error', text: 'errors.flash', values: { what: t('nodes.tagsFailed'), message: lineOf(error, text.maybe) } });
          // The cell stays open with what was typed.
          throw error;
        }
      }}
      filter={{
        properties,
        ...suggestions,
        label: t('nodes.filter'),
        placeholder: t('nodes.filterPlaceholder'),
        query: toTokens(filter),
        groups: [{ group: 'tags', properties: t('nodes.tags'), values: t('nodes.tags') }],
        onChange: (changed) => change({ q: formatFilter(fromTokens(changed, isNodeKey)) || undefined }),
        noMatch: { title: t('nodes.noMatch'), hint: t('nodes.noMatchHint'), clear: t('nodes.clearFilter') },
      }}
      empty={<Empty title={t('nodes.none')} hint={t('nodes.noneHint')} action={<Button onClick={() => open('/activations')}>{t('nav.addNode')}</Button>} />}
      file={{ columns: nodeExport(text, tagColumns(list.preferences.visible)), done: 'nodes.exported', failed: 'nodes.exportFailed' }}
      actions={<Actions chosen={chosen} filter={filter} blocked={blocked} />}
    />
  );
}

function tagColumns(columns: string[]): string[] {
  return columns.filter((id) => id.startsWith('tag:')).map((id) => id.slice('tag:'.length));
}

/** How far the selection goes, and the way to all that match. */
function Selected({ selection, page, total }: { selection: Selection<NodeRow>; page: NodeRow[]; total: number | undefined }) {
  const { t } = useText();
  if (selection.count === 0) return null;
  const whole = page.length > 0 && selection.shown.length === page.length && !selection.all && total !== undefined && total > selection.count;
  return (
    <div role="status">
      <SpaceBetween direction="horizontal" size="xs" alignItems="center">
        <Box color="text-body-secondary">{t(selection.all ? 'nodes.selectedAll' : 'nodes.selected', { count: selection.count })}</Box>
        {whole && (
          <Button variant="inline-link" onClick={selection.selectAll}>
            {t('nodes.selectAll', { count: total })}
          </Button>
        )}
        <Button variant="inline-link" onClick={selection.clear}>
          {t('nodes.selectNone')}
        </Button>
      </SpaceBetween>
    </div>
  );
}

function Actions({ chosen, filter, blocked }: { chosen: Chosen; filter: ListFilter; blocked?: string }) {
  const { t, maybe } = useText();
  const open = useOpen();
  const [dialog, setDialog] = useState<'tags' | 'remove'>();
  const { selection } = chosen;
  const none = selection.count === 0 ? t('nodes.runNone') : undefined;
  // By what the filter says when that is all of it: nodes that join later have the tags, too.
  const targets = selection.all && selection.except.size === 0 ? targetsOf(filter) : undefined;
  const cannotRun = none ?? (selection.count > MOST_IDS && !targets ? t(selection.all ? 'nodes.runTooManyMatch' : 'nodes.runTooMany', { count: MOST_IDS }) : undefined);
  const run = async () => {
    if (targets) {
      open(`/run?targets=${encodeURIComponent(JSON.stringify(targets))}`);
      return;
    }
    try {
      open(`/run?nodes=${encodeURIComponent(JSON.stringify(await idsOf(chosen)))}`);
    } catch (error) {
      flash({ type: 'error', text: 'errors.flash', values: { what: t('nodes.failed'), message: lineOf(error, maybe) } });
    }
  };
  const close = () => setDialog(undefined);
  return (
    <SpaceBetween direction="horizontal" size="xs">
      <ButtonDropdown
        items={[
          { id: 'tags', text: t('nodes.editTags'), disabled: Boolean(none ?? blocked), disabledReason: none ?? blocked },
          { id: 'remove', text: t('nodes.deregister'), disabled: Boolean(none ?? blocked), disabledReason: none ?? blocked },
        ]}
        onItemClick={({ detail }) => setDialog(detail.id === 'tags' ? 'tags' : 'remove')}
      >
        {t('nodes.actions')}
      </ButtonDropdown>
      <Button onClick={() => open('/activations')}>{t('nav.addNode')}</Button>
      <OpenTerminal count={selection.count} nodes={() => idsOf(chosen)} cannot={none} />
      <Button variant="primary" disabled={Boolean(cannotRun)} disabledReason={cannotRun} onClick={() => void run()}>
        {t('nodes.runHere')}
      </Button>
      {dialog === 'tags' && <BulkTags chosen={chosen} onClose={close} />}
      {dialog === 'remove' && <BulkDeregister chosen={chosen} onClose={close} onDone={selection.clear} />}
    </SpaceBetween>
  );
}
