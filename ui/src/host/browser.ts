/**
 * A plain browser as host: the hub serves these pages at `/quarterdeck/console/`, and every request is signed here.
 *
 * The access key stays in `sessionStorage`: it is gone when the tab closes and never reaches a disk by our doing.
 */
import { beginDownload, offer } from './download';
import { ApiFailure, type ConnectionInfo, type EventSink, type Host, type HubEvent, type OutputChunk, type RecordingPiece } from './host';
import { canonicalQuery, sign } from './sigv4';

const KEY = 'quarterdeck.key';
const SETTINGS = 'quarterdeck.settings.';
const PREFIX = '/quarterdeck/v1';
const MAX_LINE = 1 << 20;

interface StoredKey {
  accessKeyId: string;
  secretAccessKey: string;
  region: string;
}

function storedKey(): StoredKey | undefined {
  try {
    const text = sessionStorage.getItem(KEY);
    return text ? (JSON.parse(text) as StoredKey) : undefined;
  } catch {
    return undefined;
  }
}

interface Outgoing {
  method: 'GET' | 'POST';
  path: string;
  query?: Record<string, string>;
  headers?: Record<string, string>;
  body?: string;
  signal?: AbortSignal;
}

async function send(request: Outgoing, key = storedKey()): Promise<Response> {
  if (!key) throw new ApiFailure('MissingAuthenticationTokenException', 'Sign in first.');
  const headers = await sign({ ...request, host: location.host }, { ...key, service: 'ssm' }, new Date());
  const search = request.query ? canonicalQuery(request.query) : '';
  let response: Response;
  try {
    response = await fetch(`${location.origin}${request.path}${search ? `?${search}` : ''}`, {
      method: request.method,
      headers,
      body: request.body,
      signal: request.signal,
      cache: 'no-store',
      credentials: 'omit',
    });
  } catch (error) {
    if (request.signal?.aborted) throw error;
    throw new ApiFailure('ConnectionFailed', String(error));
  }
  if (!response.ok) throw await failure(response);
  return response;
}

async function failure(response: Response): Promise<ApiFailure> {
  const requestId = response.headers.get('x-amzn-requestid') ?? undefined;
  try {
    const body = (await response.json()) as { __type?: string; code?: string; message?: string; Message?: string };
    const code = (body.__type ?? body.code ?? `Http${response.status}`).split('#').pop() ?? '';
    return new ApiFailure(code, body.message ?? body.Message ?? response.statusText, requestId);
  } catch {
    return new ApiFailure(`Http${response.status}`, response.statusText, requestId);
  }
}

async function call(operation: string, input: object, key?: StoredKey): Promise<unknown> {
  const response = await send(
    {
      method: 'POST',
      path: '/',
      headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `AmazonSSM.${operation}` },
      body: JSON.stringify(input),
    },
    key,
  );
  return response.json();
}

/** Splits a byte stream into lines and hands on those that are events. A line beyond 1 MiB ends the stream. */
async function readLines(body: ReadableStream<Uint8Array>, onLine: (line: string) => void): Promise<void> {
  const reader = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    rest += value;
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > MAX_LINE) throw new ApiFailure('InternalFailure', 'A line of the event stream is too long.');
    for (const line of lines) if (line.trim()) onLine(line);
  }
}

function events(sink: EventSink, from?: number): () => void {
  const stop = new AbortController();
  let cursor = from;
  let delay = 500;
  const run = async () => {
    while (!stop.signal.aborted) {
      sink.onState('connecting');
      try {
        const query = cursor === undefined ? undefined : { cursor: String(cursor) };
        const response = await send({ method: 'GET', path: `${PREFIX}/events`, query, signal: stop.signal });
        if (!response.body) throw new ApiFailure('InternalFailure', 'The event stream has no body.');
        sink.onState('open');
        delay = 500;
        await readLines(response.body, (line) => {
          const event = JSON.parse(line) as Partial<HubEvent>;
          if (typeof event.seq === 'number') cursor = event.seq;
          if (event['detail-type']) sink.onEvent(event as HubEvent);
        });
      } catch {
        // The stream is a convenience: pages poll while it is down, and the next round asks for what was missed.
      }
      if (stop.signal.aborted) return;
      sink.onState('closed');
      await new Promise((resolve) => setTimeout(resolve, delay * (0.5 + Math.random())));
      delay = Math.min(delay * 2, 30_000);
    }
  };
  void run();
  return () => stop.abort();
}

