/** The text of a document, with what the hub says of it below. */
import Box from '@cloudscape-design/components/box';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { useEffect, useId, useMemo, useRef, useState } from 'react';
import { type CheckAnswer, checkDocument } from '../../api/drafts';
import { asFailure } from '../../api/errors';
import { CodeEditor } from '../../components/CodeEditor';
import { useText } from '../../i18n';
import { documentChecks, type Problem } from './checking';
import type { DocumentDraft } from './draft';

interface Props {
  draft: DocumentDraft;
  onChange: (content: string) => void;
  /** Whether the hub would take what stands there now. */
  onSound: (sound: boolean) => void;
}

/** The most that the API takes. */
const MOST = 64 * 1024;
const encoder = new TextEncoder();

export function DocumentContentField({ draft, onChange, onSound }: Props) {
  const { t, bytes } = useText();
  const [state, setState] = useState<{ answer?: CheckAnswer; failed?: unknown; of?: string }>({});
  const tell = useRef(onSound);
  useEffect(() => {
    tell.current = onSound;
  }, [onSound]);
  const id = useId();
  const { format, type } = draft;
  const runBy = useMemo(() => ({ ours: t('editing.runByOurs'), elsewhere: t('editing.runByStock') }), [t]);
  // The editor keeps the extension it began with; the field is made anew for another format or type.
  const extension = useMemo(
    () =>
      documentChecks({
        format,
        completes: type === 'Command' || type === 'Policy',
        runBy,
        async check(content): Promise<Problem | undefined> {
          try {
            const answer = await checkDocument(content, format, type);
            setState({ answer, of: content });
            return answer.problem ?? undefined;
          } catch (failed) {
            // What could not be checked is for the hub to judge when it is saved.
            setState({ failed, of: content });
            return undefined;
          }
        },
      }),
    [format, type, runBy],
  );
  const checked = state.of === draft.content;
  const problem = state.answer?.problem;
  const sound = checked && !problem;
  useEffect(() => tell.current(sound), [sound]);
  const size = encoder.encode(draft.content).length;
  const language = format === 'YAML' ? 'yaml' : format === 'JSON' ? 'json' : 'text';
  return (
    <SpaceBetween size="xs">
      <CodeEditor
        value={draft.content}
        language={language}
        label={t('documents.content')}
        onChange={onChange}
        rows={22}
        invalid={checked && Boolean(problem)}
        required
        describedBy={`${id}-said`}
        extension={extension}
      />
      <div id={`${id}-said`} role="status" className="qd-output-bar">
        {!checked && <StatusIndicator type="loading">{t('editing.checking')}</StatusIndicator>}
        {checked && state.failed !== undefined && <StatusIndicator type="warning">{t('editing.notChecked', { message: asFailure(state.failed).message })}</StatusIndicator>}
        {checked && problem && (
          <StatusIndicator type="error">
            <span className="qd-anywhere">{problem.message}</span>
          </StatusIndicator>
        )}
        {checked && state.answer && !problem && (
          <StatusIndicator type="success">
            {state.answer.platformTypes.length > 0 ? t('editing.soundOn', { platforms: state.answer.platformTypes.join(', ') }) : t('editing.sound')}
          </StatusIndicator>
        )}
        <Box variant="span" color="text-body-secondary" fontSize="body-s">
          {t('editing.size', { size: bytes(size), most: bytes(MOST) })}
        </Box>
      </div>
      <Box variant="small" color="text-body-secondary">
        {t('editing.keys')}
      </Box>
    </SpaceBetween>
  );
}
