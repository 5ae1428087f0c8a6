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

/**
 * A value that the CLI would take for something else (an option, or a place to read the value from), or a terminal into
 * which it is pasted (a tab completes, a line break may send).
 */
function isMistaken(value: string): boolean {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  return /^(?:-|(?:fileb?|https?):\/\/)|[\u0000-\u001f\u007f-\u009f\u2028\u2029]/i.test(value);
}

/** JSON without a control character, the last ones included that JSON itself lets through. */
function json(value: unknown): string {
  return JSON.stringify(value).replace(/[\u007f-\u009f\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/**
 * Structures go as JSON: the CLI's shorthand has quoting rules of its own. So do texts that it would mistake, all in one
 * `--cli-input-json`, whose contents it takes as they are.
 */
export function awsCli(input: SendCommandInput, place: CliPlace, shell: Shell): string {
  const quote = shell === 'posix' ? quotePosix : quotePowerShell;
  const parts: [string, ...string[]][] = [];
  const asJson: Partial<SendCommandInput> = {};
  const text = (name: 'DocumentName' | 'DocumentVersion' | 'DocumentHash' | 'DocumentHashType' | 'Comment' | 'MaxConcurrency' | 'MaxErrors' | 'ServiceRoleArn' | 'OutputS3Region' | 'OutputS3BucketName' | 'OutputS3KeyPrefix', option: string) => {
    const value = input[name];
    if (!value) return;
    if (isMistaken(value)) Object.assign(asJson, { [name]: value });
    else parts.push([option, value]);
  };
  text('DocumentName', '--document-name');
  text('DocumentVersion', '--document-version');
  text('DocumentHash', '--document-hash');
  text('DocumentHashType', '--document-hash-type');
  if (input.InstanceIds?.length) parts.push(['--instance-ids', ...input.InstanceIds]);
  if (input.Targets?.length) parts.push(['--targets', json(input.Targets)]);
  if (input.Parameters && Object.keys(input.Parameters).length > 0) parts.push(['--parameters', json(input.Parameters)]);
  text('Comment', '--comment');
  if (input.TimeoutSeconds) parts.push(['--timeout-seconds', String(input.TimeoutSeconds)]);
  text('MaxConcurrency', '--max-concurrency');
  text('MaxErrors', '--max-errors');
  text('ServiceRoleArn', '--service-role-arn');
  if (input.NotificationConfig) parts.push(['--notification-config', json(input.NotificationConfig)]);
  if (input.CloudWatchOutputConfig) parts.push(['--cloud-watch-output-config', json(input.CloudWatchOutputConfig)]);
  if (input.AlarmConfiguration) parts.push(['--alarm-configuration', json(input.AlarmConfiguration)]);
  text('OutputS3Region', '--output-s3-region');
  text('OutputS3BucketName', '--output-s3-bucket-name');
  text('OutputS3KeyPrefix', '--output-s3-key-prefix');
  if (Object.keys(asJson).length > 0) parts.push(['--cli-input-json', json(asJson)]);
  if (place.region) parts.push(['--region', place.region]);
  if (place.endpoint) parts.push(['--endpoint-url', place.endpoint]);
  const lines = parts.map(([option, ...values]) => [option, ...values.map((value) => quote(value))].join(' '));
  const line = ['aws ssm send-command', ...lines].join(shell === 'posix' ? ' \\\n  ' : ' `\n  ');
  if (!place.caFile) return line;
  return shell === 'posix' ? `AWS_CA_BUNDLE=${quote(place.caFile)} ${line}` : `$env:AWS_CA_BUNDLE = ${quote(place.caFile)}\n${line}`;
}
