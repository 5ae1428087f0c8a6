/** The bar at the top: product, environment in its colour, the way to the palette, theme, whether events arrive. */
import type { ReactNode } from 'react';
import { Bell } from '../features/notifications/Bell';
import { useText } from '../i18n';
import { host } from '../host';
import { streamState } from '../api/live';
import { useStore } from '../lib/store';
import { useConnection } from './connection';
import { ConnectionSwitch } from './ConnectionSwitch';
import { paletteOpen } from './Palette';
import { changePreferences, isDark, preferences } from './preferences';
import { Glyph } from './glyphs';
import { isMac } from './keys';
import { shortcutsOpen } from './Shortcuts';
import { useLacking } from './useLacking';

function Environment() {
  const { t } = useText();
  const connection = useConnection();
  const state = useStore(streamState);
  const polled = useLacking('streamedEvents');
  if (!connection) return null;
  const name = connection.name || t(connection.embedded ? 'header.embedded' : 'header.remote');
  return (
    <span className="qd-environment">
      <span className="qd-environment-dot" aria-hidden="true" />
      <span className="qd-environment-name">{name}</span>
      <ConnectionSwitch name={name} />
      {connection.protected && <span className="qd-environment-mark">{t('header.protected')}</span>}
      {connection.readOnly && <span className="qd-environment-mark">{t('header.readOnly')}</span>}
      <span className={`qd-stream qd-stream-${state}`} role="status" title={polled && state === 'open' ? polled : t(`header.stream.${state}`)}>
        {state !== 'open' ? t('header.notLive') : polled ? t('endpoint.polled') : t('header.live')}
      </span>
    </span>
  );
}

export function HeaderBar() {
  const { t } = useText();
  const value = useStore(preferences);
  const dark = isDark(value);
  const colour = useConnection()?.colour;
  const theme = t(dark ? 'header.toLight' : 'header.toDark');
  return (
    <header id="header" className="qd-header" style={colour ? { '--qd-environment': colour } as React.CSSProperties : undefined}>
      <a className="qd-brand" href="#/" aria-label={t('header.home')}>
        <img src="./mark.svg" alt="" width="28" height="28" />
        <span>{'Quarterdeck'}</span>
      </a>
      <Environment />
      <button type="button" className="qd-search" onClick={() => paletteOpen.set(true)}>
        <Glyph>
          <circle cx="8.5" cy="8.5" r="5" />
          <path d="m12.5 12.5 4 4" />
        </Glyph>
        <span className="qd-search-text">{t('palette.open')}</span>
        <kbd>{isMac ? '⌘K' : 'Ctrl K'}</kbd>
      </button>
      <span className="qd-header-actions">
        <HeaderButton label={theme} keys="G T" onClick={() => void changePreferences({ theme: dark ? 'light' : 'dark' })}>
          {dark ? (
            <>
              <circle cx="10" cy="10" r="3.5" />
              <path d="M10 1.8v2.4M10 15.8v2.4M1.8 10h2.4M15.8 10h2.4M4.2 4.2l1.7 1.7M14.1 14.1l1.7 1.7M4.2 15.8l1.7-1.7M14.1 5.9l1.7-1.7" />
            </>
          ) : (
            <path d="M16.5 12.2A7 7 0 0 1 7.8 3.5a7 7 0 1 0 8.7 8.7Z" strokeLinejoin="round" />
          )}
        </HeaderButton>
        <Bell />
        <HeaderButton label={t('shortcuts.title')} keys="?" onClick={() => shortcutsOpen.set(true)}>
          <rect x="2" y="5" width="16" height="10.5" rx="2" />
          <path d="M5 8.2h.01M8.3 8.2h.01M11.6 8.2h.01M15 8.2h.01M6 12.2h8" />
        </HeaderButton>
        {host.signIn && (
          <button
            type="button"
            className="qd-header-text"
            onClick={() => {
              host.signIn?.signOut();
              location.reload();
            }}
          >
            {t('header.signOut')}
          </button>
        )}
      </span>
    </header>
  );
}

/** A sign in the bar, with its name and its keys in the tooltip. */
export function HeaderButton({ label, keys, onClick, children, ...rest }: { label: string; keys?: string; onClick: () => void; children: ReactNode } & Pick<React.AriaAttributes, 'aria-haspopup' | 'aria-expanded'>) {
  return (
    <button type="button" className="qd-header-button" aria-label={label} title={keys ? `${label} · ${keys}` : label} onClick={onClick} {...rest}>
      <Glyph>{children}</Glyph>
    </button>
  );
}
