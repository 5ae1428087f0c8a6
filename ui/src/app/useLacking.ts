import { type Capability, LACKING } from '../api/capabilities';
import { useText } from '../i18n';
import { useConnection } from './connection';

/** Why this endpoint cannot do that; undefined when it can. */
export function useLacking(capability: Capability): string | undefined {
  const { t } = useText();
  const key = LACKING[useConnection()?.kind ?? 'embedded'][capability];
  return key && t(key);
}
