/** From an error code to what a person can do about it. The texts are in the catalogues under `errors.advice`. */
import { ApiFailure } from '../host/host';

export type Advice = 'connection' | 'signIn' | 'clock' | 'denied' | 'throttled' | 'missing' | 'input' | 'unavailable' | 'server' | 'readOnly' | 'notOpen' | 'declined' | 'other';

const BY_CODE: Record<string, Advice> = {
  ConnectionFailed: 'connection',
  NotConnected: 'connection',
  HubNotOpen: 'notOpen',
  Declined: 'declined',
  MissingAuthenticationTokenException: 'signIn',
  UnrecognizedClientException: 'signIn',
  ExpiredTokenException: 'signIn',
  IncompleteSignature: 'signIn',
  InvalidSignatureException: 'clock',
  RequestExpired: 'clock',
  AccessDeniedException: 'denied',
  AccessDenied: 'denied',
  ThrottlingException: 'throttled',
  ReadOnlyEndpoint: 'readOnly',
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

/** Trying again can help only when the request itself was fine. */
export function isTransient(code: string): boolean {
  return ['connection', 'throttled', 'server'].includes(adviceFor(code));
}
