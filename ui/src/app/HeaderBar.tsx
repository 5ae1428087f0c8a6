/** The bar at the top: product, environment in its colour, the way to the palette, theme, whether events arrive. */
import Button from '@cloudscape-design/components/button';
import { useText } from '../i18n';
import { host } from '../host';
import { streamState } from '../api/live';
import { useStore } from '../lib/store';
import { useConnection } from './connection';
import { paletteOpen } from './Palette';
import { changePreferences, isDark, preferences } from './preferences';
import { isMac } from './keys';

function Environment() {
  const { t } = useText();
  const connection = useConnection();
  const state = useStore(streamState);
  if (!connection) return null;
  const name = connection.name || t(connection.embedded ? 'header.embedded' : 'header.remote');
  return (
    <span className="qd-environment" style={connection.colour ? { '--qd-environment': connection.colour } as React.CSSProperties : undefined}>
      <span className="qd-environment-dot" aria-hidden="true" />
      <span className="qd-environment-name">{name}</span>
      {connection.protected && <span className="qd-environment-mark">{t('header.protected')}</span>}
      {connection.readOnly && <span className="qd-environment-mark">{t('header.readOnly')}</span>}
      <span className={`qd-stream qd-stream-${state}`} role="status" title={t(`header.stream.${state}`)}>
        {state === 'open' ? t('header.live') : t('header.notLive')}
      </span>
    </span>
  );
}

export function HeaderBar() {
  const { t } = useText();
  const value = useStore(preferences);
  const dark = isDark(value);
  return (
    <header id="header" className="qd-header">
      <a className="qd-brand" href="#/" aria-label={t('header.home')}>
        <img src="./mark.svg" alt="" width="26" height="26" />
        <span>{'Quarterdeck'}</span>
      </a>
      <Environment />
      <button type="button" className="qd-search" onClick={() => paletteOpen.set(true)}>
        <span className="qd-search-text">{t('palette.open')}</span>
        <kbd>{isMac ? '⌘K' : 'Ctrl K'}</kbd>
      </button>
      <span className="qd-header-actions">
        <Button
          variant="icon"
          iconSvg={<ThemeIcon dark={dark} />}
          ariaLabel={t(dark ? 'header.toLight' : 'header.toDark')}
          onClick={() => void changePreferences({ theme: dark ? 'light' : 'dark' })}
        />
        {host.signIn && (
          <Button
            variant="inline-link"
            onClick={() => {
              host.signIn?.signOut();
              location.reload();
            }}
          >
            {t('header.signOut')}
          </Button>
        )}
      </span>
    </header>
  );
}

function ThemeIcon({ dark }: { dark: boolean }) {
  return (
    <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16" focusable="false">
      {dark ? (
        <>
          <circle cx="8" cy="8" r="3" />
          <path d="M8 1v2M8 13v2M1 8h2M13 8h2M3 3l1.4 1.4M11.6 11.6 13 13M3 13l1.4-1.4M11.6 4.4 13 3" />
        </>
      ) : (
        <path d="M13.5 9.8A6 6 0 0 1 6.2 2.5a6 6 0 1 0 7.3 7.3Z" />
      )}
    </svg>
  );
}
