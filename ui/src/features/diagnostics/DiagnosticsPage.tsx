/** What went wrong in this console, and the report of it for whoever helps. */
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import ExpandableSection from '@cloudscape-design/components/expandable-section';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useQuery } from '@tanstack/react-query';
import { lineOf } from '../../api/errors';
import { diagnostics } from '../../app/diagnostics';
import { flash } from '../../app/flash';
import { clearIncidents, type Incident, incidents } from '../../app/incidents';
import { Page } from '../../app/page';
import { CodeBlock } from '../../components/CodeBlock';
import { Empty } from '../../components/Empty';
import { Loading } from '../../components/Loading';
import { When } from '../../components/When';
import { host } from '../../host';
import { type TextKey, useText } from '../../i18n';
import { useStore } from '../../lib/store';

const KIND: Record<Incident['kind'], TextKey> = { page: 'diagnostics.kindPage', uncaught: 'diagnostics.kindUncaught', promise: 'diagnostics.kindPromise' };

export function DiagnosticsPage() {
  const { t, maybe } = useText();
  const list = useStore(incidents);
  const report = useQuery({ queryKey: ['diagnostics', list.length], queryFn: diagnostics, staleTime: 0 });
  const failed = (error: unknown) => flash({ type: 'error', text: 'errors.flash', values: { what: t('diagnostics.failed'), message: lineOf(error, maybe) } });
  const copy = async () => {
    await host.copy(await diagnostics());
    flash({ type: 'success', text: 'diagnostics.copied' });
  };
  const save = async () => {
    if (await host.saveFile('quarterdeck-diagnostics.txt', 'text/plain', [await diagnostics()])) flash({ type: 'success', text: 'diagnostics.saved' });
  };
  return (
    <Page
      title={t('diagnostics.title')}
      description={t('diagnostics.description')}
      actions={
        <SpaceBetween direction="horizontal" size="xs">
          {host.openLogs && <Button onClick={() => void host.openLogs?.().catch(failed)}>{t('settings.logOpen')}</Button>}
          <Button onClick={() => void save().catch(failed)}>{t('diagnostics.save')}</Button>
          <Button variant="primary" onClick={() => void copy().catch(failed)}>
            {t('diagnostics.copy')}
          </Button>
        </SpaceBetween>
      }
    >
      <SpaceBetween size="l">
        <Container
          header={
            <Header
              variant="h2"
              counter={list.length > 0 ? `(${list.length})` : undefined}
              actions={
                <Button disabled={list.length === 0} disabledReason={t('diagnostics.none')} onClick={() => void clearIncidents().catch(failed)}>
                  {t('diagnostics.clear')}
                </Button>
              }
            >
              {t('diagnostics.incidents')}
            </Header>
          }
        >
          {list.length === 0 ? (
            <Empty title={t('diagnostics.none')} hint={t('diagnostics.noneHint')} />
          ) : (
            <SpaceBetween size="s">
              {list.map((incident) => (
                <Row key={`${incident.at}${incident.message}`} incident={incident} />
              ))}
            </SpaceBetween>
          )}
        </Container>
        <Container header={<Header variant="h2" description={t('diagnostics.reportHint')}>{t('diagnostics.report')}</Header>}>
          {report.data === undefined ? <Loading /> : <CodeBlock text={report.data} />}
        </Container>
      </SpaceBetween>
    </Page>
  );
}

function Row({ incident }: { incident: Incident }) {
  const { t } = useText();
  return (
    <div>
      <Box variant="strong">{incident.message || t(KIND[incident.kind])}</Box>
      <Box variant="small" color="text-body-secondary" display="block">
        {t(KIND[incident.kind])}
        {' · '}
        {incident.where}
        {' · '}
        <When at={incident.at / 1000} />
        {incident.times > 1 && ` · ${t('diagnostics.times', { count: incident.times })}`}
      </Box>
      {incident.stack && (
        <ExpandableSection headerText={t('diagnostics.stack')}>
          <CodeBlock text={incident.stack} />
        </ExpandableSection>
      )}
    </div>
  );
}
