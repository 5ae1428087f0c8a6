/** Finds a text in what terminals showed, over all recordings or in one. */
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Input from '@cloudscape-design/components/input';
import Link from '@cloudscape-design/components/link';
import Modal from '@cloudscape-design/components/modal';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table from '@cloudscape-design/components/table';
import { useRef, useState } from 'react';
import { isComposing } from '../../app/keys';
import { href, useFollow } from '../../app/router';
import { Empty } from '../../components/Empty';
import { Failure } from '../../components/Failure';
import { When } from '../../components/When';
import { useText } from '../../i18n';
import { type Hit, searchRecordings } from './recordings';

/** Parts that one press of the button looks through, so that it ends. */
const PARTS = 20;
const ENOUGH = 50;

export function RecordingSearch({ session, onClose }: { session?: string; onClose: () => void }) {
  const { t, duration } = useText();
  const follow = useFollow();
  const [words, setWords] = useState('');
  const [hits, setHits] = useState<Hit[]>();
  const [more, setMore] = useState<string>();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const round = useRef(0);
  const search = async (from?: string) => {
    const mine = ++round.current;
    setBusy(true);
    setError(undefined);
    try {
      let found = from === undefined ? [] : (hits ?? []);
      const wanted = found.length + ENOUGH;
      let token = from;
      for (let part = 0; part < PARTS; part += 1) {
        const answer = await searchRecordings(words.trim(), session, token);
        if (round.current !== mine) return;
        found = [...found, ...answer.hits];
        token = answer.nextToken;
        setHits(found);
        setMore(token);
        if (token === undefined || found.length >= wanted) break;
      }
    } catch (failure) {
      if (round.current === mine) setError(failure);
    } finally {
      if (round.current === mine) setBusy(false);
    }
  };
  const none = words.trim() === '' ? t('sessions.searchEmpty') : undefined;
  return (
    <Modal
      visible
      size="large"
      header={t('sessions.search')}
      closeAriaLabel={t('common.close')}
      onDismiss={onClose}
      footer={
        <Box float="right">
          <Button variant="primary" onClick={onClose}>
            {t('common.close')}
          </Button>
        </Box>
      }
    >
      <SpaceBetween size="m">
        <div className="qd-search-row">
          <Input
            type="search"
            ariaLabel={t('sessions.searchWords')}
            placeholder={t('sessions.searchWords')}
            value={words}
            onChange={({ detail }) => setWords(detail.value.slice(0, 200))}
            onKeyDown={(event) => {
              if (event.detail.key === 'Enter' && !none && !isComposing(event.detail as unknown as KeyboardEvent)) void search();
            }}
          />
          <Button loading={busy} disabled={Boolean(none)} disabledReason={none} onClick={() => void search()}>
            {t('sessions.searchGo')}
          </Button>
        </div>
        {error !== undefined && <Failure error={error} what={t('sessions.searchFailed')} />}
        {hits && (
          <Table
            variant="embedded"
            items={hits}
            ariaLabels={{ tableLabel: t('sessions.search') }}
            loading={busy && hits.length === 0}
            loadingText={t('common.loading')}
            empty={<Empty title={t('sessions.searchNone')} hint={t('sessions.searchNoneHint')} />}
            columnDefinitions={[
              {
                id: 'text',
                header: t('sessions.searchText'),
                isRowHeader: true,
                cell: (hit) => (
                  <Link href={href(`/sessions/${encodeURIComponent(hit.sessionId)}?at=${hit.at}`)} onFollow={(event) => { onClose(); follow(event); }}>
                    <span className="qd-id">{hit.text || words}</span>
                  </Link>
                ),
              },
              { id: 'at', header: t('sessions.searchAt'), cell: (hit) => duration(hit.at) },
              { id: 'node', header: t('sessions.node'), cell: (hit) => hit.target ?? '–' },
              { id: 'started', header: t('sessions.started'), cell: (hit) => <When at={hit.startedAt ?? null} /> },
            ]}
            footer={
              more !== undefined && (
                <Button loading={busy} onClick={() => void search(more)}>
                  {t('sessions.searchMore')}
                </Button>
              )
            }
          />
        )}
      </SpaceBetween>
    </Modal>
  );
}
