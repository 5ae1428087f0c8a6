/** Sessions, as far as the console needs them from the program it runs in. Bytes stay bytes on this way. */

export interface SessionRequest {
  /** Id of the node. */
  target: string;
  /** Session document; absent: a shell. */
  document?: string;
  parameters?: Record<string, string[]>;
  reason?: string;
}

export interface Size {
  cols: number;
  rows: number;
}

export type SessionState =
  | { state: 'connecting' }
  | { state: 'open' }
  /** The way is cut and tried again: that to the hub, or the `node`'s own. What was typed is kept. */
  | { state: 'reconnecting'; reason?: string; node?: boolean }
  | { state: 'closed'; reason?: string; exitCode?: number };

export interface SessionSink {
  /** To be acknowledged once it is parsed. */
  onOutput(data: Uint8Array): void;
  /** What the session wrote before this page showed it; not to be acknowledged, and no question in it is to be answered again. */
  onReplay(data: Uint8Array): void;
  onState(state: SessionState): void;
}

/** A session that runs in the app, whether or not a page shows it. */
export interface RunningSession {
  /** Number by which this app knows it. */
  handle: number;
  sessionId: string;
  target: string;
}

/** The way to a session for one page. All reject with `ApiFailure`. */
export interface SessionLine extends RunningSession {
  /** Resolves when the session took the bytes: send the next piece only then. */
  input(data: Uint8Array): Promise<void>;
  resize(size: Size): Promise<void>;
  /** So many bytes of output were parsed; the app sends on. */
  acknowledge(bytes: number): Promise<void>;
  /** Ends the session on the node, too. */
  close(): Promise<void>;
}

export interface TerminalHost {
  open(request: SessionRequest, size: Size, sink: SessionSink): Promise<SessionLine>;
  /** Shows a session that runs already, from what it wrote last; the window that showed it shows it no more. */
  attach(handle: number, sink: SessionSink): Promise<SessionLine>;
  /** Sessions that this window showed and that still run. */
  running(): Promise<RunningSession[]>;
  /** Opens a window of its own for sessions of this one; `tab` is what its page will claim. */
  tearOff(handles: number[], tab: string): Promise<void>;
  /** What this window was opened with, once. */
  claim(): Promise<string | undefined>;
}
