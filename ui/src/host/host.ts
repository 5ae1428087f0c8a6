/**
 * What the console needs from the program it runs in.
 *
 * Why: the same pages run inside the desktop app and in a plain browser that a hub serves. Everything that differs between
 * the two is behind this interface, and this folder is the only place that imports `@tauri-apps/*`.
 */

import type { TerminalHost } from './terminal';

export type * from './terminal';

/** An error as the API words it. `code` is what callers match on; `message` is for people. */
export class ApiFailure extends Error {
  readonly code: string;
  readonly requestId?: string;
  /** What a page needs beside the text, such as both fingerprints of a certificate that changed. */
  readonly details?: unknown;

  constructor(code: string, message: string, requestId?: string, details?: unknown) {
    super(message);
    this.name = 'ApiFailure';
    this.code = code;
    this.requestId = requestId;
    this.details = details;
  }
}

export interface OutputRef {
  commandId: string;
  instanceId: string;
  step: string;
  stream: 'stdout' | 'stderr';
}

/** A range of a stream. `offset` and `total` are bytes; `complete` means that `total` will not grow any more. */
export interface OutputChunk {
  offset: number;
  total: number;
  complete: boolean;
  data: Uint8Array;
}

/** One line of the event stream: an EventBridge envelope with its place in the stream. */
export interface HubEvent {
  seq: number;
  'detail-type': string;
  source?: string;
  time?: string;
  resources?: string[];
  detail: Record<string, unknown>;
}

/** A piece of a session's recording: lines of an asciicast. `next` is where to go on; `complete`: nothing more will come. */
export interface RecordingPiece {
  text: string;
  next: number;
  complete: boolean;
  /** The hub kept only the beginning. */
  cut: boolean;
}

export type StreamState = 'connecting' | 'open' | 'closed';

export interface EventSink {
  onEvent(event: HubEvent): void;
  onState(state: StreamState): void;
}

export type EndpointKind = 'embedded' | 'hub' | 'aws';

/** A connection as it is kept. Text that does not apply is empty; secrets are never here. */
export interface Connection {
  /** Empty before it is kept. */
  id: string;
  kind: EndpointKind;
  name: string;
  /** `https://host[:port]`; empty for AWS itself. */
  url: string;
  region: string;
  access: 'key' | 'profile';
  profile: string;
  roleArn: string;
  externalId: string;
  mfaSerial: string;
  /** SHA-256 of the certificate that is trusted, in hexadecimal digits; empty: what the system trusts. */
  pin: string;
  account: string;
  /** `#rrggbb`, or empty. */
  colour: string;
  mark: ConnectionMark;
}

export interface ListedConnection extends Connection {
  /** Windows that show it. */
  windows: string[];
}

export interface NewKey extends AccessKey {
  sessionToken?: string;
}

/** A step of trying a connection; `code` is a word of the catalogues or an error code, `detail` what was found. */
export interface CheckStep {
  step: 'name' | 'tls' | 'clock' | 'credentials';
  state: 'good' | 'warning' | 'failed' | 'skipped';
  code: string;
  detail: string;
}

export interface Checked {
  steps: CheckStep[];
  fingerprint?: string | null;
  caFile?: string | null;
  /** The system trusts the server by itself. */
  trusted: boolean;
  account?: string | null;
  arn?: string | null;
}

/** The person's connections. All reject with `ApiFailure`. */
export interface ConnectionsHost {
  list(): Promise<ListedConnection[]>;
  /** Keeps a connection and, where one is given, its key; answers its id. */
  save(connection: Connection, key?: NewKey): Promise<string>;
  remove(id: string): Promise<void>;
  order(ids: string[]): Promise<void>;
  check(connection: Connection, key?: NewKey, code?: string): Promise<Checked>;
  /** Trusts another certificate than before; the host asks natively first and shows both. */
  trust(id: string, fingerprint: string): Promise<void>;
  /** Opens it anew, with the code of a second factor where its role asks for one. */
  reopen(id: string, code?: string): Promise<void>;
  mark(id: string, mark: ConnectionMark): Promise<void>;
  /** This window shows it from now on. The page loads anew. */
  switchTo(id: string): Promise<void>;
  /** Opens a window at `path`; without an id, over this window's connection. */
  openWindow(path: string, id?: string): Promise<void>;
  awsProfiles(): Promise<string[]>;
}

