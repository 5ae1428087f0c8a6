/** The list behind the bell: what ended, failed or went away, newest first. */
import Button from '@cloudscape-design/components/button';
import StatusIndicator, { type StatusIndicatorProps } from '@cloudscape-design/components/status-indicator';
import { type ReactNode, useEffect, useId, useRef, useState } from 'react';
import { registerActions } from '../../app/actions';
import { useConnection } from '../../app/connection';
import { flash } from '../../app/flash';
import { useOpen } from '../../app/router';
import { Empty } from '../../components/Empty';
import { When } from '../../components/When';
import { type TextKey, type Translate, useText } from '../../i18n';
import { createStore, useStore } from '../../lib/store';
import { catchUp, followNotices } from './follow';
import { clearNotices, loadNotices, markRead, type Notice, notices, pathOf, restoreNotices, unreadOf } from './notices';

export const centreOpen = createStore(false);

registerActions(
  { id: 'notifications', text: 'notifications.title', keys: 'G I', also: 'inbox bell alerts 알림 종', run: () => centreOpen.set((now) => !now) },
  { id: 'notifications.read', text: 'notifications.markRead', also: 'unread 읽음', blocked: () => (unreadOf(notices.get()) === 0 ? 'notifications.noneUnread' : undefined), run: () => void markRead() },
);

/** Keeps the list while the console is open. */
export function useNotices(): void {
  const connection = useConnection();
  const name = connection?.name ?? '';
  const known = connection !== undefined && connection.failed === undefined && connection.endpoint !== '';
  const current = useRef(name);
  useEffect(() => {
    current.current = name;
  }, [name]);
  useEffect(() => {
    void loadNotices();
    return followNotices(() => current.current);
  }, []);
  useEffect(() => {
    // Only a convenience: the history of commands has them all.
    if (known) void loadNotices().then(() => catchUp(name)).catch(() => undefined);
  }, [known, name]);
}

const LOOK: Record<Notice['outcome'], { type: StatusIndicatorProps.Type; text: TextKey }> = {
  ended: { type: 'success', text: 'notifications.ended' },
  failed: { type: 'error', text: 'notifications.failed' },
  lost: { type: 'error', text: 'notifications.lost' },
  back: { type: 'success', text: 'notifications.back' },
  new: { type: 'info', text: 'notifications.new' },
  removed: { type: 'stopped', text: 'notifications.removed' },
};

function detailOf(notice: Notice, t: Translate, maybe: (key: string, otherwise: string) => string): string {
  const parts: string[] = [];
  if (notice.about === 'commands') {
    if (notice.comment) parts.push(notice.name);
    if (notice.outcome === 'failed' && notice.status) parts.push(maybe(`status.command.${notice.status}`, notice.status));
    if ((notice.nodes ?? 0) > 1) parts.push(notice.failed ? t('notifications.failedOf', { count: notice.nodes, failed: notice.failed }) : t('notifications.onNodes', { count: notice.nodes }));
  } else if (notice.name !== notice.subject) parts.push(notice.subject);
  if (notice.connection) parts.push(notice.connection);
  return parts.join(' · ');
}

type Shown = 'all' | 'unread' | 'failed';

export function NotificationCentre() {
  const { t } = useText();
  const visible = useStore(centreOpen);
  const dialog = useRef<HTMLDialogElement>(null);
  const title = useId();
  const close = () => centreOpen.set(false);
  useNotices();
  useEffect(() => {
    const element = dialog.current;
    if (visible && element && !element.open) element.showModal();
    if (!visible && element?.open) element.close();
  }, [visible]);
  return (
    // oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-noninteractive-element-interactions -- Escape closes it
    <dialog
      ref={dialog}
      className="qd-centre"
      aria-labelledby={title}
      onClose={close}
      onClick={(event) => {
        if (event.target === dialog.current) close();
      }}
    >
      {visible && (
        <div className="qd-centre-body">
          <div className="qd-centre-head">
            <h2 id={title}>{t('notifications.title')}</h2>
            <Button variant="icon" iconName="close" ariaLabel={t('common.close')} onClick={close} />
          </div>
          <List close={close} />
        </div>
      )}
    </dialog>
  );
}

function List({ close }: { close: () => void }) {
  const { t } = useText();
  const open = useOpen();
  const [shown, setShown] = useState<Shown>('all');
  const all = useStore(notices).filter((notice) => !notice.gone);
  const unread = unreadOf(all);
  const list = all.filter((notice) => shown === 'all' || (shown === 'unread' ? !notice.read : ['failed', 'lost'].includes(notice.outcome)));
  const clear = () => {
    const ids = new Set(list.map((notice) => notice.id));
    void clearNotices(ids).then(() => flash({ type: 'success', text: 'notifications.cleared', values: { count: ids.size }, undo: { run: () => restoreNotices(ids), failed: 'notifications.notRestored' } }));
    close();
  };
  const go = (path: string) => {
    close();
    open(path);
  };
  return (
    <>
      <div className="qd-centre-bar" role="group" aria-label={t('notifications.show')}>
        {(['all', 'unread', 'failed'] as const).map((one) => (
          <button key={one} type="button" className="qd-chip" aria-pressed={shown === one} onClick={() => setShown(one)}>
            {t(`notifications.only.${one}`)}
          </button>
        ))}
      </div>
      {list.length === 0 ? (
        <div className="qd-centre-none">
          <Empty title={t('notifications.none')} hint={t('notifications.noneHint')} />
        </div>
      ) : (
        <ul className="qd-notices">
          {list.map((notice) => (
            <Row key={notice.id} notice={notice} go={go} />
          ))}
        </ul>
      )}
      <div className="qd-centre-foot">
        <Button disabled={unread === 0} disabledReason={t('notifications.noneUnread')} onClick={() => void markRead()}>
          {t('notifications.markRead')}
        </Button>
        <Button disabled={list.length === 0} disabledReason={t('notifications.none')} onClick={clear}>
          {t('notifications.clear')}
        </Button>
        <Button variant="link" onClick={() => go('/settings?section=notifications')}>
          {t('notifications.rules')}
        </Button>
      </div>
    </>
  );
}

function Row({ notice, go }: { notice: Notice; go: (path: string) => void }) {
  const { t, maybe } = useText();
  const { type, text } = LOOK[notice.outcome];
  const detail = detailOf(notice, t, maybe);
  const follow = () => {
    void markRead(new Set([notice.id]));
    go(pathOf(notice));
  };
  const lines: ReactNode = (
    <>
      <span className="qd-notice-head">
        <StatusIndicator type={type}>{t(text)}</StatusIndicator>
        <span className="qd-notice-when">
          <When at={notice.at / 1000} />
        </span>
      </span>
      <span className="qd-notice-name">{notice.comment || notice.name}</span>
      {detail && <span className="qd-notice-detail">{detail}</span>}
    </>
  );
  return (
    <li className="qd-notice" data-read={notice.read}>
      <button type="button" onClick={follow}>
        {!notice.read && <span className="qd-heard">{t('notifications.unread')}</span>}
        {lines}
      </button>
    </li>
  );
}
