/** A report of this console for whoever helps: versions, how it stands, what went wrong. No secrets; what an error names stays, or it says nothing. */
import { streamState } from '../api/live';
import { type ConnectionInfo, host } from '../host';
import { redact } from '../lib/redact';
import { type Incident, incidents } from './incidents';
import { preferences } from './preferences';

function told(incident: Incident): string {
  const head = `${new Date(incident.at).toISOString()} ${incident.kind} at ${incident.where}${incident.times > 1 ? ` (${incident.times} times)` : ''}: ${incident.message}`;
  return incident.stack ? `${head}\n${incident.stack.replace(/^/gm, '    ')}` : head;
}

/** In English whatever the console speaks: it is read by whoever helps. */
export async function diagnostics(): Promise<string> {
  const connection: Partial<ConnectionInfo> = await host.info().catch(() => ({}));
  const { language, theme, density, notifications, quietHours, notifyRules, timeZone } = preferences.get();
  const facts: [string, unknown][] = [
    ['time', new Date().toISOString()],
    ['console', `${connection.version || 'unknown'} (${host.kind})`],
    ['page', location.hash.slice(1).split('?')[0] || '/'],
    ['browser', navigator.userAgent],
    ['window', `${window.innerWidth}x${window.innerHeight} at ${window.devicePixelRatio}`],
    ['languages', navigator.languages.join(', ')],
    ['time zone', `${Intl.DateTimeFormat().resolvedOptions().timeZone}, shown in ${timeZone}`],
    ['connection', connection.embedded ? 'the hub inside the app' : 'a hub elsewhere'],
    ['marks', `${connection.protected ? 'protected ' : ''}${connection.readOnly ? 'read-only' : ''}`.trim() || 'none'],
    ['hub failed', connection.failed ?? 'no'],
    ['this machine', connection.thisMachine ? `${connection.thisMachine.state} ${connection.thisMachine.reason ?? ''}`.trim() : 'not told'],
    ['access keys', connection.secrets ? `${connection.secrets.state} ${connection.secrets.reason ?? ''} ${connection.secrets.notKept ?? ''}`.trim() : 'not told'],
    ['events', streamState.get()],
    ['choices', `language ${language}, theme ${theme}, density ${density}, notifications ${notifications}, quiet hours ${quietHours ? 'on' : 'off'}, rules ${notifyRules.length}`],
  ];
  const list = incidents.get();
  const report = [
    'Quarterdeck diagnostics (secrets removed)',
    ...facts.map(([name, value]) => `${name}: ${String(value)}`),
    '',
    list.length === 0 ? 'Nothing went wrong that the console knows of.' : `What went wrong, newest first (${list.length}):`,
    ...list.map(told),
  ].join('\n');
  return redact(report);
}
