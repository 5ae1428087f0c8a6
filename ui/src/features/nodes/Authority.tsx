/** The hub's certificate authority: what machines trust, and how to see that it is the right one. */
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import CopyToClipboard from '@cloudscape-design/components/copy-to-clipboard';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useConnection } from '../../app/connection';
import { CodeBlock } from '../../components/CodeBlock';
import { host } from '../../host';
import { useText } from '../../i18n';
import { grouped } from './install';

export function Authority() {
  const { t } = useText();
  const connection = useConnection();
  const digest = connection?.caSha256;
  const address = connection?.endpoint ? `${connection.endpoint.replace(/\/$/, '')}/quarterdeck/ca.pem` : '';
  const copyable = (text: string, shown = text) => (
    <CopyToClipboard variant="inline" textToCopy={text} textToDisplay={shown} copyButtonAriaLabel={t('common.copy')} copySuccessText={t('common.copied')} copyErrorText={t('common.copyFailed')} />
  );
  const isBrowser = host.kind === 'browser';
  return (
    <Container
      header={
        <Header
          variant="h2"
          description={t('activations.caText')}
          actions={
            isBrowser && (
              <Button iconName="download" href={address} download="ca.pem" disabled={address === ''} disabledReason={t('activations.caNotYet')}>
                {t('activations.caDownload')}
              </Button>
            )
          }
        >
          {t('activations.ca')}
        </Header>
      }
    >
      <SpaceBetween size="m">
        <KeyValuePairs
          columns={1}
          items={[
            { label: t('activations.caDigest'), value: digest ? <span className="qd-id">{copyable(digest, grouped(digest))}</span> : t('activations.caNotYet') },
            ...(connection?.caFile ? [{ label: t('activations.caFile'), value: <span className="qd-id">{copyable(connection.caFile)}</span> }] : []),
            ...(address ? [{ label: t('activations.caAddress'), value: <span className="qd-id">{copyable(address)}</span> }] : []),
          ]}
        />
        <div>
          <Box variant="awsui-key-label">{t('activations.caCompare')}</Box>
          <CodeBlock text={'sha256sum ca.pem'} />
        </div>
      </SpaceBetween>
    </Container>
  );
}
