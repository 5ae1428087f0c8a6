/** Which environment this window works on, in its colour; a click shows the others. */
import ButtonDropdown from '@cloudscape-design/components/button-dropdown';
import { useEffect } from 'react';
import { lineOf } from '../api/errors';
import { useConnections } from '../features/connections/useConnections';
import { host, type ListedConnection } from '../host';
import { useText } from '../i18n';
import { registerActions } from './actions';
import { useConnection } from './connection';
import { flash } from './flash';
import { useOpen } from './router';

const MANAGE = 'manage';
const NONE: ListedConnection[] = [];

export function ConnectionSwitch({ name }: { name: string }) {
  const { t, maybe } = useText();
  const open = useOpen();
  const here = useConnection()?.id;
  const { connections = NONE } = useConnections();
  useEffect(() => {
    const others = connections.filter((one) => one.id !== here);
    return registerActions(
      ...others.map((one) => ({
        id: `connection:${one.id}`,
        text: 'palette.switchTo' as const,
        values: { name: one.kind === 'embedded' && !one.name ? t('header.embedded') : one.name },
        also: `${one.url} connection hub 연결 허브`,
        run: () => void host.connections?.switchTo(one.id),
      })),
    );
  }, [connections, here, t]);
  if (!host.connections) return null;
  const choose = (id: string) => {
    if (id === MANAGE) return open('/connections');
    if (id === here) return undefined;
    host.connections?.switchTo(id).catch((error: unknown) => {
      flash({ type: 'error', text: 'errors.flash', values: { what: t('connections.actionFailed'), message: lineOf(error, maybe) } });
    });
  };
  return (
    <ButtonDropdown
      variant="inline-icon"
      expandToViewport
      ariaLabel={t('connections.menu', { name })}
      items={[
        ...connections.map((one) => ({
          id: one.id,
          itemType: 'checkbox' as const,
          checked: one.id === here,
          text: one.kind === 'embedded' && !one.name ? t('header.embedded') : one.name,
          secondaryText: one.url || (one.kind === 'aws' ? one.region : undefined),
          labelTag: one.mark === 'open' ? undefined : t(`connections.mark.${one.mark}`),
        })),
        { id: MANAGE, text: t('connections.manage'), iconName: 'settings' },
      ]}
      onItemClick={({ detail }) => choose(detail.id)}
    />
  );
}
