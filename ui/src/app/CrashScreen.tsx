/** What is left when the console itself cannot be drawn: what happened, the report for whoever helps, and the way back. */
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { Component, type ReactNode, useState } from 'react';
import { host } from '../host';
import { currentText } from '../i18n';
import { diagnostics } from './diagnostics';
import { noteIncident } from './incidents';

export class CrashBoundary extends Component<{ children: ReactNode }, { error: unknown }> {
  override state = { error: undefined as unknown };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override componentDidCatch(error: unknown) {
    noteIncident('page', error);
  }

  override render() {
    return this.state.error === undefined ? this.props.children : <CrashScreen error={this.state.error} />;
  }
}

function CrashScreen({ error }: { error: unknown }) {
  const { t } = currentText();
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await host.copy(await diagnostics());
    setCopied(true);
  };
  return (
    <main className="qd-crash">
      <SpaceBetween size="m">
        <Box variant="h1">{t('diagnostics.crashed')}</Box>
        <Alert type="error" header={t('diagnostics.what')}>
          <div className="qd-message">{error instanceof Error ? error.message : String(error)}</div>
        </Alert>
        <Box variant="p">{t('diagnostics.crashHint')}</Box>
        <SpaceBetween direction="horizontal" size="xs">
          <Button variant="primary" onClick={() => location.reload()}>
            {t('diagnostics.reload')}
          </Button>
          <Button onClick={() => void copy().catch(() => undefined)}>{t(copied ? 'common.copied' : 'diagnostics.copy')}</Button>
        </SpaceBetween>
      </SpaceBetween>
    </main>
  );
}
