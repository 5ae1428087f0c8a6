import { HeaderButton } from '../../app/HeaderBar';
import { useText } from '../../i18n';
import { useStore } from '../../lib/store';
import { centreOpen } from './NotificationCentre';
import { notices, unreadOf } from './notices';

const MOST_SHOWN = 99;

/** The way to the list, with how many of it nobody has looked at. */
export function Bell() {
  const { t, number } = useText();
  const unread = unreadOf(useStore(notices));
  const visible = useStore(centreOpen);
  const label = unread > 0 ? t('notifications.bell', { count: unread }) : t('notifications.title');
  return (
    <span className="qd-bell">
      <HeaderButton label={label} keys="G I" aria-haspopup="dialog" aria-expanded={visible} onClick={() => centreOpen.set(true)}>
        <path d="M5 14V9a5 5 0 0 1 10 0v5l1.2 1.5H3.8zM8.3 17.6a2 2 0 0 0 3.4 0" strokeLinejoin="round" />
      </HeaderButton>
      {unread > 0 && (
        <span className="qd-bell-count" aria-hidden="true">
          {unread > MOST_SHOWN ? `${number(MOST_SHOWN)}+` : number(unread)}
        </span>
      )}
      <span className="qd-heard" role="status">
        {unread > 0 ? label : ''}
      </span>
    </span>
  );
}
