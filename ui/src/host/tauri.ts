/** The desktop app as host: every call crosses into Rust, which holds the hub or the connection, the keys and the settings. */
import { Channel, invoke } from '@tauri-apps/api/core';
import { listen } from '@tauri-apps/api/event';
import { type AccessKey, ApiFailure, type Checked, type ConnectionInfo, type ConnectionMark, type EventSink, type FileSink, type Host, type HubEvent, type ListedConnection, type ListenerState, type OutputChunk, type RecordingPiece, type SecretsState, type StreamState } from './host';
import { terminalHost } from './tauriTerminal';
import { answered, isKept, standIn } from './lastKnown';

interface RawOutput {
  offset: number;
  total: number;
  complete: boolean;
  data: string;
}

function failure(error: unknown): ApiFailure {
  if (error && typeof error === 'object') {
    const { code, message, requestId, details } = error as { code?: unknown; message?: unknown; requestId?: unknown; details?: unknown };
    return new ApiFailure(
      typeof code === 'string' ? code : 'InternalFailure',
      typeof message === 'string' ? message : String(error),
      typeof requestId === 'string' ? requestId : undefined,
      details ?? undefined,
    );
  }
  return new ApiFailure('InternalFailure', String(error));
}

async function command<T>(name: string, args: Record<string, unknown> = {}): Promise<T> {
  try {
    return await invoke<T>(name, args);
  } catch (error) {
    throw failure(error);
  }
}

/** A read whose answer is kept: when the endpoint is away, what it answered last stands in, and the page is told so. */
async function read(name: string, args: Record<string, unknown>): Promise<unknown> {
  let answer: unknown;
  try {
    answer = await invoke(name, args);
  } catch (error) {
    return standIn(error, failure(error));
  }
  answered();
  return answer;
}

function bytes(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
}

function base64(data: Uint8Array): string {
  let binary = '';
  for (let at = 0; at < data.length; at += 0x8000) binary += String.fromCharCode(...data.subarray(at, at + 0x8000));
  return btoa(binary);
}

/** Bytes of a file that cross at a time. */
const PIECE = 1024 * 1024;

function stateOf(value: unknown): StreamState | undefined {
  const state = typeof value === 'object' && value !== null && 'state' in value ? value.state : undefined;
  return state === 'open' || state === 'closed' ? state : undefined;
}

function isEvent(value: unknown): value is HubEvent {
  return typeof value === 'object' && value !== null && 'detail-type' in value && 'seq' in value;
}

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 30_000;

/** Subscribes, again and again from the last event seen: the hub may not be open yet, or the app may follow too many streams. */
function events(sink: EventSink, from?: number): () => void {
  let live = true;
  let cursor = from;
  let wait = FIRST_RETRY_MS;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let current: Channel<unknown> | undefined;
  const subscribe = () => {
    const channel = new Channel<unknown>();
    current = channel;
    channel.onmessage = (message) => {
      if (!live || channel !== current) return;
      const state = stateOf(message);
      if (state) sink.onState(state);
      if (!isEvent(message)) return;
      cursor = message.seq;
      sink.onEvent(message);
    };
    sink.onState('connecting');
    command('subscribe_events', { cursor: cursor ?? null, channel }).then(
      () => {
        if (!live) return;
        wait = FIRST_RETRY_MS;
        sink.onState('open');
      },
      () => {
        if (!live) return;
        sink.onState('closed');
        timer = setTimeout(subscribe, wait * (0.5 + Math.random()));
        wait = Math.min(wait * 2, LONGEST_RETRY_MS);
      },
    );
  };
  subscribe();
  return () => {
    live = false;
    clearTimeout(timer);
    if (current) command('unsubscribe_events', { channelId: current.id }).catch(() => undefined);
  };
}

/** Whether the app has said where this window is to go; where it is until then is remembered only when the app leads it nowhere. */
let led = false;
let before: string | undefined;

function remember(path: string): void {
  command('navigated', { path }).catch(() => undefined);
}

/** Nothing that was read over one connection may be shown over another: the page loads anew, at its first page. */
function startAnew(): void {
  location.hash = '/';
  location.reload();
}

