/** The rail with every page. Folded, it keeps the signs; names and keys are in the tooltips. */
import Icon from '@cloudscape-design/components/icon';
import { type MouseEvent, useMemo, useSyncExternalStore } from 'react';
import { useText } from '../i18n';
import { useStore } from '../lib/store';
import { GLYPHS, Glyph } from './glyphs';
import { PAGES, type PageEntry } from './pages';
import { changePreferences, preferences } from './preferences';
import { href, useOpen } from './router';

/** Of the pages that lead to this address, the nearest. */
export function activePage(pathname: string): PageEntry | undefined {
  const owners = PAGES.filter((page) => pathname === page.path || (page.path !== '/' && pathname.startsWith(`${page.path}/`)));
  return owners.sort((a, b) => b.path.length - a.path.length)[0];
}

/** Where there is no room for the names beside a page, the rail is folded whatever was chosen. */
const narrow = window.matchMedia('(max-width: 900px)');

function useNarrow(): boolean {
  return useSyncExternalStore(
    (changed) => {
      narrow.addEventListener('change', changed);
      return () => narrow.removeEventListener('change', changed);
    },
    () => narrow.matches,
  );
}

export function Navigation({ pathname }: { pathname: string }) {
  const open = useOpen();
  // By the router: a page that would lose what is being written is asked first, which a bare link cannot wait for.
  const follow = (event: MouseEvent, path: string) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    open(path);
  };
  const { t } = useText();
  const isNarrow = useNarrow();
  const navigationOpen = useStore(preferences).navigationOpen && !isNarrow;
  const sections = useMemo(() => [...new Set(PAGES.map((page) => page.section))], []);
  const active = activePage(pathname);
  const toggle = t(navigationOpen ? 'nav.close' : 'nav.open');
  return (
    <nav className="qd-nav" aria-label={t('nav.label')} data-folded={!navigationOpen}>
      <div className="qd-nav-pages">
        {sections.map((section) => (
          <section key={section} aria-label={t(section)}>
            <div className="qd-nav-section" aria-hidden="true">
              <span>{t(section)}</span>
            </div>
            <ul>
              {PAGES.filter((page) => page.section === section).map((page) => (
                <li key={page.path}>
                  <a className="qd-nav-page" href={href(page.path)} onClick={(event) => follow(event, page.path)} aria-current={page === active ? 'page' : undefined} title={tooltip(t(page.text), page.shortcut)}>
                    {GLYPHS[page.path] ? <Glyph>{GLYPHS[page.path]}</Glyph> : <Icon name={page.icon} />}
                    <span className="qd-nav-text">{t(page.text)}</span>
                  </a>
                </li>
              ))}
            </ul>
          </section>
        ))}
      </div>
      {!isNarrow && <button
        type="button"
        className="qd-nav-fold"
        aria-expanded={navigationOpen}
        aria-label={toggle}
        title={`${toggle} · [`}
        onClick={() => void changePreferences({ navigationOpen: !navigationOpen })}
      >
        <Glyph>
          <path d={navigationOpen ? 'm12 5-5 5 5 5' : 'm8 5 5 5-5 5'} />
        </Glyph>
      </button>}
    </nav>
  );
}

function tooltip(text: string, shortcut: string): string {
  return shortcut ? `${text} · G ${shortcut.toUpperCase()}` : text;
}
