/** What a command's status means for how it is shown. */
import type { StatusIndicatorProps } from '@cloudscape-design/components/status-indicator';
import type { Command } from '../api/operations';

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

/** How the bar of a command looks; what neither succeeded nor failed has no bar of either colour. */
export function progressType(command: Pick<Command, 'Status' | 'StatusDetails' | 'ErrorCount'>): StatusIndicatorProps.Type {
  if (isRunning(command.Status)) return 'in-progress';
  const type = commandStatusType(command.StatusDetails || command.Status);
  return type === 'success' && (command.ErrorCount ?? 0) > 0 ? 'error' : type;
}
