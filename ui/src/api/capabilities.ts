/** What a kind of endpoint cannot do, and why. Pages read this before anything is tried, and disable or explain what it names. */
import type { TextKey } from '../i18n';
import type { EndpointKind } from '../host';

export type Capability = 'wholeOutput' | 'ownAgent' | 'streamedEvents' | 'diagnosis' | 'rotateKey';

export const LACKING: Record<EndpointKind, Partial<Record<Capability, TextKey>>> = {
  embedded: {},
  hub: {},
  aws: { wholeOutput: 'capabilities.awsOutput', ownAgent: 'capabilities.awsInstall', streamedEvents: 'endpoint.polledHint', diagnosis: 'capabilities.awsDiagnosis', rotateKey: 'capabilities.awsRotate' },
};
