/**
 * Takes secrets out of text that leaves the console: diagnostics are pasted into tickets and chats.
 *
 * What has the shape of a secret goes, also where it may be none: a hash that is missing from a report costs little.
 */
const GONE = '***';

const SHAPES: [RegExp, string][] = [
  [/-----BEGIN [A-Z ]*(?:KEY|CERTIFICATE)[A-Z ]*-----[\s\S]*?(?:-----END [A-Z ]+-----|$)/g, GONE],
  // Ids of access keys, of AWS and of hubs.
  [/\b(?:AKIA|ASIA|QDKA)[A-Z0-9]{8,}\b/g, GONE],
  [/\bAWS4-HMAC-SHA256\s[^\n"]*/g, `AWS4-HMAC-SHA256 ${GONE}`],
  [/\b(Bearer|Basic)\s+[\w.~+/=-]+/gi, `$1 ${GONE}`],
  // user:password@ of an address.
  [/(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@]+@/gi, `$1${GONE}@`],
  // name=value and "name": "value".
  [/((?:password|passphrase|passwd|secret|token|api[-_]?key|access[-_]?key(?:[-_]?id)?|activation[-_]?code|credential|signature|authorization|cookie)["']?\s*[:=]\s*)(?:"(?:[^"\\]|\\.)*"|'[^']*'|[^\s,;&"'}]+)/gi, `$1${GONE}`],
  [/([?&]X-Amz-[\w-]+=)[^&\s]+/gi, `$1${GONE}`],
  // As long and as mixed as a secret access key or a token.
  [/(?<![\w/+=-])(?=[\w/+-]*[A-Z])(?=[\w/+-]*[a-z])(?=[\w/+-]*\d)[\w/+-]{32,}={0,2}(?![\w/+=-])/g, GONE],
];

export function redact(text: string): string {
  return SHAPES.reduce((rest, [shape, instead]) => rest.replace(shape, instead), text);
}
