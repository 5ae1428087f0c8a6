/**
 * One thing done to many rows: what will happen, how far it is, what came of it, and the way back where there is one.
 *
 * The dialog stays while the work goes on; stopping it leaves done what was done, and says what was not.
 */
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import ExpandableSection from '@cloudscape-design/components/expandable-section';
import Modal from '@cloudscape-design/components/modal';
import ProgressBar from '@cloudscape-design/components/progress-bar';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { adviceFor, asFailure, lineOf } from '../api/errors';
import { host, type PlannedCall } from '../host';
import { useText } from '../i18n';
import { type BulkOutcome, eachOf } from '../lib/bulk';
import { Failure } from './Failure';

interface Props<T> {
  title: string;
  /** Words of the button that begins. */
  action: string;
  /** Why it cannot begin yet. */
  disabledReason?: string;
  /** What will be done, with the fields it needs. */
  children: ReactNode;
  /** Which rows, when it begins; it may have to read them. */
  gather: (onProgress: (count: number) => void, signal: AbortSignal) => Promise<T[]>;
  work: (item: T, token?: string) => Promise<void>;
  /** The calls that `work` (or `back`) makes for an item: a protected connection asks once for all of them, and `token` is the answer. */
  plan?: (item: T, isBack: boolean) => PlannedCall[];
  /** Takes `work` back, where that is possible. */
  back?: (item: T, token?: string) => Promise<void>;
  nameOf: (item: T) => string;
  /** Said of an outcome; the number is of those it was done to. */
  done: (count: number) => string;
  failed: string;
  onClose: () => void;
  /** After each run, however it ended. */
  onChanged: () => void;
}

type Stage<T> =
  | { kind: 'ask' }
  | { kind: 'gather'; count: number }
  | { kind: 'run'; done: number; total: number; failed: number; back: boolean }
  | { kind: 'end'; outcome: BulkOutcome<T>; items: T[]; back: boolean };

/** Failures shown; more say nothing more. */
const SHOWN = 50;
/** A page draws so often while the work goes on, in milliseconds. */
const DRAW = 100;

/** Whether every further item would meet the same: no permission, no connection, a person who said no. */
function isFinal(error: unknown): boolean {
  return ['denied', 'declined', 'readOnly', 'signIn', 'connection', 'notOpen', 'noKey', 'locked', 'unavailable'].includes(adviceFor(asFailure(error).code));
}

