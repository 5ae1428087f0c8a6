/** What can be done with a document as a whole. */
import Button from '@cloudscape-design/components/button';
import ButtonDropdown from '@cloudscape-design/components/button-dropdown';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { call } from '../../api/call';
import { lineOf } from '../../api/errors';
import type { DocumentDescription, DocumentFormat } from '../../api/operations';
import { flash } from '../../app/flash';
import { useOpen } from '../../app/router';
import { useBlocked } from '../../app/useBlocked';
import { ConfirmTyped } from '../../components/ConfirmTyped';
import { host } from '../../host';
import { type Text, useText } from '../../i18n';

/** Why nothing of a document may be changed; undefined when it may. `blocked` is what the connection says. */
export function fixedReason(document: DocumentDescription | undefined, blocked: string | undefined, { t }: Pick<Text, 't'>): string | undefined {
  return document?.Owner === 'Amazon' ? t('documents.fixedAmazon') : blocked;
}

interface Props {
  document: DocumentDescription | undefined;
  name: string;
  version?: string;
}

export function DocumentActions({ document, name, version }: Props) {
  const text = useText();
  const { t, maybe } = text;
  const open = useOpen();
  const [asking, setAsking] = useState(false);
  const fixed = fixedReason(document, useBlocked(), text);
  const notRun = document && document.DocumentType !== 'Command' ? t('documents.runOnlyCommands') : undefined;
  const isText = document?.DocumentFormat === 'TEXT';
  const part = encodeURIComponent(name);
  const of = version ? `version=${encodeURIComponent(JSON.stringify(version))}` : '';
  const save = async (format: DocumentFormat) => {
    try {
      const { Content } = await call('GetDocument', { Name: name, DocumentVersion: version, DocumentFormat: format });
      const end = format === 'YAML' ? 'yaml' : format === 'JSON' ? 'json' : document?.DocumentType === 'ChangeCalendar' ? 'ics' : 'txt';
      await host.saveFile(`${name}.${end}`, format === 'JSON' ? 'application/json' : 'text/plain;charset=utf-8', [Content ?? '']);
    } catch (error) {
      flash({ type: 'error', text: 'errors.flash', values: { what: t('documents.saveFailed'), message: lineOf(error, maybe) } });
    }
  };
  const choose = (id: string) => {
    if (id === 'version') open(`/documents/${part}/new-version${of && `?${of}`}`);
    else if (id === 'copy') open(`/new-document?from=${part}${of && `&${of}`}`);
    else if (id === 'delete') setAsking(true);
    else void save(id as DocumentFormat);
  };
  return (
    <SpaceBetween direction="horizontal" size="xs">
      <ButtonDropdown
        disabled={!document}
        expandToViewport
        items={[
          { id: 'version', text: t('documents.newVersion'), disabled: Boolean(fixed), disabledReason: fixed },
          { id: 'copy', text: t('documents.copy') },
          ...(isText ? [{ id: 'TEXT', text: t('documents.saveAs', { format: 'TEXT' }) }] : ['YAML', 'JSON'].map((format) => ({ id: format, text: t('documents.saveAs', { format }) }))),
          { id: 'delete', text: t('documents.delete'), disabled: Boolean(fixed), disabledReason: fixed },
        ]}
        onItemClick={({ detail }) => choose(detail.id)}
      >
        {t('documents.actions')}
      </ButtonDropdown>
      <Button variant="primary" disabled={!document || Boolean(notRun)} disabledReason={notRun} onClick={() => open(`/run?document=${part}${of && `&${of}`}`)}>
        {t('documents.run')}
      </Button>
      {asking && <Delete name={name} onClose={() => setAsking(false)} />}
    </SpaceBetween>
  );
}

function Delete({ name, onClose }: { name: string; onClose: () => void }) {
  const { t } = useText();
  const open = useOpen();
  const client = useQueryClient();
  const run = async () => {
    await call('DeleteDocument', { Name: name });
    // Not read again: it is not there any more.
    client.removeQueries({ queryKey: ['document', name] });
    void client.invalidateQueries({ queryKey: ['documents'] });
    flash({ type: 'success', text: 'documents.deleted', values: { name } });
    open('/documents');
  };
  return (
    <ConfirmTyped title={t('documents.deleteTitle', { name })} action={t('documents.delete')} failed={t('documents.deleteFailed')} word={name} onConfirm={run} onClose={onClose}>
      {t('documents.deleteText')}
    </ConfirmTyped>
  );
}
