/** Statuses from the wire, in words and colours. Unknown ones are shown as they came. */
import StatusIndicator, { type StatusIndicatorProps } from '@cloudscape-design/components/status-indicator';
import { useText } from '../i18n';

const COMMAND: Record<string, StatusIndicatorProps.Type> = {
  Pending: 'pending',
  InProgress: 'in-progress',
  Delayed: 'pending',
  Success: 'success',
  Cancelling: 'in-progress',
  Cancelled: 'stopped',
  Terminated: 'stopped',
  NoInstancesInTag: 'warning',
  Incomplete: 'warning',
};

export function commandStatusType(details: string | undefined): StatusIndicatorProps.Type {
  return COMMAND[details ?? ''] ?? (details ? 'error' : 'pending');
}

export function isRunning(status: string | undefined): boolean {
  return ['Pending', 'InProgress', 'Delayed', 'Cancelling'].includes(status ?? '');
}

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
