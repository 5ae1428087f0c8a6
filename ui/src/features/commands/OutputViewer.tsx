/** What a node wrote, while it writes it: one step and one stream at a time, of any size. */
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import SegmentedControl from '@cloudscape-design/components/segmented-control';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import Toggle from '@cloudscape-design/components/toggle';
import { useState } from 'react';
import { lineOf } from '../../api/errors';
import { flash } from '../../app/flash';
import { Failure } from '../../components/Failure';
import { host, type OutputRef } from '../../host';
import { useText } from '../../i18n';
import { OutputLines } from './OutputLines';
import { readWhole, useOutput } from './useOutput';

interface Props {
  commandId: string;
  instanceId: string;
  steps: string[];
  /** Exit codes by step, once there are any. */
  codes: Record<string, number | undefined>;
}

export function OutputViewer({ commandId, instanceId, steps, codes }: Props) {
  const { t } = useText();
  const [chosen, setChosen] = useState<string>();
  const [stream, setStream] = useState<OutputRef['stream']>('stdout');
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
      <Stream key={`${instanceId} ${step} ${stream}`} commandId={commandId} instanceId={instanceId} step={step} stream={stream} />
    </SpaceBetween>
  );
}

function Stream(ref: OutputRef) {
  const { t, maybe, bytes } = useText();
  const { reader, output } = useOutput(ref);
  const { window } = output;
  const [progress, setProgress] = useState<number>();
  const save = async () => {
    setProgress(0);
    try {
      const parts = await readWhole(ref, (read, total) => setProgress(total > 0 ? Math.floor((100 * read) / total) : 0));
      const saved = await host.saveFile(`${ref.commandId}-${ref.instanceId}-${ref.step.replace(/[^\w.-]+/g, '_')}-${ref.stream}.txt`, 'text/plain;charset=utf-8', parts);
      if (saved) flash({ type: 'success', text: 'commands.downloaded' });
    } catch (error) {
      flash({ type: 'error', text: 'errors.flash', values: { what: t('commands.downloadFailed'), message: lineOf(error, maybe) } });
    } finally {
      setProgress(undefined);
    }
  };
  const partial = window.start > 0 || !window.atEnd;
  const failure = output.error === undefined ? undefined : <Failure error={output.error} what={t('commands.outputFailed')} onRetry={() => reader.retry()} />;
  if (failure && window.total === 0) return failure;
  return (
    <SpaceBetween size="xs">
      {failure}
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
          <Button iconName="download" variant="inline-link" disabled={window.total === 0} loading={progress !== undefined} onClick={() => void save()}>
            {progress === undefined ? t('commands.downloadAll') : `${progress}%`}
          </Button>
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
