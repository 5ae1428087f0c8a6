/** A command as a line for the AWS CLI, to paste into a terminal or keep in a runbook. */
import type { SendCommandInput } from '../../api/operations';
import { quotePosix, quotePowerShell } from '../../lib/shellQuote';

export type Shell = 'posix' | 'powershell';

export interface CliPlace {
  region?: string;
  /** Absent for AWS itself. */
  endpoint?: string;
  /** Certificate authority of the endpoint, when it is a file of this machine. */
  caFile?: string;
}

/** Structures go as JSON: the CLI's shorthand has quoting rules of its own. */
export function awsCli(input: SendCommandInput, place: CliPlace, shell: Shell): string {
  const quote = shell === 'posix' ? quotePosix : quotePowerShell;
  const parts: [string, ...string[]][] = [['--document-name', input.DocumentName]];
  if (input.DocumentVersion) parts.push(['--document-version', input.DocumentVersion]);
  if (input.InstanceIds?.length) parts.push(['--instance-ids', ...input.InstanceIds]);
  if (input.Targets?.length) parts.push(['--targets', JSON.stringify(input.Targets)]);
  if (input.Parameters && Object.keys(input.Parameters).length > 0) parts.push(['--parameters', JSON.stringify(input.Parameters)]);
  if (input.Comment) parts.push(['--comment', input.Comment]);
  if (input.TimeoutSeconds) parts.push(['--timeout-seconds', String(input.TimeoutSeconds)]);
  if (input.MaxConcurrency) parts.push(['--max-concurrency', input.MaxConcurrency]);
  if (input.MaxErrors) parts.push(['--max-errors', input.MaxErrors]);
  if (input.ServiceRoleArn) parts.push(['--service-role-arn', input.ServiceRoleArn]);
  if (input.NotificationConfig) parts.push(['--notification-config', JSON.stringify(input.NotificationConfig)]);
  if (input.CloudWatchOutputConfig) parts.push(['--cloud-watch-output-config', JSON.stringify(input.CloudWatchOutputConfig)]);
  if (input.AlarmConfiguration) parts.push(['--alarm-configuration', JSON.stringify(input.AlarmConfiguration)]);
  if (input.OutputS3Region) parts.push(['--output-s3-region', input.OutputS3Region]);
  if (input.OutputS3BucketName) parts.push(['--output-s3-bucket-name', input.OutputS3BucketName]);
  if (input.OutputS3KeyPrefix) parts.push(['--output-s3-key-prefix', input.OutputS3KeyPrefix]);
  if (place.region) parts.push(['--region', place.region]);
  if (place.endpoint) parts.push(['--endpoint-url', place.endpoint]);
  const lines = parts.map(([option, ...values]) => [option, ...values.map((value) => quote(value))].join(' '));
  const line = ['aws ssm send-command', ...lines].join(shell === 'posix' ? ' \\\n  ' : ' `\n  ');
  if (!place.caFile) return line;
  return shell === 'posix' ? `AWS_CA_BUNDLE=${quote(place.caFile)} ${line}` : `$env:AWS_CA_BUNDLE = ${quote(place.caFile)}\n${line}`;
}
