/** The one time the code is shown, with what to do with it, and the machines that come by it. */
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import CopyToClipboard from '@cloudscape-design/components/copy-to-clipboard';
import FormField from '@cloudscape-design/components/form-field';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import SegmentedControl from '@cloudscape-design/components/segmented-control';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Tabs from '@cloudscape-design/components/tabs';
import { useState } from 'react';
import { useConnection } from '../../app/connection';
import { useLacking } from '../../app/useLacking';
import { CodeBlock } from '../../components/CodeBlock';
import { useText } from '../../i18n';
import { Arrivals } from './Arrivals';
import { awsLine, type Enrolment, isLoopback, linuxLine, macLine, STOCK_SYSTEMS, type StockSystem, stockLine, windowsLine } from './install';
import type { Made } from './MakeActivation';

export function Enrol({ made, onAgain }: { made: Made; onAgain: () => void }) {
  const { t } = useText();
  const connection = useConnection();
  const lacking = useLacking('ownAgent');
  const enrolment: Enrolment = { endpoint: connection?.endpoint ?? '', region: connection?.region ?? '', caSha256: connection?.caSha256, id: made.id, code: made.code };
  const copyable = (text: string) => (
    <CopyToClipboard variant="inline" textToCopy={text} copyButtonAriaLabel={t('common.copy')} copySuccessText={t('common.copied')} copyErrorText={t('common.copyFailed')} />
  );
  const ours = (line: string) => (
    <SpaceBetween size="xs">
      <Box color="text-body-secondary">{t('activations.ourHint')}</Box>
      <div>
        <Box variant="awsui-key-label">{t('activations.oneLine')}</Box>
        <CodeBlock text={line} />
      </div>
    </SpaceBetween>
  );
  return (
    <Container
      header={
        <Header variant="h2" actions={<Button onClick={onAgain}>{t('activations.make')}</Button>}>
          {t('activations.ready')}
        </Header>
      }
    >
      <SpaceBetween size="l">
        <Alert type="warning">{t('activations.shownOnce')}</Alert>
        {lacking && <Alert type="info">{lacking}</Alert>}
        {!lacking && isLoopback(enrolment.endpoint) && <Alert type="info">{t('activations.loopbackHint')}</Alert>}
        <KeyValuePairs
          columns={2}
          items={[
            { label: t('activations.id'), value: copyable(made.id) },
            { label: t('activations.code'), value: copyable(made.code) },
          ]}
        />
        <Tabs
          ariaLabel={t('activations.oneLine')}
          tabs={[
            ...(lacking
              ? []
              : [
                  { id: 'linux', label: t('activations.linux'), content: ours(linuxLine(enrolment)) },
                  { id: 'windows', label: t('activations.windows'), content: ours(windowsLine(enrolment)) },
                  { id: 'macos', label: t('activations.macos'), content: ours(macLine(enrolment)) },
                ]),
            { id: 'stock', label: t('activations.stock'), content: <Stock enrolment={enrolment} isAws={lacking !== undefined} /> },
          ]}
        />
        <Arrivals activation={made.id} limit={made.limit} />
      </SpaceBetween>
    </Container>
  );
}

function Stock({ enrolment, isAws }: { enrolment: Enrolment; isAws: boolean }) {
  const { t, maybe } = useText();
  const [system, setSystem] = useState<StockSystem>('deb');
  return (
    <SpaceBetween size="s">
      <Box color="text-body-secondary">{t(isAws ? 'activations.stockAwsHint' : 'activations.stockHint')}</Box>
      <FormField label={t('activations.system')}>
        <SegmentedControl
          label={t('activations.system')}
          selectedId={system}
          options={STOCK_SYSTEMS.map((id) => ({ id, text: maybe(`activations.stockSystem.${id}`, id) }))}
          onChange={({ detail }) => setSystem(detail.selectedId as StockSystem)}
        />
      </FormField>
      <div>
        <Box variant="awsui-key-label">{t('activations.oneLine')}</Box>
        <CodeBlock text={isAws ? awsLine(enrolment, system) : stockLine(enrolment, system)} />
      </div>
    </SpaceBetween>
  );
}
