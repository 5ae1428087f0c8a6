/** Statuses from the wire, in words and colours. Unknown ones are shown as they came. */
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { useText } from '../i18n';
import { commandStatusType } from './commandStatus';

export function CommandStatus({ status, details }: { status?: string; details?: string }) {
  const { maybe } = useText();
  const shown = details || status || 'Pending';
  return <StatusIndicator type={commandStatusType(shown)}>{maybe(`status.command.${shown}`, shown)}</StatusIndicator>;
}

export function NodeStatus({ status }: { status?: string | null }) {
  const { maybe } = useText();
  const type = status === 'Online' ? 'success' : status === 'ConnectionLost' ? 'error' : 'stopped';
  const shown = status ?? 'Unknown';
  return <StatusIndicator type={type}>{maybe(`status.node.${shown}`, shown)}</StatusIndicator>;
}
