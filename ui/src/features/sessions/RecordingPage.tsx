/** One recording, as it was on the terminal: with its timing, at any speed, from any moment; a session that goes on is watched live. */
import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Select from '@cloudscape-design/components/select';
import Slider from '@cloudscape-design/components/slider';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Toggle from '@cloudscape-design/components/toggle';
import { useParams, useSearch } from '@tanstack/react-router';
import { Terminal } from '@xterm/xterm';
import '@xterm/xterm/css/xterm.css';
import '../../theme/sessions.css';
import { useEffect, useRef, useState } from 'react';
import { lineOf } from '../../api/errors';
import { flash } from '../../app/flash';
import { Page } from '../../app/page';
import { isDark, preferences } from '../../app/preferences';
import { href } from '../../app/router';
import { Failure } from '../../components/Failure';
import { Loading } from '../../components/Loading';
import { host } from '../../host';
import { useText } from '../../i18n';
import { useStore } from '../../lib/store';
import { type CastEvent, type CastHeader, readCast, readSize } from './asciicast';
import { Playback } from './playback';
import { RecordingSearch } from './RecordingSearch';
import { TERMINAL_FONTS, terminalTheme } from './terminalTheme';

export interface RecordingSearchParams {
  /** Seconds from its start. */
  at?: number;
}

/** Bytes of one read, and most that a page holds. */
const PIECE = 4 * 1024 * 1024;
const MOST = 64 * 1024 * 1024;
const WAIT = 20;
const SPEEDS = [0.5, 1, 2, 4, 8, 16];
/** How often the slider moves. */
const TICK_MS = 100;

interface Loaded {
  header?: CastHeader;
  /** More may come. */
  growing: boolean;
  /** The page or the hub holds only its beginning. */
  cut: boolean;
  error?: unknown;
}

/** Reads a recording piece by piece, and goes on while its session does. */
function useRecording(id: string, playback: Playback, onMore: () => void): [Loaded, () => void] {
  const [loaded, setLoaded] = useState<Loaded>({ growing: true, cut: false });
  const [round, setRound] = useState(0);
  const more = useRef(onMore);
  useEffect(() => {
    more.current = onMore;
  });
  useEffect(() => {
    const stop = new AbortController();
    void (async () => {
      let header: CastHeader | undefined;
      let after = 0;
      let held = 0;
      let last = 0;
      try {
        for (;;) {
          const piece = await host.readRecording(id, after, PIECE, header ? WAIT : 0, stop.signal);
          if (stop.signal.aborted) return;
          const cast = readCast(piece.text, header, last);
          if (cast) {
            header = cast.header;
            playback.add(cast.events);
            last = cast.events.at(-1)?.at ?? last;
          }
          held += piece.text.length;
          after = piece.next;
          const full = held >= MOST && !piece.complete;
          setLoaded({ header, growing: !piece.complete && !full, cut: piece.cut || full });
          more.current();
          if (piece.complete || full) return;
        }
      } catch (error) {
        if (!stop.signal.aborted) setLoaded((now) => ({ ...now, growing: false, error }));
      }
    })();
    return () => stop.abort();
  }, [id, playback, round]);
  return [loaded, () => setRound((now) => now + 1)];
}

/** The terminal that it is drawn on. */
function useScreen(header: CastHeader | undefined): [React.RefObject<HTMLDivElement | null>, React.RefObject<Terminal | undefined>] {
  const box = useRef<HTMLDivElement>(null);
  const terminal = useRef<Terminal>(undefined);
  const dark = isDark(useStore(preferences));
  const { width, height } = header ?? {};
  useEffect(() => {
    if (!box.current || width === undefined || height === undefined) return undefined;
    const screen = new Terminal({ cols: width, rows: height, disableStdin: true, fontFamily: TERMINAL_FONTS, fontSize: 13, scrollback: 0, theme: terminalTheme(isDark(preferences.get())) });
    screen.open(box.current);
    // Shown, not used: the keys of the page are those around it.
    if (screen.textarea) screen.textarea.tabIndex = -1;
    terminal.current = screen;
    return () => {
      terminal.current = undefined;
      screen.dispose();
    };
  }, [width, height]);
  useEffect(() => {
    if (terminal.current) terminal.current.options.theme = terminalTheme(dark);
  }, [dark]);
  return [box, terminal];
}

function draw(terminal: Terminal | undefined, events: CastEvent[]): void {
  if (!terminal) return;
  let text = '';
  for (const event of events) {
    if (event.kind === 'o') text += event.data;
    const size = event.kind === 'r' ? readSize(event.data) : undefined;
    if (!size) continue;
    terminal.write(text, () => terminal.resize(size.cols, size.rows));
    text = '';
  }
  if (text !== '') terminal.write(text);
}

