/** The fields of a connection, by what they are about. */
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import FormField from '@cloudscape-design/components/form-field';
import Header from '@cloudscape-design/components/header';
import Input, { type InputProps } from '@cloudscape-design/components/input';
import RadioGroup from '@cloudscape-design/components/radio-group';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Tiles from '@cloudscape-design/components/tiles';
import { useQuery } from '@tanstack/react-query';
import { CodeBlock } from '../../components/CodeBlock';
import type { Checked, Connection, ConnectionMark, ConnectionsHost, EndpointKind } from '../../host';
import { useText } from '../../i18n';
import { COLOURS, grouped, type KeyFields, problems, toCompare } from './draft';

type Change = (change: Partial<Connection>) => void;
interface FieldsProps {
  draft: Connection;
  change: Change;
}

/** Text that is no prose: no spelling, no correction, no memory of the browser. */
const PLAIN = { spellcheck: false, disableBrowserAutocorrect: true, autoComplete: false } satisfies Partial<InputProps>;

export function Which({ draft, change }: FieldsProps) {
  const { t } = useText();
  const choose = (kind: EndpointKind) => change({ kind, region: kind === 'hub' ? 'local-1' : 'us-east-1', access: kind === 'hub' ? 'key' : 'profile' });
  return (
    <Container header={<Header variant="h2">{t('connection.what')}</Header>}>
      <Tiles
        ariaLabel={t('connection.what')}
        value={draft.kind}
        onChange={({ detail }) => choose(detail.value as EndpointKind)}
        items={[
          { value: 'hub', label: t('connection.hub'), description: t('connection.hubHint') },
          { value: 'aws', label: t('connection.aws'), description: t('connection.awsHint') },
        ]}
      />
    </Container>
  );
}

export function Where({ draft, change }: FieldsProps) {
  const { t } = useText();
  const wrong = problems(draft);
  const hub = draft.kind === 'hub';
  return (
    <Container header={<Header variant="h2">{t('connection.where')}</Header>}>
      <SpaceBetween size="m">
        <FormField label={hub ? t('connection.url') : <Optional label={t('connection.url')} />} constraintText={t(hub ? 'connection.urlHintHub' : 'connection.urlHintAws')} errorText={wrong.url && t(wrong.url)}>
          <Input {...PLAIN} name="url" inputMode="url" value={draft.url} onChange={({ detail }) => change({ url: detail.value })} />
        </FormField>
        <FormField label={t('connection.region')} constraintText={hub ? t('connection.regionHintHub') : undefined} errorText={wrong.region && t(wrong.region)}>
          <Input {...PLAIN} name="region" value={draft.region} onChange={({ detail }) => change({ region: detail.value.trim() })} />
        </FormField>
      </SpaceBetween>
    </Container>
  );
}

function Optional({ label }: { label: string }) {
  const { t } = useText();
  return (
    <>
      {label} <i>{`– ${t('connection.optional')}`}</i>
    </>
  );
}

interface KeysProps extends FieldsProps {
  fields: KeyFields;
  setFields: (fields: KeyFields) => void;
  connections: ConnectionsHost;
}

export function Keys({ draft, change, fields, setFields, connections }: KeysProps) {
  const { t } = useText();
  return (
    <Container header={<Header variant="h2">{t('connection.keys')}</Header>}>
      <SpaceBetween size="m">
        {draft.kind === 'aws' && (
          <RadioGroup
            ariaLabel={t('connection.keys')}
            value={draft.access}
            onChange={({ detail }) => change({ access: detail.value as Connection['access'] })}
            items={[
              { value: 'profile', label: t('connection.accessProfile') },
              { value: 'key', label: t('connection.accessKey') },
            ]}
          />
        )}
        {draft.access === 'profile' ? <Profile draft={draft} change={change} connections={connections} /> : <AccessKeyFields draft={draft} fields={fields} setFields={setFields} />}
        {draft.kind === 'aws' && <Role draft={draft} change={change} />}
      </SpaceBetween>
    </Container>
  );
}

function AccessKeyFields({ draft, fields, setFields }: { draft: Connection; fields: KeyFields; setFields: (fields: KeyFields) => void }) {
  const { t } = useText();
  return (
    <SpaceBetween size="m">
      {draft.id !== '' && <Box color="text-body-secondary">{t('connection.keyKept')}</Box>}
      <FormField label={t('connection.keyId')}>
        <Input {...PLAIN} name="accessKeyId" value={fields.id} onChange={({ detail }) => setFields({ ...fields, id: detail.value })} />
      </FormField>
      <FormField label={t('connection.secret')}>
        <Input name="secretAccessKey" type="password" autoComplete="new-password" value={fields.secret} onChange={({ detail }) => setFields({ ...fields, secret: detail.value })} />
      </FormField>
      {draft.kind === 'aws' && (
        <FormField label={<Optional label={t('connection.token')} />} constraintText={t('connection.tokenHint')}>
          <Input name="sessionToken" type="password" autoComplete="new-password" value={fields.token} onChange={({ detail }) => setFields({ ...fields, token: detail.value })} />
        </FormField>
      )}
    </SpaceBetween>
  );
}