export const tauriHost: Host = {
  kind: 'desktop',
  call: (operation, input, permit) =>
    isKept(operation) ? read('call', { operation, input, keep: true }) : command('call', { operation, input, permit: permit ?? null }),
  permit: async (calls) => (await command<string | null>('permit', { calls })) ?? undefined,
  extension(method, path, query, body) {
    const args = { method, path: `/quarterdeck/v1${path}`, query: query ?? null, body: body ?? null };
    return method === 'GET' && isKept(path) ? read('extension', { ...args, keep: true }) : command('extension', args);
  },
  events,
  async readOutput(ref, offset, max, wait, signal): Promise<OutputChunk> {
    const raw = await command<RawOutput>('output', { ...ref, offset, max, wait });
    signal.throwIfAborted();
    return { offset: raw.offset, total: raw.total, complete: raw.complete, data: bytes(raw.data) };
  },
  async readRecording(session, after, max, wait, signal): Promise<RecordingPiece> {
    const piece = await command<RecordingPiece>('plugin:terminal|recording', { session, after, max, wait });
    signal.throwIfAborted();
    return piece;
  },
  async info(): Promise<ConnectionInfo> {
    const info = await command<
      { [K in keyof ConnectionInfo]?: ConnectionInfo[K] | null } & { connectionId?: string; connectionError?: string | null; keyring?: { state: SecretsState; reason?: string; notKept?: string } | null }
    >('app_info');
    return {
      id: info.connectionId ?? '',
      kind: info.kind ?? 'embedded',
      clockAhead: info.clockAhead ?? undefined,
      stopped: info.stopped ? failure(info.stopped) : undefined,
      localStateDamaged: info.localStateDamaged ?? undefined,
      name: info.name ?? '',
      endpoint: info.endpoint ?? '',
      region: info.region ?? '',
      account: info.account ?? '',
      colour: info.colour ?? undefined,
      protected: info.protected ?? false,
      readOnly: info.readOnly ?? false,
      embedded: info.embedded ?? true,
      version: info.version ?? '',
      caFile: info.caFile ?? undefined,
      caSha256: info.caSha256 ?? undefined,
      logDir: info.logDir ?? undefined,
      failed: info.connectionError ?? undefined,
      thisMachine: info.thisMachine ?? undefined,
      secrets: info.keyring ?? undefined,
    };
  },
  settingsGet: async (key) => (await command<string | null>('settings_get', { key })) ?? undefined,
  settingsSet: (key, value) => command('settings_set', { key, value }),
  openExternal: (url) => command('open_external', { url }),
  openLogs: () => command('open_logs', {}),
  simulation: {
    status: () => command('simulation_status'),
    start: (nodes) => command('simulation_start', { nodes }),
    stop: async () => {
      await command('simulation_stop');
    },
  },
  enrolThisMachine: () => command('enrol_this_machine', {}),
  copy: (text) => navigator.clipboard.writeText(text),
  async saveFile(name, mime, parts) {
    const data = new Uint8Array(await new Blob(parts, { type: mime }).arrayBuffer());
    // The path it went to, or null when none was chosen.
    return (await command<string | null>('save_file', { name, data: base64(data) })) !== null;
  },
  async openFile(name): Promise<FileSink | undefined> {
    const begun = await command<{ id: number } | null>('file_begin', { name });
    if (begun === null) return undefined;
    const { id } = begun;
    return {
      async write(data) {
        for (let at = 0; at < data.length; at += PIECE) await command('file_write', { id, data: base64(data.subarray(at, at + PIECE)) });
      },
      finish: () => command('file_finish', { id }),
      discard: () => command('file_discard', { id }),
    };
  },
  onNavigate(open) {
    const stop = listen<string>('navigate', (event) => open(event.payload));
    const gone = listen('connection-gone', () => startAnew());
    // Only now does the app send its wishes as events; what was wished for before is the answer.
    void stop.then(async () => {
      const path = await command<string | null>('navigate_ready').catch(() => null);
      led = true;
      if (path) open(path);
      else if (before) remember(before);
    });
    return () => {
      void stop.then((unlisten) => unlisten());
      void gone.then((unlisten) => unlisten());
    };
  },
  navigated(path) {
    if (led) remember(path);
    else before = path;
  },
  mark: (mark: ConnectionMark) => command('connection_mark', { mark }),
  accessKey: () => command<AccessKey>('access_key'),
  secrets: {
    keepInFile: (passphrase) => command('keyring_choose', { choice: 'file', passphrase }),
    keepInMemory: () => command('keyring_choose', { choice: 'session', passphrase: null }),
    unlock: (passphrase) => command('keyring_unlock', { passphrase }),
  },
  listener: {
    get: () => command<ListenerState>('listener_get'),
    set: (addresses) => command<ListenerState>('listener_set', { addresses }),
  },
  connections: {
    list: () => command<ListedConnection[]>('connections_list'),
    save: (connection, key) => command<string>('connection_save', { connection, key: key ?? null }),
    remove: (id) => command('connection_remove', { id }),
    order: (ids) => command('connections_order', { ids }),
    check: (connection, key, code) => command<Checked>('connection_check', { connection, key: key ?? null, code: code ?? null }),
    trust: (id, fingerprint) => command('connection_trust', { id, fingerprint }),
    reopen: (id, code) => command('connection_reopen', { id, code: code ?? null }),
    mark: (id, mark) => command('connection_mark', { id, mark }),
    async switchTo(id) {
      await command('connection_switch', { id });
      startAnew();
    },
    openWindow: (path, id) => command('window_open', { path, id: id ?? null }),
    awsProfiles: () => command<string[]>('aws_profiles'),
  },
  terminal: terminalHost(failure),
  eventsShown(seq) {
    const tell = () => void command('events_shown', { seq }).catch(() => undefined);
    // Read is not yet drawn; a window out of view draws nothing.
    if (document.hidden) tell();
    else requestAnimationFrame(() => setTimeout(tell));
  },
};