export function RecordingPage() {
  const { t, duration, maybe } = useText();
  const { id = '' } = useParams({ strict: false }) as { id?: string };
  const { at } = useSearch({ strict: false }) as RecordingSearchParams;
  const [playback, setPlayback] = useState(() => new Playback());
  const [position, setPosition] = useState(0);
  const [length, setLength] = useState(0);
  const [playing, setPlaying] = useState(false);
  const [speed, setSpeed] = useState(1);
  const [skip, setSkip] = useState(false);
  const [searching, setSearching] = useState(false);
  const [loaded, again] = useRecording(id, playback, () => setLength(playback.duration));
  const [box, terminal] = useScreen(loaded.header);
  const seek = (to: number) => {
    terminal.current?.reset();
    if (loaded.header) terminal.current?.resize(loaded.header.width, loaded.header.height);
    draw(terminal.current, playback.seek(to, performance.now()));
    setPosition(playback.position);
  };
  const { growing } = loaded;
  const ready = loaded.header !== undefined;
  const begun = useRef<string>(undefined);
  /** Where the address points to, or where a session that goes on is now; else from the start. */
  const begin = () => {
    if (begun.current === `${id} ${at}`) return;
    if (at !== undefined && growing && (playback.events.at(-1)?.at ?? 0) < at) return;
    begun.current = `${id} ${at}`;
    seek(at === undefined ? (growing ? playback.duration : 0) : playback.positionOf(at));
    if (at === undefined) playback.play(performance.now());
    setPlaying(playback.playing);
  };
  const tick = useRef(() => undefined as void);
  useEffect(() => {
    tick.current = () => {
      begin();
      if (!playback.playing) return;
      draw(terminal.current, playback.due(performance.now(), growing));
      setPosition(playback.position);
      setPlaying(playback.playing);
    };
  });
  useEffect(() => {
    if (!ready) return undefined;
    const timer = setInterval(() => tick.current(), TICK_MS);
    return () => clearInterval(timer);
  }, [ready]);
  const toggle = () => {
    const now = performance.now();
    if (playback.playing) playback.pause(now);
    else {
      if (playback.atEnd && !growing) seek(0);
      playback.play(now);
    }
    setPlaying(playback.playing);
  };
  const save = async () => {
    try {
      const parts = [JSON.stringify({ version: 2, ...loaded.header }), ...playback.events.map((event) => JSON.stringify([event.at, event.kind, event.data]))];
      if (await host.saveFile(`${id}.cast`, 'application/x-asciicast', [`${parts.join('\n')}\n`])) flash({ type: 'success', text: 'sessions.saved' });
    } catch (error) {
      flash({ type: 'error', text: 'errors.flash', values: { what: t('sessions.saveFailed'), message: lineOf(error, maybe) } });
    }
  };
  const reload = () => {
    begun.current = undefined;
    setPlayback(new Playback());
    again();
  };
  return (
    <Page
      title={id}
      parents={[{ text: t('sessions.title'), href: href('/sessions') }]}
      actions={
        <SpaceBetween direction="horizontal" size="xs">
          <Button iconName="search" onClick={() => setSearching(true)}>
            {t('sessions.searchHere')}
          </Button>
          <Button iconName="download" disabled={!ready || growing} disabledReason={t('sessions.saveLater')} onClick={() => void save()}>
            {t('sessions.save')}
          </Button>
        </SpaceBetween>
      }
    >
      <SpaceBetween size="m">
        {loaded.error !== undefined && <Failure error={loaded.error} what={t('sessions.recordingFailed')} onRetry={reload} />}
        {loaded.cut && <Alert type="warning">{t('sessions.recordingCut')}</Alert>}
        {!ready && loaded.error === undefined && <Loading />}
        {ready && (
          <Container>
            <SpaceBetween size="s">
              <div className="qd-player">
                <Button iconName={playing ? 'pause' : 'play'} ariaLabel={t(playing ? 'sessions.pause' : 'sessions.play')} onClick={toggle} />
                <div className="qd-player-time">
                  {duration(position)} / {duration(length)}
                </div>
                <div className="qd-player-slider">
                  <Slider
                    ariaLabel={t('sessions.position')}
                    value={Math.min(Math.round(position * 10), Math.max(1, Math.round(length * 10)))}
                    min={0}
                    max={Math.max(1, Math.round(length * 10))}
                    hideFillLine={false}
                    valueFormatter={(value) => duration(value / 10)}
                    onChange={({ detail }) => seek(detail.value / 10)}
                  />
                </div>
                <div className="qd-player-speed">
                  <Select
                    ariaLabel={t('sessions.speed')}
                    selectedOption={{ value: String(speed), label: `${speed}×` }}
                    options={SPEEDS.map((value) => ({ value: String(value), label: `${value}×` }))}
                    onChange={({ detail }) => {
                      const next = Number(detail.selectedOption.value);
                      setSpeed(next);
                      playback.setSpeed(next, performance.now());
                    }}
                  />
                </div>
                <Toggle
                  checked={skip}
                  onChange={({ detail }) => {
                    setSkip(detail.checked);
                    playback.setSkip(detail.checked, performance.now());
                    setPosition(playback.position);
                    setLength(playback.duration);
                  }}
                >
                  {t('sessions.skip')}
                </Toggle>
                {growing && (
                  <Button
                    onClick={() => {
                      seek(playback.duration);
                      playback.play(performance.now());
                      setPlaying(true);
                    }}
                  >
                    {t('sessions.goLive')}
                  </Button>
                )}
              </div>
              {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a region that scrolls has to be reachable by keyboard */}
              <div className="qd-player-screen" ref={box} role="region" aria-label={t('sessions.screen')} tabIndex={0} />
            </SpaceBetween>
          </Container>
        )}
      </SpaceBetween>
      {searching && <RecordingSearch session={id} onClose={() => setSearching(false)} />}
    </Page>
  );
}