export function BulkDialog<T>({ title, action, disabledReason, children, gather, work, plan, back, nameOf, done, failed, onClose, onChanged }: Props<T>) {
  const { t } = useText();
  const [stage, setStage] = useState<Stage<T>>({ kind: 'ask' });
  const [error, setError] = useState<unknown>();
  const stop = useRef<AbortController>(undefined);
  useEffect(() => () => stop.current?.abort(), []);
  const run = async (items: T[], act: (item: T, token?: string) => Promise<void>, isBack: boolean, signal: AbortSignal) => {
    let drawn = 0;
    const planned = plan ? items.flatMap((item) => plan(item, isBack)) : [];
    const token = planned.length > 1 ? await host.permit?.(planned) : undefined;
    setStage({ kind: 'run', done: 0, total: items.length, failed: 0, back: isBack });
    const outcome = await eachOf(items, (item) => act(item, token), {
      signal,
      isFinal,
      onProgress: (state) => {
        const now = performance.now();
        if (now - drawn < DRAW) return;
        drawn = now;
        setStage({ kind: 'run', back: isBack, ...state });
      },
    });
    onChanged();
    setStage({ kind: 'end', outcome, items, back: isBack });
  };
  const begin = async (given: T[] | undefined, act: (item: T, token?: string) => Promise<void>, isBack: boolean) => {
    const control = new AbortController();
    stop.current = control;
    setError(undefined);
    try {
      if (!given) setStage({ kind: 'gather', count: 0 });
      const items = given ?? (await gather((count) => setStage({ kind: 'gather', count }), control.signal));
      await run(items, act, isBack, control.signal);
    } catch (failure) {
      if (!control.signal.aborted) setError(failure);
      setStage({ kind: 'ask' });
    }
  };
  const busy = stage.kind === 'gather' || stage.kind === 'run';
  const close = () => {
    if (!busy) onClose();
  };
  return (
    <Modal
      visible
      header={title}
      onDismiss={close}
      closeAriaLabel={t('common.close')}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            {busy && <Button onClick={() => stop.current?.abort()}>{t('bulk.stop')}</Button>}
            {stage.kind === 'ask' && (
              <Button variant="link" onClick={onClose}>
                {t('common.cancel')}
              </Button>
            )}
            {stage.kind === 'ask' && (
              <Button variant="primary" disabled={Boolean(disabledReason)} disabledReason={disabledReason} onClick={() => void begin(undefined, work, false)}>
                {action}
              </Button>
            )}
            {stage.kind === 'end' && <AfterIt stage={stage} work={work} back={back} begin={begin} />}
            {stage.kind === 'end' && (
              <Button variant="primary" onClick={onClose}>
                {t('common.close')}
              </Button>
            )}
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="m">
        {error !== undefined && <Failure error={error} what={failed} />}
        {stage.kind === 'ask' && children}
        {stage.kind === 'gather' && <ProgressBar variant="standalone" value={0} label={t('bulk.gathering', { count: stage.count })} />}
        {stage.kind === 'run' && (
          <ProgressBar
            value={stage.total === 0 ? 100 : (stage.done / stage.total) * 100}
            label={t(stage.back ? 'bulk.undoing' : 'bulk.running')}
            description={t('bulk.of', { done: stage.done, total: stage.total })}
            additionalInfo={stage.failed > 0 ? t('bulk.failedSoFar', { count: stage.failed }) : undefined}
          />
        )}
        {stage.kind === 'end' && <Outcome outcome={stage.outcome} nameOf={nameOf} said={stage.back ? (count) => t('bulk.undone', { count }) : done} />}
      </SpaceBetween>
    </Modal>
  );
}

/** Buttons for what is left to do: those that failed again, or all of it back. */
function AfterIt<T>({ stage, work, back, begin }: { stage: Extract<Stage<T>, { kind: 'end' }>; work: (item: T, token?: string) => Promise<void>; back?: (item: T, token?: string) => Promise<void>; begin: (items: T[], act: (item: T, token?: string) => Promise<void>, isBack: boolean) => Promise<void> }) {
  const { t } = useText();
  const { outcome, items } = stage;
  const again = [...outcome.failures.map(({ item }) => item), ...outcome.left];
  const left = new Set(again);
  const done = items.filter((item) => !left.has(item));
  const act = stage.back ? back : work;
  return (
    <>
      {act && again.length > 0 && <Button onClick={() => void begin(again, act, stage.back)}>{t('bulk.again', { count: again.length })}</Button>}
      {back && !stage.back && done.length > 0 && <Button onClick={() => void begin(done, back, true)}>{t('common.undo')}</Button>}
    </>
  );
}

function Outcome<T>({ outcome, nameOf, said }: { outcome: BulkOutcome<T>; nameOf: (item: T) => string; said: (count: number) => string }) {
  const { t, maybe } = useText();
  const { failures, left, done } = outcome;
  const good = done - failures.length;
  return (
    <SpaceBetween size="s">
      {good > 0 && <Alert type="success">{said(good)}</Alert>}
      {good === 0 && failures.length === 0 && left.length === 0 && <Alert type="info">{t('bulk.nothing')}</Alert>}
      {left.length > 0 && <Alert type="warning">{t('bulk.left', { count: left.length })}</Alert>}
      {failures.length > 0 && (
        <Alert type="error" header={t('bulk.failed', { count: failures.length })}>
          <ExpandableSection headerText={t('bulk.which')} defaultExpanded={failures.length <= 3}>
            <ul className="qd-plain">
              {failures.slice(0, SHOWN).map(({ item, error }) => (
                <li key={nameOf(item)}>{`${nameOf(item)}: ${lineOf(error, maybe)}`}</li>
              ))}
              {failures.length > SHOWN && <li>{t('bulk.more', { count: failures.length - SHOWN })}</li>}
            </ul>
          </ExpandableSection>
        </Alert>
      )}
    </SpaceBetween>
  );
}
