import { useText } from '../i18n';
import { useConnection } from './connection';

/** Why nothing may be changed over this connection, for every button that would; undefined when it may. */
export function useBlocked(): string | undefined {
  const { t } = useText();
  return useConnection()?.readOnly ? t('run.readOnly') : undefined;
}
