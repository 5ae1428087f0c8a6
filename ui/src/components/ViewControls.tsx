/** Saved views beside the filter: choose one, keep this one under a name, pass it on as a link. */
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import ButtonDropdown from '@cloudscape-design/components/button-dropdown';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import Modal from '@cloudscape-design/components/modal';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import { lineOf } from '../api/errors';
import { useConnection } from '../app/connection';
import { flash } from '../app/flash';
import { linkTo } from '../app/links';
import { host } from '../host';
import { useText } from '../i18n';
import { MAX_VIEW_NAME, MAX_VIEWS, type SavedView, type SavedViews, sameName } from './savedViews';

export interface ViewsProps extends SavedViews {
  /** The view that was chosen, if it is one of these. */
  current?: SavedView;
  /** What is looked at now, to be saved; its name does not matter. */
  now: SavedView;
  /** Path with its search that shows what is looked at now. */
  path: string;
  /** Shows a view; `undefined` is the list as it is at first. */
  open: (view: SavedView | undefined) => void;
}

/** The list before any filter: not the name of a view. */
const ALL = '';

export function ViewSelect({ views, current, open }: ViewsProps) {
  const { t } = useText();
  const options = [{ value: ALL, label: t('views.none') }, ...views.map(({ name }) => ({ value: name, label: name }))];
  return (
    <Select
      ariaLabel={t('views.label')}
      selectedOption={options.find((option) => option.value === (current?.name ?? ALL)) ?? null}
      options={options}
      filteringType={views.length > 8 ? 'auto' : 'none'}
      expandToViewport
      onChange={({ detail }) => open(views.find((view) => view.name === detail.selectedOption.value))}
    />
  );
}

function isSame(a: SavedView, b: SavedView): boolean {
  const told = ({ q, sort, order, columns }: SavedView) => JSON.stringify([q, sort ?? '', order ?? '', columns.visible, columns.order, columns.widths, columns.wrapLines, columns.pageSize]);
  return told(a) === told(b);
}

export function ViewActions(props: ViewsProps) {
  const { t, maybe } = useText();
  const [naming, setNaming] = useState(false);
  const connection = useConnection();
  const { views, current, now, path, save, remove, open } = props;
  const failed = (error: unknown) => flash({ type: 'error', text: 'errors.flash', values: { what: t('views.failed'), message: lineOf(error, maybe) } });
  const drop = async (view: SavedView) => {
    await remove(view.name);
    open(undefined);
    flash({ type: 'success', text: 'views.removed', values: { name: view.name }, undo: { run: () => save(view), failed: 'views.failed' } });
  };
  const act = (id: string) => {
    if (id === 'save') setNaming(true);
    else if (id === 'update' && current) save({ ...now, name: current.name }).then(() => flash({ type: 'success', text: 'views.saved', values: { name: current.name } }), failed);
    else if (id === 'remove' && current) drop(current).catch(failed);
    else if (id === 'link') host.copy(linkTo(path, connection)).then(() => flash({ type: 'success', text: 'views.linkCopied' }), failed);
  };
  const full = views.length >= MAX_VIEWS;
  const unchanged = current !== undefined && isSame(current, now);
  return (
    <>
      <ButtonDropdown
        expandToViewport
        items={[
          { id: 'save', text: t('views.save'), disabled: full, disabledReason: t('views.full', { count: MAX_VIEWS }) },
          { id: 'update', text: current ? t('views.update', { name: current.name }) : t('views.updateNone'), disabled: !current || unchanged, disabledReason: t(current ? 'views.unchanged' : 'views.chooseFirst') },
          { id: 'remove', text: current ? t('views.remove', { name: current.name }) : t('views.removeNone'), disabled: !current, disabledReason: t('views.chooseFirst') },
          { id: 'link', text: t('views.link') },
        ]}
        onItemClick={({ detail }) => act(detail.id)}
      >
        {t('views.actions')}
      </ButtonDropdown>
      {naming && <NameView {...props} onClose={() => setNaming(false)} onFailed={failed} />}
    </>
  );
}

function NameView({ views, now, save, open, onClose, onFailed }: ViewsProps & { onClose: () => void; onFailed: (error: unknown) => void }) {
  const { t } = useText();
  const [name, setName] = useState('');
  const taken = views.some((view) => sameName(view.name, name));
  const missing = name.trim() === '' ? t('views.nameMissing') : name.trim().length > MAX_VIEW_NAME ? t('views.nameLong', { count: MAX_VIEW_NAME }) : undefined;
  const keep = async () => {
    if (missing) return;
    const view = { ...now, name: name.trim() };
    try {
      await save(view);
      open(view);
      flash({ type: 'success', text: 'views.saved', values: { name: view.name } });
    } catch (error) {
      onFailed(error);
    }
    onClose();
  };
  return (
    <Modal
      visible
      header={t('views.saveTitle')}
      closeAriaLabel={t('common.close')}
      onDismiss={onClose}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={onClose}>
              {t('common.cancel')}
            </Button>
            <Button variant="primary" disabled={Boolean(missing)} disabledReason={missing} onClick={() => void keep()}>
              {t(taken ? 'views.replace' : 'views.keep')}
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void keep();
        }}
      >
        <FormField label={t('views.name')} description={t('views.nameHint')} warningText={taken ? t('views.taken') : undefined}>
          {/* oxlint-disable-next-line jsx-a11y/no-autofocus -- the dialog is there to type into */}
          <Input value={name} onChange={({ detail }) => setName(detail.value)} autoFocus spellcheck={false} />
        </FormField>
      </form>
    </Modal>
  );
}
