/** From nodes to shells on them; where that cannot be, the button says why. */
import Button from '@cloudscape-design/components/button';
import { useOpen } from '../../app/router';
import { useBlocked } from '../../app/useBlocked';
import { host } from '../../host';
import { useText } from '../../i18n';
import { MOST_PANES } from './layout';

/** `nodes` asks for ids; `count` of them are meant. */
export function OpenTerminal({ count, nodes, cannot }: { count: number; nodes: () => Promise<string[]>; cannot?: string }) {
  const { t } = useText();
  const open = useOpen();
  const blocked = useBlocked();
  const reason = host.terminal ? (cannot ?? (count > MOST_PANES ? t('terminal.tooManyNodes', { count: MOST_PANES }) : blocked)) : t('terminal.inBrowser');
  return (
    <Button disabled={Boolean(reason)} disabledReason={reason} onClick={() => void nodes().then((ids) => open(`/terminal?nodes=${encodeURIComponent(JSON.stringify(ids))}`))}>
      {t('terminal.title')}
    </Button>
  );
}
