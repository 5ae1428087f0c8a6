/** From an error code to what a person can do about it. The texts are in the catalogues under `errors.advice`. */
import { ApiFailure } from '../host/host';

export type Advice = 'connection' | 'signIn' | 'clock' | 'denied' | 'throttled' | 'missing' | 'input' | 'unavailable' | 'server' | 'readOnly' | 'notOpen' | 'declined' | 'file' | 'noKey' | 'keyring' | 'locked' | 'certificate' | 'credentials' | 'notOffered' | 'other';

const BY_CODE: Record<string, Advice> = {
  ConnectionFailed: 'connection',
  NotConnected: 'connection',
  ConnectionInterrupted: 'connection',
  RequestTimeout: 'connection',
  InvalidAnswer: 'server',
  CertificateChanged: 'certificate',
  NoConnectionKey: 'credentials',
  NoCredentials: 'credentials',
  RoleRefused: 'credentials',
  MfaRequired: 'credentials',
  CredentialsUnavailable: 'connection',
  NotOffered: 'notOffered',
  HubNotOpen: 'notOpen',
  Declined: 'declined',
  FileNotWritten: 'file',
  NoAccessKey: 'noKey',
  KeyringFailed: 'keyring',
  SecretsLocked: 'locked',
  MissingAuthenticationTokenException: 'signIn',
  UnrecognizedClientException: 'signIn',
  ExpiredTokenException: 'signIn',
  IncompleteSignature: 'signIn',
  InvalidSignatureException: 'clock',
  RequestExpired: 'clock',
  AccessDeniedException: 'denied',
  AccessDenied: 'denied',
  ThrottlingException: 'throttled',
  ReadOnlyConnection: 'readOnly',
  NotImplemented: 'unavailable',
  UnknownOperationException: 'unavailable',
  InternalServerError: 'server',
  InternalFailure: 'server',
  ServiceUnavailable: 'server',
};
const MISSING = /^(InvalidDocument|InvalidInstanceId|InvocationDoesNotExist|InvalidCommandId|InvalidActivation|Http404|ResourceNotFoundException|.*NotFound.*|.*DoesNotExist.*)$/;
const INPUT = /^(ValidationException|Invalid.*|Unsupported.*|Duplicate.*|Max.*|.*LimitExceeded|SerializationException)$/;

export function asFailure(error: unknown): ApiFailure {
  if (error instanceof ApiFailure) return error;
  return new ApiFailure('UnexpectedFailure', error instanceof Error ? error.message : String(error));
}

export function adviceFor(code: string): Advice {
  const known = BY_CODE[code];
  if (known) return known;
  if (MISSING.test(code)) return 'missing';
  if (INPUT.test(code)) return 'input';
  if (code.startsWith('Http5')) return 'server';
  if (/^Http40[13]/.test(code)) return 'denied';
  return 'other';
}

/** Codes of the app itself, whose words are in the catalogues under `errors.own`; of some, its own text says the rest: a path, a reason. */
const OWN: Record<string, { detail: boolean }> = {
  HubNotOpen: { detail: true },
  Declined: { detail: false },
  ReadOnlyConnection: { detail: false },
  NoAccessKey: { detail: false },
  FileNotWritten: { detail: true },
  KeyringFailed: { detail: true },
  SecretsLocked: { detail: false },
  NotAsked: { detail: false },
  WrongPassphrase: { detail: false },
  ShortPassphrase: { detail: false },
  ConnectionFailed: { detail: true },
  ConnectionInterrupted: { detail: true },
  RequestTimeout: { detail: true },
  InvalidAnswer: { detail: true },
  CertificateChanged: { detail: false },
  NoConnectionKey: { detail: false },
  NoSuchConnection: { detail: false },
  NotOffered: { detail: false },
  RoleRefused: { detail: true },
  MfaRequired: { detail: false },
  NoCredentials: { detail: true },
  CredentialsUnavailable: { detail: true },
  WindowNotOpened: { detail: true },
  ListenerNotOpened: { detail: true },
};

/** An error in words: the catalogue's where the code is one of the app's own, otherwise those that came. `detail` is shown apart. */
export function wordsOf(failure: ApiFailure, maybe: (key: string, otherwise: string) => string): { text: string; detail?: string } {
  const came = failure.message || failure.code;
  // A status without a code of AWS's is somebody else's page: a proxy, or a server that has only some of the API.
  if (/^Http5(\d\d|xx)$/.test(failure.code)) return { text: maybe('errors.own.Http5xx', came), detail: came };
  const own = Object.hasOwn(OWN, failure.code) ? OWN[failure.code] : undefined;
  if (!own) return { text: came };
  const text = maybe(`errors.own.${failure.code}`, came);
  return own.detail && failure.message && text !== came ? { text, detail: failure.message } : { text };
}

/** The same on one line, for a message at the top. */
export function lineOf(error: unknown, maybe: (key: string, otherwise: string) => string): string {
  const { text, detail } = wordsOf(asFailure(error), maybe);
  return detail ? `${text} (${detail})` : text;
}

/** Trying again can help only when the request itself was fine. */
export function isTransient(code: string): boolean {
  return ['connection', 'throttled', 'server'].includes(adviceFor(code));
}
