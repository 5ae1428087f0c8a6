/**
 * What may stand in a Command document, for completion: keys, plugins and their inputs. Whether a document is right is the
 * hub's to say; this only knows words. `schema.test.ts` holds the plugins against the hub's table and the agent's.
 * Source: ssm documents, schema features and plugin reference (agent-protocol 6.4).
 */
export interface PluginWords {
  name: string;
  /** quarterdeck-agent runs it itself; the others run on nodes with the amazon-ssm-agent. */
  ours: boolean;
  inputs: string[];
}

const SCRIPT = ['runCommand', 'timeoutSeconds', 'workingDirectory'];
const AGENT = ['agentName', 'allowDowngrade', 'source', 'targetVersion'];

export const PLUGINS: PluginWords[] = [
  { name: 'aws:runShellScript', ours: true, inputs: SCRIPT },
  { name: 'aws:runPowerShellScript', ours: true, inputs: SCRIPT },
  { name: 'aws:downloadContent', ours: true, inputs: ['sourceType', 'sourceInfo', 'destinationPath'] },
  { name: 'aws:runDocument', ours: true, inputs: ['documentType', 'documentPath', 'documentParameters'] },
  { name: 'aws:refreshAssociation', ours: true, inputs: ['associationIds'] },
  { name: 'aws:applications', ours: false, inputs: ['action', 'parameters', 'source', 'sourceHash'] },
  { name: 'aws:cloudWatch', ours: false, inputs: ['startType', 'properties'] },
  { name: 'aws:configureDaemon', ours: false, inputs: ['name', 'action', 'command'] },
  { name: 'aws:configureDocker', ours: false, inputs: ['action'] },
  { name: 'aws:configurePackage', ours: false, inputs: ['name', 'version', 'action', 'installationType', 'additionalArguments'] },
  { name: 'aws:domainJoin', ours: false, inputs: ['directoryId', 'directoryName', 'directoryOU', 'dnsIpAddresses', 'hostname'] },
  { name: 'aws:psModule', ours: false, inputs: [...SCRIPT, 'source', 'sourceHash'] },
  { name: 'aws:runDockerAction', ours: false, inputs: ['action', 'container', 'image', 'cmd', 'memory', 'cpuShares', 'volume', 'env', 'user', 'publish', 'workingDirectory', 'timeoutSeconds'] },
  {
    name: 'aws:softwareInventory',
    ours: false,
    inputs: ['applications', 'awsComponents', 'files', 'networkConfig', 'windowsUpdates', 'instanceDetailedInformation', 'services', 'windowsRegistry', 'windowsRoles', 'customInventory'],
  },
  { name: 'aws:updateAgent', ours: false, inputs: AGENT },
  { name: 'aws:updateSsmAgent', ours: false, inputs: AGENT },
];

/** Inputs that any step may have: what happens after it. */
export const FLOW_INPUTS = ['onFailure', 'onSuccess', 'finallyStep'];
export const SCHEMA_VERSIONS = ['2.2', '2.0', '1.2'];
export const TOP_KEYS = ['schemaVersion', 'description', 'parameters', 'mainSteps'];
export const OLD_TOP_KEYS = ['schemaVersion', 'description', 'parameters', 'runtimeConfig'];
export const STEP_KEYS = ['action', 'name', 'inputs', 'precondition'];
export const PARAMETER_KEYS = ['type', 'description', 'default', 'allowedValues', 'allowedPattern', 'displayType', 'minItems', 'maxItems', 'minChars', 'maxChars', 'interpolationType'];
export const PARAMETER_TYPES = ['String', 'StringList', 'Integer', 'Boolean', 'StringMap', 'MapList'];

/** Values of a key, by the key. */
export const VALUES: Record<string, string[]> = {
  schemaVersion: SCHEMA_VERSIONS,
  type: PARAMETER_TYPES,
  displayType: ['textfield', 'textarea'],
  interpolationType: ['ENV_VAR'],
  onFailure: ['exit', 'successAndExit'],
  onSuccess: ['exit'],
  finallyStep: ['true'],
  sourceType: ['GitHub', 'Git', 'HTTP', 'S3', 'SSMDocument'],
  documentType: ['LocalPath', 'SSMDocument'],
};