/** A call that an action is going to make. */
export interface PlannedCall {
  operation: string;
  input: object;
}

/** The endpoint the console talks to, as people need to see it. */
export interface ConnectionInfo {
  /** Of the connection of this window; empty in a browser. */
  id: string;
  kind: EndpointKind;
  /** Seconds by which the endpoint's clock is ahead of this machine's, where that is worth saying. */
  clockAhead?: number;
  /** Why nothing is sent any more: the endpoint's certificate changed. */
  stopped?: ApiFailure;
  /** Where the app's damaged local state went that this start replaced. */
  localStateDamaged?: string;
  /** Name of the environment, shown beside its colour in the header. Empty: the plane on this machine. */
  name: string;
  endpoint: string;
  region: string;
  account: string;
  colour?: string;
  protected: boolean;
  readOnly: boolean;
  embedded: boolean;
  version: string;
  /** Where the hub's certificate authority lies on this machine, for the AWS CLI. */
  caFile?: string;
  /** Folder of the app's log files. */
  logDir?: string;
  /** SHA-256 of the file `ca.pem` that the hub hands out, in hexadecimal digits: by it a machine checks what it fetched. */
  caSha256?: string;
  /** Why the hub inside the app did not open. */
  failed?: string;
  /** How this machine stands as a node of the hub inside the app. */
  thisMachine?: { state: 'waiting' | 'registering' | 'running' | 'restarting' | 'retrying' | 'unavailable' | 'removed' | 'stopped'; reason?: string };
  /** Where the app keeps access keys, why not in the system's keyring, and why the key could not be kept there (`notKept`). Absent while the system is being asked, and in a browser. */
  secrets?: { state: SecretsState; reason?: string; notKept?: string };
}

/** Where the access keys are: see `keyring::Status` of the app. */
export type SecretsState = 'keyring' | 'unanswered' | 'file' | 'locked' | 'session';

/** Keeping access keys on a machine without a keyring. All reject with `ApiFailure`. */
export interface SecretsHost {
  keepInFile(passphrase: string): Promise<void>;
  keepInMemory(): Promise<void>;
  unlock(passphrase: string): Promise<void>;
}

/** Simulated nodes of the hub inside the app. All reject with `ApiFailure`. */
export interface SimulationHost {
  status(): Promise<SimulationStatus>;
  /** Resolves when they are connected. */
  start(nodes: number): Promise<unknown>;
  /** Ends them and removes them from the hub. */
  stop(): Promise<unknown>;
}

export interface SimulationStatus {
  /** Asked for; 0 when there are none. */
  nodes: number;
  running: boolean;
  error?: string;
}

/** Where the hub inside the app listens. Both reject with `ApiFailure`. */
export interface ListenerHost {
  get(): Promise<ListenerState>;
  /** Listens on these addresses, and on no others; the host asks the person natively first. */
  set(addresses: string[]): Promise<ListenerState>;
}

export interface ListenerState {
  /** Addresses listened on, without the port. */
  addresses: string[];
  /** Addresses of this machine, with the names of their network interfaces. */
  choices: { address: string; name: string }[];
  port: number;
}

export interface AccessKey {
  accessKeyId: string;
  secretAccessKey: string;
}

export type ConnectionMark = 'open' | 'protected' | 'read-only';

