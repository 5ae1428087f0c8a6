/** A node's tags, edited where they stand: each change is saved by itself and can be taken back. */
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import FormField from '@cloudscape-design/components/form-field';
import Grid from '@cloudscape-design/components/grid';
import Header from '@cloudscape-design/components/header';
import Input from '@cloudscape-design/components/input';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table, { type TableProps } from '@cloudscape-design/components/table';
import { useState } from 'react';
import type { NodeRow } from '../../api/extension';
import { useBlocked } from '../../app/useBlocked';
import { Empty } from '../../components/Empty';
import { Failure } from '../../components/Failure';
import { tagProblem } from '../../components/TagFields';
import { useText } from '../../i18n';
import { MAX_TAG_VALUE, tagValueProblem } from './columns';
import type { TagChange } from './tagChanges';
import { useTagEdit } from './useTagEdit';

interface Row {
  key: string;
  value: string;
}
const MAX_TAGS = 50;
const MAX_TAG_KEY = 128;

export function TagsTab({ node }: { node: NodeRow }) {
  const { t, number } = useText();
  const blocked = useBlocked();
  const edit = useTagEdit();
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState<string>();
  const rows = Object.entries(node.Tags)
    .map(([key, value]): Row => ({ key, value }))
    .sort((a, b) => a.key.localeCompare(b.key));
  const change = async (key: string, what: TagChange) => {
    setError(undefined);
    setBusy(key);
    try {
      await edit(node, what);
    } catch (failure) {
      setError(failure);
      throw failure;
    } finally {
      setBusy(undefined);
    }
  };
  const set = (key: string, value: string) => change(key, { added: [{ Key: key, Value: value }], removed: [] });
  const columns: TableProps.ColumnDefinition<Row>[] = [
    { id: 'key', header: t('common.key'), isRowHeader: true, cell: (row) => row.key },
    {
      id: 'value',
      header: t('common.value'),
      cell: (row) => row.value || t('nodes.emptyValue'),
      editConfig: {
        ariaLabel: t('common.value'),
        editIconAriaLabel: t('nodes.editable'),
        errorIconAriaLabel: t('nodes.tagProblem'),
        disabledReason: (row) => blocked ?? (isSystem(row.key) ? t('nodes.tagSystem') : undefined),
        validation: (_, value: string | undefined) => tagValueProblem(t, value ?? ''),
        editingCell: (row, { currentValue, setValue }: TableProps.CellContext<string>) => (
          // oxlint-disable-next-line jsx-a11y/no-autofocus -- somebody just asked to type here
          <Input autoFocus ariaLabel={row.key} spellcheck={false} value={currentValue ?? row.value} onChange={({ detail }) => setValue(detail.value)} />
        ),
      },
    },
    {
      id: 'remove',
      header: t('nodes.actions'),
      cell: (row) => (
        <Button
          variant="inline-link"
          ariaLabel={`${t('common.remove')} ${row.key}`}
          loading={busy === row.key}
          disabled={Boolean(blocked) || isSystem(row.key)}
          disabledReason={blocked ?? t('nodes.tagSystem')}
          onClick={() => void change(row.key, { added: [], removed: [row.key] }).catch(() => undefined)}
        >
          {t('common.remove')}
        </Button>
      ),
    },
  ];
  return (
    <SpaceBetween size="l">
      {error !== undefined && <Failure error={error} what={t('nodes.tagsFailed')} />}
      <Table
        items={rows}
        trackBy="key"
        columnDefinitions={columns}
        header={
          <Header variant="h2" counter={`(${number(rows.length)})`} description={t('nodes.tagsHint')}>
            {t('nodes.tags')}
          </Header>
        }
        ariaLabels={{
          tableLabel: t('nodes.tags'),
          activateEditLabel: (column, row) => t('nodes.editCell', { column: String(column.header), name: row.key }),
          cancelEditLabel: () => t('common.cancel'),
          submitEditLabel: () => t('nodes.saveTags'),
          submittingEditText: () => t('nodes.savingTags'),
          successfulEditLabel: () => t('nodes.savedTags'),
        }}
        submitEdit={async (row, _, value) => {
          if (typeof value === 'string') await set(row.key, value);
        }}
        empty={<Empty title={t('nodes.noTags')} hint={t('nodes.noTagsHint')} />}
      />
      <AddTag keys={rows.map(({ key }) => key)} blocked={blocked} onAdd={set} />
    </SpaceBetween>
  );
}

const isSystem = (key: string) => key.toLowerCase().startsWith('aws:');

function AddTag({ keys, blocked, onAdd }: { keys: string[]; blocked?: string; onAdd: (key: string, value: string) => Promise<void> }) {
  const { t } = useText();
  const [key, setKey] = useState('');
  const [value, setValue] = useState('');
  const [busy, setBusy] = useState(false);
  const name = key.trim();
  const problem = tagProblem([{ key, value }]);
  const long = name.length > MAX_TAG_KEY ? t('nodes.tagKeyLong', { count: MAX_TAG_KEY }) : value.length > MAX_TAG_VALUE ? t('nodes.tagLong', { count: MAX_TAG_VALUE }) : undefined;
  const taken = keys.includes(name) ? t('nodes.tagThere') : undefined;
  const full = keys.length >= MAX_TAGS ? t('nodes.tagsFull', { count: MAX_TAGS }) : undefined;
  const why = blocked ?? full ?? (problem ? t(problem) : undefined) ?? taken ?? long;
  const add = async () => {
    if (why || busy) return;
    setBusy(true);
    try {
      await onAdd(name, value);
      setKey('');
      setValue('');
    } catch {
      // Said above the table; what was typed stays.
    } finally {
      setBusy(false);
    }
  };
  return (
    <Container header={<Header variant="h3">{t('nodes.addTag')}</Header>}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void add();
        }}
      >
        <Grid gridDefinition={[{ colspan: { default: 12, xs: 5 } }, { colspan: { default: 12, xs: 5 } }, { colspan: { default: 12, xs: 2 } }]}>
          <FormField label={t('common.key')} errorText={taken ?? (problem === 'nodes.tagSystem' || problem === 'nodes.tagCharacters' ? t(problem) : undefined)}>
            <Input value={key} spellcheck={false} onChange={({ detail }) => setKey(detail.value)} />
          </FormField>
          <FormField label={t('common.value')} errorText={long}>
            <Input value={value} spellcheck={false} onChange={({ detail }) => setValue(detail.value)} />
          </FormField>
          <div className="qd-beside-field">
            <Button formAction="submit" loading={busy} disabled={Boolean(why)} disabledReason={why}>
              {t('nodes.addTagNow')}
            </Button>
          </div>
        </Grid>
      </form>
    </Container>
  );
}
