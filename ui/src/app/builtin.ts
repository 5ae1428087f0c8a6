/** The actions that belong to no feature: every page, the look, the rail, the sheet of keys. */
import { host } from '../host';
import { registerActions } from './actions';
import { diagnostics } from './diagnostics';
import { flash } from './flash';
import { linkTo, openWindow, shownPath } from './links';
import { PAGES } from './pages';
import { paletteOpen } from './Palette';
import { changePreferences, isDark, preferences } from './preferences';
import { shortcutsOpen } from './Shortcuts';

export function registerBuiltin(): void {
  registerActions(
    ...PAGES.map((page) => ({
      id: `page:${page.path}`,
      group: 'go' as const,
      text: page.text,
      also: page.also,
      keys: page.shortcut ? `G ${page.shortcut.toUpperCase()}` : undefined,
      run: ({ open }: { open: (path: string) => void }) => open(page.path),
    })),
    { id: 'palette', text: 'palette.title', keys: 'Mod K', also: 'search find 찾기 검색', run: () => paletteOpen.set((now) => !now) },
    { id: 'theme', text: 'palette.switchTheme', keys: 'G T', also: 'theme dark light 테마 다크', run: () => void changePreferences({ theme: isDark(preferences.get()) ? 'light' : 'dark' }) },
    { id: 'language', text: 'palette.switchLanguage', also: 'language korean english 언어 한국어 영어', run: () => void changePreferences({ language: document.documentElement.lang === 'ko' ? 'en' : 'ko' }) },
    { id: 'density', text: 'palette.switchDensity', also: 'density compact comfortable rows 밀도 촘촘', run: () => void changePreferences({ density: preferences.get().density === 'compact' ? 'comfortable' : 'compact' }) },
    { id: 'fold', text: 'shortcuts.fold', keys: '[', also: 'sidebar navigation 사이드바', run: () => void changePreferences({ navigationOpen: !preferences.get().navigationOpen }) },
    { id: 'shortcuts', text: 'shortcuts.title', keys: '?', also: 'keyboard help keys 키보드 도움말', run: () => shortcutsOpen.set(true) },
    { id: 'run', text: 'shortcuts.run', keys: 'Mod Enter', keysElsewhere: true, also: 'send command', run: ({ open }) => open('/run') },
    { id: 'documents.new', text: 'documents.create', also: 'write document yaml 문서 만들기', run: ({ open }) => open('/new-document') },
    { id: 'diagnostics', text: 'diagnostics.copy', also: 'report bug crash 보고서 오류', run: () => void diagnostics().then((text) => host.copy(text)).then(() => flash({ type: 'success', text: 'diagnostics.copied' })).catch(() => undefined) },
    { id: 'copyAddress', text: 'palette.copyAddress', also: 'link url 링크 주소', run: () => void host.info().then((info) => host.copy(linkTo(shownPath(), info))).catch(() => undefined) },
    { id: 'newWindow', text: 'palette.newWindow', keys: 'Mod Shift N', also: 'window tab 창', run: () => void openWindow(shownPath()).catch(() => undefined) },
  );
  if (host.signIn) {
    registerActions({
      id: 'signOut', text: 'header.signOut', also: 'logout key 로그아웃',
      run: () => {
        host.signIn?.signOut();
        location.reload();
      },
    });
  }
}