function Profile({ draft, change, connections }: FieldsProps & { connections: ConnectionsHost }) {
  const { t } = useText();
  const profiles = useQuery({ queryKey: ['aws-profiles'], queryFn: () => connections.awsProfiles() });
  const names = [...new Set([...(profiles.data ?? []), ...(draft.profile ? [draft.profile] : [])])];
  const options = [{ value: '', label: t('connection.profileUsual') }, ...names.map((name) => ({ value: name, label: name }))];
  return (
    <FormField label={t('connection.profile')} constraintText={t('connection.profileHint')}>
      <Select
        selectedOption={options.find((option) => option.value === draft.profile) ?? null}
        options={options}
        onChange={({ detail }) => change({ profile: detail.selectedOption.value ?? '' })}
        statusType={profiles.isPending ? 'loading' : 'finished'}
        loadingText={t('common.loading')}
        filteringType={names.length > 10 ? 'auto' : 'none'}
      />
    </FormField>
  );
}

function Role({ draft, change }: FieldsProps) {
  const { t } = useText();
  const wrong = problems(draft);
  return (
    <SpaceBetween size="m">
      <FormField label={<Optional label={t('connection.role')} />} constraintText={t('connection.roleHint')} errorText={wrong.roleArn && t(wrong.roleArn)}>
        <Input {...PLAIN} name="roleArn" value={draft.roleArn} onChange={({ detail }) => change({ roleArn: detail.value.trim(), ...(!detail.value.trim() && { externalId: '', mfaSerial: '' }) })} />
      </FormField>
      {draft.roleArn && (
        <>
          <FormField label={<Optional label={t('connection.externalId')} />}>
            <Input {...PLAIN} name="externalId" value={draft.externalId} onChange={({ detail }) => change({ externalId: detail.value.trim() })} />
          </FormField>
          <FormField label={<Optional label={t('connection.mfa')} />} constraintText={t('connection.mfaHint')}>
            <Input {...PLAIN} name="mfaSerial" value={draft.mfaSerial} onChange={({ detail }) => change({ mfaSerial: detail.value.trim() })} />
          </FormField>
        </>
      )}
    </SpaceBetween>
  );
}

export function Look({ draft, change }: FieldsProps) {
  const { t } = useText();
  const colours = COLOURS.includes(draft.colour as (typeof COLOURS)[number]) ? COLOURS : [...COLOURS, draft.colour];
  return (
    <Container header={<Header variant="h2">{t('connection.look')}</Header>}>
      <SpaceBetween size="m">
        <FormField label={draft.kind === 'embedded' ? <Optional label={t('connection.name')} /> : t('connection.name')} constraintText={t('connection.nameHint')}>
          <Input name="name" value={draft.name} onChange={({ detail }) => change({ name: detail.value.slice(0, 60) })} autoComplete={false} />
        </FormField>
        <FormField label={t('connection.colour')}>
          <Colours colours={colours} draft={draft} change={change} />
        </FormField>
        <FormField label={t('connection.mark')}>
          <RadioGroup
            ariaLabel={t('connection.mark')}
            value={draft.mark}
            onChange={({ detail }) => change({ mark: detail.value as ConnectionMark })}
            items={[
              { value: 'open', label: t('connection.markOpen') },
              { value: 'protected', label: t('connection.markProtected') },
              { value: 'read-only', label: t('connection.markReadOnly') },
            ]}
          />
        </FormField>
      </SpaceBetween>
    </Container>
  );
}

function Colours({ colours, draft, change }: FieldsProps & { colours: readonly string[] }) {
  const { t, maybe } = useText();
  return (
    <div className="qd-colours" role="radiogroup" aria-label={t('connection.colour')}>
      {colours.map((colour) => (
        <label key={colour} className="qd-colour" title={maybe(`connection.colourNames.${colour}`, colour)}>
          <input type="radio" name="colour" checked={draft.colour === colour} onChange={() => change({ colour })} aria-label={maybe(`connection.colourNames.${colour}`, colour)} />
          <span style={{ background: colour || 'transparent' }} />
        </label>
      ))}
    </div>
  );
}

export function Compare({ checked, onTrust, busy }: { checked: Checked | undefined; onTrust: (fingerprint: string) => void; busy: boolean }) {
  const { t } = useText();
  const fingerprint = toCompare(checked);
  if (!fingerprint) return null;
  return (
    <Alert
      type="warning"
      header={t('connection.fingerprint')}
      action={
        <Button formAction="none" loading={busy} onClick={() => onTrust(fingerprint)}>
          {t('connection.trust')}
        </Button>
      }
    >
      <SpaceBetween size="s">
        <div className="qd-fingerprint">{grouped(fingerprint)}</div>
        {checked?.caFile && (
          <>
            <Box variant="awsui-key-label">{t('connection.caFile')}</Box>
            <CodeBlock text={checked.caFile} />
          </>
        )}
        <div>{t('connection.compare')}</div>
      </SpaceBetween>
    </Alert>
  );
}

export function Second({ code, setCode }: { code: string; setCode: (code: string) => void }) {
  const { t } = useText();
  return (
    <FormField label={t('connection.code')}>
      <Input {...PLAIN} name="mfaCode" inputMode="numeric" value={code} onChange={({ detail }) => setCode(detail.value.replace(/\D/g, '').slice(0, 8))} />
    </FormField>
  );
}
