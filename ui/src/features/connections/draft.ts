/** A connection while it is written: what is missing, what the test has said, and when it may be kept. */
import type { Checked, CheckStep, Connection, NewKey } from '../../host';
import type { TextKey } from '../../i18n';

export const EMPTY: Connection = {
  id: '', kind: 'hub', name: '', url: '', region: 'local-1', access: 'key', profile: '', roleArn: '', externalId: '', mfaSerial: '', pin: '', account: '', colour: '', mark: 'open',
};

export const COLOURS = ['', '#c0392b', '#b9770e', '#1e8449', '#1f6fb2', '#7d3c98', '#5d6d7e'] as const;

export interface KeyFields {
  id: string;
  secret: string;
  token: string;
}

/** The key that was typed, if one was; surrounding spaces come with copying. */
export function typedKey(fields: KeyFields): NewKey | undefined {
  const [accessKeyId, secretAccessKey, sessionToken] = [fields.id.trim(), fields.secret.trim(), fields.token.trim()];
  if (!accessKeyId && !secretAccessKey) return undefined;
  return { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) };
}

const REGION = /^[A-Za-z0-9-]{1,100}$/;

/** Whether an address is one the app takes: https, or http to this machine itself; no path, no user. */
export function isAddress(text: string): boolean {
  let url: URL;
  try {
    url = new URL(text.trim());
  } catch {
    return false;
  }
  const bare = url.pathname === '/' && !url.search && !url.hash && !url.username && !url.password;
  const local = /^(localhost|.*\.localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
  return bare && (url.protocol === 'https:' || (url.protocol === 'http:' && local));
}

/** What is wrong with what was written in a field. */
export function problems(draft: Connection): { url?: TextKey; region?: TextKey; roleArn?: TextKey } {
  return {
    ...(draft.url.trim() && !isAddress(draft.url) && { url: 'connection.problem.url' as const }),
    ...(draft.region && !REGION.test(draft.region) && { region: 'connection.problem.region' as const }),
    ...(draft.roleArn && !draft.roleArn.startsWith('arn:') && { roleArn: 'connection.problem.roleArn' as const }),
  };
}

/** Why it cannot be tried yet. */
export function missing(draft: Connection, key: NewKey | undefined): TextKey | undefined {
  const wrong = problems(draft);
  if (draft.kind === 'hub' && !draft.url.trim()) return 'connection.needs.url';
  if (!draft.region) return 'connection.needs.region';
  if (draft.access === 'key' && (key ? !key.accessKeyId || !key.secretAccessKey : !draft.id)) return 'connection.needs.key';
  return wrong.url ?? wrong.region ?? wrong.roleArn;
}

/** Why it cannot be kept yet: beside what keeps it from being tried, a server that nobody vouches for has to be trusted by the person. */
export function notKept(draft: Connection, key: NewKey | undefined, checked: Checked | undefined): TextKey | undefined {
  if (!draft.name.trim()) return 'connection.needs.name';
  const needed = missing(draft, key);
  if (needed) return needed;
  const overTls = draft.url.trim().startsWith('https:');
  const vouched = draft.pin !== '' || checked?.trusted === true;
  return overTls && !draft.id && !vouched ? 'connection.needs.trust' : undefined;
}

/** The fingerprint that is to be compared, when the test met a certificate that nobody vouches for. */
export function toCompare(checked: Checked | undefined): string | undefined {
  const unknown = checked?.steps.some((step) => step.step === 'tls' && step.code === 'unknown');
  return unknown ? (checked?.fingerprint ?? undefined) : undefined;
}

/** In groups of four digits, so that people can compare it. */
export function grouped(fingerprint: string): string {
  return fingerprint.toUpperCase().match(/.{1,4}/g)?.join(' ') ?? '';
}

/** The text of a step, by its code; codes without a text of their own are said as they came. */
export function saidKey(step: CheckStep, has: (key: string) => boolean): string {
  const key = `connection.said.${step.code}`;
  return has(key) ? key : 'connection.said.other';
}
