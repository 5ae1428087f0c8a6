import Button from '@cloudscape-design/components/button';
import ColumnLayout from '@cloudscape-design/components/column-layout';
import Container from '@cloudscape-design/components/container';
import Form from '@cloudscape-design/components/form';
import FormField from '@cloudscape-design/components/form-field';
import Header from '@cloudscape-design/components/header';
import Input from '@cloudscape-design/components/input';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import { call } from '../../api/call';
import { useBlocked } from '../../app/useBlocked';
import { Failure } from '../../components/Failure';
import { TagFields, tagProblem } from '../../components/TagFields';
import { useText } from '../../i18n';

export interface Made {
  id: string;
  code: string;
  /** Machines that may register. */
  limit: number;
}

const DAY_MS = 86_400_000;
const DAYS = [1, 7, 14, 30];
/** A little less than 30 days: the hub compares with its own clock. */
const SLACK_MS = 60_000;

export function MakeActivation({ onMade }: { onMade: (made: Made) => void }) {
  const { t } = useText();
  const blocked = useBlocked();
  const [description, setDescription] = useState('');
  const [name, setName] = useState('');
  const [role, setRole] = useState('QuarterdeckNode');
  const [limit, setLimit] = useState('1');
  const [days, setDays] = useState(1);
  const [tags, setTags] = useState<{ key: string; value: string }[]>([]);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const limitProblem = /^\d+$/.test(limit) && Number(limit) >= 1 && Number(limit) <= 1_000 ? undefined : t('activations.limitInvalid');
  const roleProblem = /^[\w+=,.@-]{1,64}$/.test(role) ? undefined : t('activations.roleInvalid');
  const tagText = tagProblem(tags);
  const problem = limitProblem ?? roleProblem ?? (tagText && t(tagText)) ?? blocked;
  const make = async () => {
    setBusy(true);
    setError(undefined);
    try {
      const answer = await call('CreateActivation', {
        IamRole: role,
        Description: description.trim() || undefined,
        DefaultInstanceName: name.trim() || undefined,
        RegistrationLimit: Number(limit),
        ExpirationDate: (Date.now() + days * DAY_MS - SLACK_MS) / 1000,
        Tags: tags.length > 0 ? tags.map(({ key, value }) => ({ Key: key.trim(), Value: value })) : undefined,
      });
      onMade({ id: answer.ActivationId ?? '', code: answer.ActivationCode ?? '', limit: Number(limit) });
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  const dayOptions = DAYS.map((count) => ({ value: String(count), label: t('activations.days', { count }) }));
  return (
    <Container header={<Header variant="h2">{t('activations.making')}</Header>}>
      <Form
        actions={
          <Button variant="primary" loading={busy} disabled={Boolean(problem)} disabledReason={problem} onClick={() => void make()}>
            {t('activations.make')}
          </Button>
        }
      >
        <SpaceBetween size="l">
          {error !== undefined && <Failure error={error} what={t('activations.createFailed')} />}
          <ColumnLayout columns={2}>
            <FormField label={t('activations.descriptionField')} description={t('run.optional')}>
              <Input value={description} onChange={({ detail }) => setDescription(detail.value)} />
            </FormField>
            <FormField label={t('activations.defaultName')} description={t('activations.defaultNameHint')}>
              <Input value={name} onChange={({ detail }) => setName(detail.value)} />
            </FormField>
            <FormField label={t('activations.limit')} errorText={limitProblem}>
              <Input value={limit} inputMode="numeric" onChange={({ detail }) => setLimit(detail.value.trim())} />
            </FormField>
            <FormField label={t('activations.expires')}>
              <Select
                selectedOption={dayOptions.find((item) => item.value === String(days)) ?? null}
                options={dayOptions}
                onChange={({ detail }) => setDays(Number(detail.selectedOption.value))}
              />
            </FormField>
            <FormField label={t('activations.role')} description={t('activations.roleHint')} errorText={roleProblem}>
              <Input value={role} spellcheck={false} onChange={({ detail }) => setRole(detail.value.trim())} />
            </FormField>
          </ColumnLayout>
          <FormField label={t('activations.tags')} description={t('activations.tagsHint')} errorText={tagText && tags.every((tag) => tag.key !== '' || tag.value !== '') && tags.some((tag) => tag.key !== '' || tag.value !== '') ? t(tagText) : undefined} stretch>
            <TagFields items={tags} onChange={setTags} add={t('nodes.addTag')} empty={t('nodes.noTags')} />
          </FormField>
        </SpaceBetween>
      </Form>
    </Container>
  );
}