function outputPath(ref: { commandId: string; instanceId: string; step: string }): string {
  const part = encodeURIComponent;
  return `${PREFIX}/commands/${part(ref.commandId)}/invocations/${part(ref.instanceId)}/steps/${part(ref.step)}/output`;
}

/** What the hub says of itself to a page that has not signed in: the region is part of what a signature covers. */
async function aboutHub(): Promise<{ region: string; version: string; caSha256?: string }> {
  try {
    const response = await fetch('./config.json', { cache: 'no-store' });
    const said = (await response.json()) as Record<string, unknown>;
    const text = (name: string) => (typeof said[name] === 'string' && said[name] ? said[name] : undefined);
    return { region: text('region') ?? 'us-east-1', version: text('version') ?? '', caSha256: text('caSha256') };
  } catch {
    return { region: 'us-east-1', version: '' };
  }
}

export const browserHost: Host = {
  kind: 'browser',
  signIn: {
    required: () => storedKey() === undefined,
    async signIn(accessKeyId, secretAccessKey) {
      const key = { accessKeyId, secretAccessKey, region: (await aboutHub()).region };
      await call('DescribeInstanceInformation', { MaxResults: 5 }, key);
      sessionStorage.setItem(KEY, JSON.stringify(key));
    },
    // With the key goes what was being written: the next person in this tab may be another.
    signOut: () => sessionStorage.clear(),
  },
  call: (operation, input) => call(operation, input),
  async extension(method, path, query, body) {
    const headers: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' };
    const text = body === undefined ? undefined : JSON.stringify(body);
    return (await send({ method, path: PREFIX + path, query, headers, body: text })).json();
  },
  events,
  async readOutput(ref, offset, max, wait, signal): Promise<OutputChunk> {
    const query: Record<string, string> = { stream: ref.stream, offset: String(offset), max: String(max) };
    if (wait > 0) query.wait = String(wait);
    const response = await send({ method: 'GET', path: outputPath(ref), query, signal });
    const data = new Uint8Array(await response.arrayBuffer());
    const number = (name: string, otherwise: number) => {
      const value = Number(response.headers.get(name));
      return response.headers.has(name) && Number.isSafeInteger(value) ? value : otherwise;
    };
    return {
      offset: number('x-quarterdeck-offset', offset),
      total: number('x-quarterdeck-total', offset + data.length),
      complete: response.headers.get('x-quarterdeck-complete') === 'true',
      data,
    };
  },
  async readRecording(session, after, max, wait, signal): Promise<RecordingPiece> {
    const query = { after: String(after), max: String(max), wait: String(wait) };
    const response = await send({ method: 'GET', path: `${PREFIX}/sessions/${encodeURIComponent(session)}/recording`, query, signal });
    const next = Number(response.headers.get('x-quarterdeck-next'));
    return {
      text: await response.text(),
      next: Number.isSafeInteger(next) ? next : after,
      complete: response.headers.get('x-quarterdeck-complete') !== 'false',
      cut: response.headers.get('x-quarterdeck-cut') === 'true',
    };
  },
  async info(): Promise<ConnectionInfo> {
    const about = await aboutHub();
    return {
      id: '',
      kind: 'hub',
      name: location.host,
      endpoint: location.origin,
      region: storedKey()?.region ?? about.region,
      account: '',
      protected: false,
      readOnly: false,
      embedded: false,
      version: about.version,
      caSha256: about.caSha256,
    };
  },
  settingsGet: async (key) => localStorage.getItem(SETTINGS + key) ?? undefined,
  settingsSet: async (key, value) => localStorage.setItem(SETTINGS + key, value),
  openExternal: async (url) => void window.open(url, '_blank', 'noopener,noreferrer'),
  copy: (text) => navigator.clipboard.writeText(text),
  async saveFile(name, mime, parts) {
    offer(name, new Blob(parts, { type: mime }));
    // The browser says neither where nor whether; it shows its downloads itself.
    return true;
  },
  openFile: (name, mime) => beginDownload(name, mime),
  onNavigate: () => () => undefined,
  // The address bar remembers.
  navigated: () => undefined,
};