/** A file that is written piece by piece, so that nobody has to hold all of it. All reject with `ApiFailure`. */
export interface FileSink {
  write(data: Uint8Array): Promise<void>;
  /** Nothing more comes: the file is whole and where it was to be. */
  finish(): Promise<void>;
  /** What was written of it goes. */
  discard(): Promise<void>;
}

/** Signing in is needed in a browser only: the desktop app keeps its keys in the keyring of the operating system. */
export interface SignIn {
  required(): boolean;
  signIn(accessKeyId: string, secretAccessKey: string): Promise<void>;
  signOut(): void;
}

export interface Host {
  readonly kind: 'desktop' | 'browser';
  readonly signIn?: SignIn;
  /** Calls an SSM operation. Rejects with `ApiFailure`. `permit` is the token of an action that the person agreed to. */
  call(operation: string, input: object, permit?: string): Promise<unknown>;
  /** Asks once for an action of several calls; the token goes with each of them. Absent where nothing is ever asked. */
  permit?(calls: PlannedCall[]): Promise<string | undefined>;
  /** Calls `/quarterdeck/v1<path>`. Rejects with `ApiFailure`. */
  extension(method: 'GET' | 'POST', path: string, query?: Record<string, string>, body?: unknown): Promise<unknown>;
  /** Follows the event stream from `cursor` (absent: from now on), reconnecting by itself. Returns the way to stop. */
  events(sink: EventSink, cursor?: number): () => void;
  /** Reads up to `max` bytes from `offset`; with `wait`, answers when there is more or after that many seconds. */
  readOutput(ref: OutputRef, offset: number, max: number, wait: number, signal: AbortSignal): Promise<OutputChunk>;
  /** Reads a session's recording from `after` (0: its beginning, with its header); with `wait`, answers when there is more. */
  readRecording(session: string, after: number, max: number, wait: number, signal: AbortSignal): Promise<RecordingPiece>;
  info(): Promise<ConnectionInfo>;
  settingsGet(key: string): Promise<string | undefined>;
  settingsSet(key: string, value: string): Promise<void>;
  openExternal(url: string): Promise<void>;
  copy(text: string): Promise<void>;
  /** Offers text or bytes as a file. Resolves to whether it was saved: where a dialog asks, a person may choose no place. */
  saveFile(name: string, mime: string, parts: BlobPart[]): Promise<boolean>;
  /** Begins a file that is written piece by piece; undefined when a dialog asked and no place was chosen. */
  openFile(name: string, mime: string): Promise<FileSink | undefined>;
  /** Calls back with a route when a notification or the tray asks for a page, also for one asked for before the page was there. */
  onNavigate(open: (path: string) => void): () => void;
  /** Opens the folder of what the app wrote about itself; its path. Absent in a browser. */
  openLogs?(): Promise<string>;
  /** Makes this machine a node of the hub inside the app, after that failed or somebody removed it. Absent in a browser. */
  enrolThisMachine?(): Promise<void>;
  /** Tells which page is shown, so that it is shown again at the next start. */
  navigated(path: string): void;
  /** Marks the connection; the host asks the person natively first. Absent where marks mean nothing. */
  mark?(mark: ConnectionMark): Promise<void>;
  /** The access key for the AWS CLI, from the keyring; the host asks the person natively first. Absent where the key is typed in. */
  accessKey?(): Promise<AccessKey>;
  /** Absent where keys are typed in. */
  readonly secrets?: SecretsHost;
  /** Absent in a browser, and where the app cannot start any. */
  readonly simulation?: SimulationHost;
  /** Absent in a browser, and where the app listens on this machine only. */
  readonly listener?: ListenerHost;
  /** Other hubs and AWS accounts. Absent in a browser, which has the hub that served it. */
  readonly connections?: ConnectionsHost;
  /** Sessions with a terminal. Absent in a browser, which has no way to them. */
  readonly terminal?: TerminalHost;
  /** Tells that the page shows what every event up to `seq` changed. Absent where nobody waits for it. */
  eventsShown?(seq: number): void;
}
