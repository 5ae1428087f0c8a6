import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import CopyToClipboard from '@cloudscape-design/components/copy-to-clipboard';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Tabs from '@cloudscape-design/components/tabs';
import { useConnection } from '../../app/connection';
import { CodeBlock } from '../../components/CodeBlock';
import { useText } from '../../i18n';
import { isLoopback, linuxLine, stockSteps, windowsLine } from './install';
import type { Made } from './MakeActivation';

/** The one time the code is shown, with what to do with it. */
export function Enrol({ made, onAgain }: { made: Made; onAgain: () => void }) {
  const { t } = useText();
  const connection = useConnection();
  const enrolment = { endpoint: connection?.endpoint ?? '', region: connection?.region ?? '', caSha256: connection?.caSha256, id: made.id, code: made.code };
  const stock = stockSteps(enrolment);
  const copyable = (text: string) => (
    <CopyToClipboard variant="inline" textToCopy={text} copyButtonAriaLabel={t('common.copy')} copySuccessText={t('common.copied')} copyErrorText={t('common.copyFailed')} />
  );
  const step = (title: string, text: string) => (
    <div>
      <Box variant="awsui-key-label">{title}</Box>
      <CodeBlock text={text} />
    </div>
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
        {isLoopback(enrolment.endpoint) && <Alert type="info">{t('activations.loopbackHint')}</Alert>}
        <KeyValuePairs
          columns={2}
          items={[
            { label: t('activations.id'), value: copyable(made.id) },
            { label: t('activations.code'), value: copyable(made.code) },
          ]}
        />
        <Tabs
          tabs={[
            {
              id: 'linux',
              label: t('activations.linux'),
              content: (
                <SpaceBetween size="xs">
                  <Box color="text-body-secondary">{t('activations.ourHint')}</Box>
                  {step(t('activations.oneLine'), linuxLine(enrolment))}
                </SpaceBetween>
              ),
            },
            { id: 'windows', label: t('activations.windows'), content: step(t('activations.oneLine'), windowsLine(enrolment)) },
            {
              id: 'stock',
              label: t('activations.stock'),
              content: (
                <SpaceBetween size="s">
                  <Box color="text-body-secondary">{t('activations.stockHint')}</Box>
                  {step(t('activations.stockCertificate'), stock.certificate)}
                  {step(t('activations.stockEndpoint'), stock.configuration)}
                  {step(t('activations.stockRegister'), stock.register)}
                </SpaceBetween>
              ),
            },
          ]}
        />
      </SpaceBetween>
    </Container>
  );
}
