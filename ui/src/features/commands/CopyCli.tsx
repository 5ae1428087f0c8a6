import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Modal from '@cloudscape-design/components/modal';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Tabs from '@cloudscape-design/components/tabs';
import { useState } from 'react';
import type { SendCommandInput } from '../../api/operations';
import { useConnection } from '../../app/connection';
import { CodeBlock } from '../../components/CodeBlock';
import { useText } from '../../i18n';
import { awsCli, type Shell } from './awsCli';

export function CopyCli({ inputs }: { inputs: SendCommandInput[] }) {
  const { t } = useText();
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button iconName="copy" onClick={() => setOpen(true)}>
        {t('run.copyCli')}
      </Button>
      {open && <Lines inputs={inputs} onClose={() => setOpen(false)} />}
    </>
  );
}

function Lines({ inputs, onClose }: { inputs: SendCommandInput[]; onClose: () => void }) {
  const { t } = useText();
  const connection = useConnection();
  const place = { region: connection?.region, endpoint: connection?.endpoint, caFile: connection?.caFile };
  const block = (shell: Shell) => <CodeBlock text={inputs.map((input) => awsCli(input, place, shell)).join('\n\n')} />;
  return (
    <Modal visible size="large" header={t('run.cliTitle')} onDismiss={onClose} closeAriaLabel={t('common.close')}>
      <SpaceBetween size="s">
        <Tabs
          tabs={[
            { id: 'posix', label: t('run.cliPosix'), content: block('posix') },
            { id: 'powershell', label: t('run.cliPowerShell'), content: block('powershell') },
          ]}
        />
        {connection?.endpoint && !connection.caFile && <Box color="text-body-secondary">{t('run.cliTrust')}</Box>}
      </SpaceBetween>
    </Modal>
  );
}
