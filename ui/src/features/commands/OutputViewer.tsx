/** What a node wrote, while it writes it: one step and one stream at a time, of any size. */
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import SegmentedControl from '@cloudscape-design/components/segmented-control';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import Toggle from '@cloudscape-design/components/toggle';
import { useEffect, useState } from 'react';
import { Failure } from '../../components/Failure';
import { SaveButton } from '../../components/SaveButton';
import { type Saving, useSaving } from '../../components/useSaving';
import type { OutputRef } from '../../host';
import { useLacking } from '../../app/useLacking';
import { useText } from '../../i18n';
import { OutputLines } from './OutputLines';
import { useOutput } from './useOutput';
import { byteOfLine, copyStream } from './wholeOutput';

/** A line that somebody was led to. */
export interface OutputPlace {
  step: string;
  stream: OutputRef['stream'];
  line: number;
}

interface Props {
  commandId: string;
  instanceId: string;
  steps: string[];
  /** Exit codes by step, once there are any. */
  codes: Record<string, number | undefined>;
  /** Where to begin; the viewer is made anew for another place. */
  place?: OutputPlace;
}

export function OutputViewer({ commandId, instanceId, steps, codes, place }: Props) {
  const { t } = useText();
  const [chosen, setChosen] = useState(place?.step);
  const [stream, setStream] = useState<OutputRef['stream']>(place?.stream ?? 'stdout');
  // Kept here: a look at the other stream does not stop it.
  const saving = useSaving({ done: 'commands.downloaded', failed: 'commands.downloadFailed', stopped: 'results.savingStopped' });
  const step = chosen && steps.includes(chosen) ? chosen : (steps[0] ?? '');
  if (step === '') return <Box color="text-body-secondary">{t('commands.waiting')}</Box>;
  const code = codes[step];
  return (
    <SpaceBetween size="s">
      <div className="qd-output-bar">
        {steps.length > 1 && (
          <Select
            ariaLabel={t('commands.step')}
            selectedOption={{ value: step, label: step }}
            options={steps.map((value) => ({ value, label: value }))}
            onChange={({ detail }) => setChosen(detail.selectedOption.value)}
          />
        )}
        <SegmentedControl
          label={t('commands.output')}
          selectedId={stream}
          onChange={({ detail }) => setStream(detail.selectedId as OutputRef['stream'])}
          options={[
            { id: 'stdout', text: t('commands.stdout') },
            { id: 'stderr', text: t('commands.stderr') },
          ]}
        />
        {code !== undefined && code >= 0 && (
          <StatusIndicator type={code === 0 ? 'success' : 'error'}>
            {t('commands.exitCode')} {code}
          </StatusIndicator>
        )}
      </div>
      <Stream
        key={`${instanceId} ${step} ${stream}`}
        of={{ commandId, instanceId, step, stream }}
        saving={saving}
        line={place?.step === step && place.stream === stream ? place.line : undefined}
      />
    </SpaceBetween>
  );
}

/** Leads to a line, once it is known at which byte it begins. */
function useLine(ref: OutputRef, line: number | undefined, toByte: (offset: number) => void): { marked?: number; missing: boolean } {
  const [found, setFound] = useState<{ marked?: number; missing: boolean }>({ missing: false });
  const [key] = useState(ref);
  const [go] = useState(() => toByte);
  useEffect(() => {
    if (line === undefined) return undefined;
    const stop = new AbortController();
    byteOfLine(key, line, stop.signal).then(
      (marked) => {
        if (stop.signal.aborted) return;
        setFound({ marked, missing: marked === undefined });
        if (marked !== undefined) go(marked);
      },
      () => {
        if (!stop.signal.aborted) setFound({ missing: true });
      },
    );
    return () => stop.abort();
  }, [key, line, go]);
  return found;
}

function Stream({ of: ref, saving, line }: { of: OutputRef; saving: Saving; line?: number }) {
  const { t, bytes } = useText();
  const { reader, output } = useOutput(ref);
  const { window } = output;
  const { marked, missing } = useLine(ref, line, (offset) => reader.toByte(offset));
  const save = () => saving.start(`${ref.commandId}-${ref.instanceId}-${ref.step.replace(/[^\w.-]+/g, '_')}-${ref.stream}.txt`, 'text/plain;charset=utf-8', (to) => copyStream(ref, to));
  const short = useLacking('wholeOutput');
  const partial = window.start > 0 || !window.atEnd;
  const failure = output.error === undefined ? undefined : <Failure error={output.error} what={t('commands.outputFailed')} onRetry={() => reader.retry()} />;
  if (failure && window.total === 0) return failure;
  return (
    <SpaceBetween size="xs">
      {failure}
      {missing && <StatusIndicator type="warning">{t('results.lineGone', { line })}</StatusIndicator>}
      {short && <Box variant="small" color="text-body-secondary">{short}</Box>}
      <div className="qd-output-bar">
        <Toggle checked={output.following} onChange={({ detail }) => reader.follow(detail.checked)}>
          <span title={t('commands.followHint')}>{t('commands.follow')}</span>
        </Toggle>
        {!window.complete && !output.loading && <StatusIndicator type="in-progress">{t('commands.running')}</StatusIndicator>}
        <Box variant="span" color="text-body-secondary" fontSize="body-s">
          {window.total > 0 && t('commands.size', { size: bytes(window.total) })}
          {partial && window.total > 0 && ` · ${t('commands.shownPart', { from: window.start, to: window.end })}`}
        </Box>
        <span className="qd-output-actions">
          {partial && (
            <SpaceBetween direction="horizontal" size="xxs">
              <Button variant="inline-link" onClick={() => reader.toStart()}>
                {t('commands.toStart')}
              </Button>
              <Button variant="inline-link" onClick={() => reader.earlier()} disabled={window.start === 0}>
                {t('commands.earlier')}
              </Button>
              <Button variant="inline-link" onClick={() => reader.later()} disabled={window.atEnd}>
                {t('commands.later')}
              </Button>
              <Button variant="inline-link" onClick={() => reader.toEnd()}>
                {t('commands.toEnd')}
              </Button>
            </SpaceBetween>
          )}
          <SaveButton label={t('commands.downloadAll')} saving={saving} disabled={window.total === 0} disabledReason={t('commands.nothing')} onClick={() => void save()} />
        </span>
      </div>
      {window.lineCount === 0 ? (
        <div className="qd-output qd-output-empty">{output.loading ? t('common.loading') : window.complete ? t('commands.nothing') : t('commands.waiting')}</div>
      ) : (
        <OutputLines
          window={window}
          revision={output.revision}
          gained={output.gained}
          place={output.place}
          marked={marked}
          following={output.following}
          label={t('commands.lines')}
          onAtEnd={(atEnd) => {
            if (!atEnd) reader.follow(false);
            else if (window.atEnd) reader.follow(true);
          }}
          onTop={() => reader.earlier()}
          onBottom={() => reader.later()}
        />
      )}
    </SpaceBetween>
  );
}
