/** Takes a document from a file of this machine. */
import Button from '@cloudscape-design/components/button';
import { useRef } from 'react';
import type { DocumentFormatWord } from '../../api/drafts';
import { flash } from '../../app/flash';
import { useText } from '../../i18n';

/** Far beyond what a document may be; a file larger than that was picked by mistake. */
const MOST = 1024 * 1024;

/** The format a file is in, by its name and else by its first sign. */
export function formatOf(name: string, content: string): DocumentFormatWord | undefined {
  if (/\.json$/i.test(name)) return 'JSON';
  if (/\.ya?ml$/i.test(name)) return 'YAML';
  if (/\.ics$/i.test(name)) return 'TEXT';
  return /^\s*[{[]/.test(content) ? 'JSON' : undefined;
}

export function ImportButton({ onFile }: { onFile: (content: string, format: DocumentFormatWord | undefined) => void }) {
  const { t } = useText();
  const input = useRef<HTMLInputElement>(null);
  const take = async (file: File | undefined) => {
    if (!file) return;
    try {
      if (file.size > MOST) throw new RangeError(file.name);
      // A file that is no text is refused here; half of it replaced by marks would look like a document.
      const content = new TextDecoder('utf-8', { fatal: true }).decode(await file.arrayBuffer()).replaceAll('\r\n', '\n');
      onFile(content, formatOf(file.name, content));
    } catch {
      flash({ type: 'error', text: 'editing.importFailed', values: { name: file.name } });
    }
  };
  return (
    <>
      <input
        ref={input}
        type="file"
        hidden
        aria-label={t('editing.import')}
        accept=".json,.yaml,.yml,.ics,.txt,application/json,text/*"
        onChange={(event) => {
          void take(event.target.files?.[0]);
          event.target.value = '';
        }}
      />
      <Button iconName="upload" onClick={() => input.current?.click()}>
        {t('editing.import')}
      </Button>
    </>
  );
}
