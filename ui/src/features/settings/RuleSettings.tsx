/** The rules for notifications: read from the top, the first that fits decides. */
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import Modal from '@cloudscape-design/components/modal';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import { flash } from '../../app/flash';
import { type Preferences, preferences } from '../../app/preferences';
import { Empty } from '../../components/Empty';
import { type Text, useText } from '../../i18n';
import { MOST_RULES, Rule } from '../notifications/rules';

type Change = (next: Partial<Preferences>) => void;

/** A rule as a sentence. */
function sentence(rule: Rule, { t, number }: Text): string {
  const parts = [t(`settings.rule.about.${rule.about}`), rule.only === 'failed' ? t('settings.rule.onlyFailed') : ''];
  if (rule.document.trim()) parts.push(t('settings.rule.ofDocument', { document: rule.document.trim() }));
  if (rule.tag.trim()) parts.push(t('settings.rule.withTag', { tag: rule.tag.trim() }));
  if (rule.connection.trim()) parts.push(t('settings.rule.overConnection', { connection: rule.connection.trim() }));
  if (rule.moreThan > 0) parts.push(t('settings.rule.aboveNodes', { number: number(rule.moreThan) }));
  return parts.filter(Boolean).join(' · ');
}

export function RuleSettings({ value, change }: { value: Preferences; change: Change }) {
  const text = useText();
  const { t } = text;
  const [edited, setEdited] = useState<Rule>();
  const rules = value.notifyRules;
  const full = rules.length >= MOST_RULES;
  const put = (rule: Rule) => change({ notifyRules: rules.some((one) => one.id === rule.id) ? rules.map((one) => (one.id === rule.id ? rule : one)) : [...rules, rule] });
  const remove = (rule: Rule) => {
    change({ notifyRules: rules.filter((one) => one !== rule) });
    const at = rules.indexOf(rule);
    flash({
      type: 'success',
      text: 'settings.rule.removed',
      undo: {
        run: async () => change({ notifyRules: [...preferences.get().notifyRules.slice(0, at), rule, ...preferences.get().notifyRules.slice(at)] }),
        failed: 'settings.saveFailed',
      },
    });
  };
  const up = (at: number) => change({ notifyRules: rules.map((rule, index) => (index === at - 1 ? (rules[at] ?? rule) : index === at ? (rules[at - 1] ?? rule) : rule)) });
  return (
    <FormField label={t('settings.rule.title')} description={t('settings.rule.hint')}>
      <SpaceBetween size="s">
        {rules.length === 0 && <Empty title={t('settings.rule.none')} hint={t('settings.rule.noneHint')} />}
        <ol className="qd-rules">
          {rules.map((rule, index) => (
            <li key={rule.id}>
              <div className="qd-rules-text">
                <Box variant="strong">{t(`settings.rule.act.${rule.act}`)}</Box>
                <div>{sentence(rule, text)}</div>
              </div>
              <SpaceBetween direction="horizontal" size="xxs">
                <Button variant="icon" iconName="angle-up" ariaLabel={t('settings.rule.up')} disabled={index === 0} onClick={() => up(index)} />
                <Button variant="icon" iconName="edit" ariaLabel={t('settings.rule.edit')} onClick={() => setEdited(rule)} />
                <Button variant="icon" iconName="remove" ariaLabel={t('common.remove')} onClick={() => remove(rule)} />
              </SpaceBetween>
            </li>
          ))}
        </ol>
        <Button iconName="add-plus" disabled={full} disabledReason={t('settings.rule.full', { count: MOST_RULES })} onClick={() => setEdited(Rule.parse({ id: crypto.randomUUID() }))}>
          {t('settings.rule.add')}
        </Button>
        {edited && <Editor key={edited.id} rule={edited} onDone={put} onClose={() => setEdited(undefined)} />}
      </SpaceBetween>
    </FormField>
  );
}

function Editor({ rule, onDone, onClose }: { rule: Rule; onDone: (rule: Rule) => void; onClose: () => void }) {
  const { t } = useText();
  const [draft, setDraft] = useState(rule);
  const [above, setAbove] = useState(rule.moreThan === 0 ? '' : String(rule.moreThan));
  const set = (next: Partial<Rule>) => setDraft((now) => ({ ...now, ...next }));
  const wrong = above !== '' && !/^\d{1,6}$/.test(above.trim());
  const done = () => {
    if (wrong) return;
    onDone({ ...draft, moreThan: Number(above.trim() || 0) });
    onClose();
  };
  const choice = <K extends 'about' | 'only' | 'act'>(key: K, values: Rule[K][]) => {
    const options = values.map((one) => ({ value: one, label: t(`settings.rule.${key}.${one}` as Parameters<typeof t>[0]) }));
    return <Select options={options} selectedOption={options.find((option) => option.value === draft[key]) ?? null} onChange={({ detail }) => set({ [key]: detail.selectedOption.value } as Partial<Rule>)} />;
  };
  return (
    <Modal
      visible
      header={t('settings.rule.one')}
      closeAriaLabel={t('common.close')}
      onDismiss={onClose}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={onClose}>
              {t('common.cancel')}
            </Button>
            <Button variant="primary" onClick={done} disabled={wrong} disabledReason={t('settings.rule.notNumber')}>
              {t('common.confirm')}
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="m">
        <FormField label={t('settings.rule.aboutLabel')}>{choice('about', ['all', 'commands', 'nodes'])}</FormField>
        <FormField label={t('settings.rule.onlyLabel')}>{choice('only', ['all', 'failed'])}</FormField>
        <FormField label={t('settings.rule.document')} constraintText={t('settings.rule.documentHint')}>
          <Input value={draft.document} onChange={({ detail }) => set({ document: detail.value.slice(0, 200) })} spellcheck={false} />
        </FormField>
        <FormField label={t('settings.rule.tag')} constraintText={t('settings.rule.tagHint')}>
          <Input value={draft.tag} onChange={({ detail }) => set({ tag: detail.value.slice(0, 400) })} spellcheck={false} />
        </FormField>
        <FormField label={t('settings.rule.connection')} constraintText={t('settings.rule.connectionHint')}>
          <Input value={draft.connection} onChange={({ detail }) => set({ connection: detail.value.slice(0, 200) })} spellcheck={false} />
        </FormField>
        <FormField label={t('settings.rule.moreThan')} constraintText={t('settings.rule.moreThanHint')} errorText={wrong ? t('settings.rule.notNumber') : undefined}>
          <Input inputMode="numeric" value={above} onChange={({ detail }) => setAbove(detail.value)} />
        </FormField>
        <FormField label={t('settings.rule.actLabel')}>{choice('act', ['notify', 'list', 'ignore'])}</FormField>
      </SpaceBetween>
    </Modal>
  );
}
