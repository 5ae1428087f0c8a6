/** What is around every page: header with the environment, navigation, messages, palette and shortcuts. */
import Alert from '@cloudscape-design/components/alert';
import AppLayout from '@cloudscape-design/components/app-layout';
import BreadcrumbGroup from '@cloudscape-design/components/breadcrumb-group';
import Button from '@cloudscape-design/components/button';
import ErrorBoundary from '@cloudscape-design/components/error-boundary';
import Flashbar from '@cloudscape-design/components/flashbar';
import { useQueryClient } from '@tanstack/react-query';
import { Outlet, useRouterState } from '@tanstack/react-router';
import { Suspense, useEffect, useState } from 'react';
import { followEvents } from '../api/live';
import { Failure } from '../components/Failure';
import { Loading } from '../components/Loading';
import { NotificationCentre } from '../features/notifications/NotificationCentre';
import { lineOf } from '../api/errors';
import { ApiFailure, host } from '../host';
import { useText } from '../i18n';
import { useStore } from '../lib/store';
import { useConnection } from './connection';
import { dismiss, type Flash, flash, flashes } from './flash';
import { EndpointState } from './EndpointState';
import { HeaderBar } from './HeaderBar';
import { noteIncident } from './incidents';
import { Navigation } from './Navigation';
import { crumbs, focusHeading } from './page';
import { Palette } from './Palette';
import { href, useFollow, useOpen } from './router';
import { SecretsDialog } from './SecretsDialog';
import { Shortcuts } from './Shortcuts';

function MessageAction({ message, open }: { message: Flash; open: (path: string) => void }) {
  const { t, maybe } = useText();
  const { link, undo } = message;
  const takeBack = () => {
    // Gone at once, so that it cannot be taken back twice.
    dismiss(message.id);
    undo?.run().then(
      () => flash({ type: 'info', text: 'common.undone' }),
      (error: unknown) => flash({ type: 'error', text: 'errors.flash', values: { what: t(undo.failed), message: lineOf(error, maybe) } }),
    );
  };
  if (undo) return <Button onClick={takeBack}>{t('common.undo')}</Button>;
  return link ? <Button onClick={() => open(link.to)}>{t(link.text)}</Button> : null;
}

function Messages() {
  const { t } = useText();
  const open = useOpen();
  const items = useStore(flashes).map((message) => ({
    id: String(message.id),
    type: message.type,
    content: t(message.text, message.values),
    dismissible: true,
    dismissLabel: t('common.close'),
    onDismiss: () => dismiss(message.id),
    action: message.link || message.undo ? <MessageAction message={message} open={open} /> : undefined,
  }));
  return <Flashbar items={items} />;
}

function Breadcrumbs() {
  const { t } = useText();
  const follow = useFollow();
  const trail = useStore(crumbs);
  return <BreadcrumbGroup items={[{ text: t('nav.home'), href: href('/') }, ...trail]} onFollow={follow} />;
}

const ENROLMENT = {
  unavailable: { type: 'warning', header: 'errors.machineUnavailable', action: 'errors.machineTryAgain' },
  retrying: { type: 'warning', header: 'errors.machineRetrying', action: 'errors.machineTryAgain' },
  removed: { type: 'info', header: 'errors.machineRemoved', action: 'errors.machineEnrolAgain' },
} as const;

/** This machine is no node of the hub inside the app: why, and the way back. */
function Enrolment({ machine }: { machine: { state: string; reason?: string } }) {
  const { t, maybe } = useText();
  const client = useQueryClient();
  const [busy, setBusy] = useState(false);
  const { type, header, action } = ENROLMENT[machine.state as keyof typeof ENROLMENT];
  const enrol = async () => {
    setBusy(true);
    try {
      await host.enrolThisMachine?.();
    } catch (error) {
      flash({ type: 'error', text: 'errors.flash', values: { what: t('errors.machineUnavailable'), message: lineOf(error, maybe) } });
    } finally {
      setBusy(false);
      void client.invalidateQueries({ queryKey: ['connection'] });
    }
  };
  return (
    <Alert
      type={type}
      header={t(header)}
      action={
        host.enrolThisMachine && (
          <Button loading={busy} onClick={() => void enrol()}>
            {t(action)}
          </Button>
        )
      }
    >
      {machine.reason}
    </Alert>
  );
}

/** Above every page, when the hub inside the app is not there or this machine could not become its node. */
function HubState() {
  const { t } = useText();
  const connection = useConnection();
  const machine = connection?.thisMachine;
  if (connection?.failed !== undefined) return <Failure error={new ApiFailure('HubNotOpen', connection.failed)} what={t('errors.hubFailed')} />;
  if (machine?.state === 'unavailable' || machine?.state === 'retrying' || machine?.state === 'removed') return <Enrolment machine={machine} />;
  if (machine?.state === 'restarting' && machine.reason) {
    return (
      <Alert type="warning" header={t('errors.machineRestarting')}>
        {machine.reason}
      </Alert>
    );
  }
  return machine?.state === 'registering' ? <Alert type="info">{t('errors.machineRegistering')}</Alert> : null;
}

export function Shell() {
  const { t } = useText();
  const client = useQueryClient();
  const open = useOpen();
  const pathname = useRouterState({ select: (state) => state.location.pathname });
  // The page that is drawn, not the one being gone to: by that, the page that is left would be built anew just before it goes.
  const shown = useRouterState({ select: (state) => state.matches.at(-1)?.id ?? '' });
  useEffect(() => followEvents(client), [client]);
  useEffect(() => host.onNavigate(open), [open]);
  const address = useRouterState({ select: (state) => state.location.href });
  useEffect(() => host.navigated(address), [address]);
  useEffect(() => {
    window.scrollTo(0, 0);
  }, [shown]);
  return (
    <>
      <a
        className="qd-skip"
        href={href(pathname)}
        onClick={(event) => {
          event.preventDefault();
          focusHeading();
        }}
      >
        {t('nav.skip')}
      </a>
      <HeaderBar />
      <div className="qd-frame">
        <Navigation pathname={pathname} />
        <div className="qd-deck">
          <AppLayout
            headerSelector="#header"
            toolsHide
            navigationHide
            breadcrumbs={<Breadcrumbs />}
            notifications={<Messages />}
            stickyNotifications
            content={
              <ErrorBoundary key={shown} onError={({ error }) => noteIncident('page', error)}>
                <Suspense fallback={<Loading />}>
                  <EndpointState />
                  <HubState />
                  <Outlet />
                </Suspense>
              </ErrorBoundary>
            }
            ariaLabels={{ notifications: t('nav.messages') }}
          />
        </div>
      </div>
      <Palette />
      <NotificationCentre />
      <Shortcuts />
      <SecretsDialog />
    </>
  );
}
