/** Keys that work everywhere, and the list of them (press `?`). */
import Box from '@cloudscape-design/components/box';
import Modal from '@cloudscape-design/components/modal';
import { useEffect } from 'react';
import { useText } from '../i18n';
import { createStore, useStore } from '../lib/store';
import { isComposing, isMac, isTyping } from './keys';
import { PAGES } from './pages';
import { paletteOpen } from './Palette';
import { changePreferences, isDark, preferences } from './preferences';
import { useOpen } from './router';

export const shortcutsOpen = createStore(false);
const PREFIX_WAIT = 1_200;

function useKeys(): void {
  const open = useOpen();
  useEffect(() => {
    let prefixAt = 0;
    const onKeyDown = (event: KeyboardEvent) => {
      if (isComposing(event)) return;
      if ((event.ctrlKey || event.metaKey) && event.code === 'KeyK') {
        event.preventDefault();
        paletteOpen.set((now) => !now);
        return;
      }
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      if (event.key === '?') {
        shortcutsOpen.set(true);
        return;
      }
      if (event.code === 'BracketLeft' && !event.shiftKey) {
        void changePreferences({ navigationOpen: !preferences.get().navigationOpen });
        return;
      }
      // By place on the keyboard, so that the keys work while the Korean layout is on.
      const letter = /^Key([A-Z])$/.exec(event.code)?.[1]?.toLowerCase();
      if (letter === 'g') {
        prefixAt = event.timeStamp;
        return;
      }
      if (prefixAt === 0 || event.timeStamp - prefixAt > PREFIX_WAIT) return;
      prefixAt = 0;
      if (letter === 't') void changePreferences({ theme: isDark(preferences.get()) ? 'light' : 'dark' });
      const page = PAGES.find((entry) => entry.shortcut === letter);
      if (page) open(page.path);
    };
    window.addEventListener('keydown', onKeyDown);
    return () => window.removeEventListener('keydown', onKeyDown);
  }, [open]);
}

export function Shortcuts() {
  const { t } = useText();
  const visible = useStore(shortcutsOpen);
  useKeys();
  const rows: [string[], string][] = [
    [[isMac ? '⌘' : 'Ctrl', 'K'], t('palette.title')],
    ...PAGES.map((page): [string[], string] => [['G', page.shortcut.toUpperCase()], t('shortcuts.goTo', { page: t(page.text) })]),
    [['G', 'T'], t('palette.switchTheme')],
    [['['], t('shortcuts.fold')],
    [[isMac ? '⌘' : 'Ctrl', 'Enter'], t('shortcuts.run')],
    [['?'], t('shortcuts.title')],
  ];
  return (
    <Modal visible={visible} onDismiss={() => shortcutsOpen.set(false)} header={t('shortcuts.title')} closeAriaLabel={t('common.close')}>
      <Box>
        <dl className="qd-shortcuts">
          {rows.map(([keys, text]) => (
            <div key={text}>
              <dt>
                {keys.map((key) => (
                  <kbd key={key}>{key}</kbd>
                ))}
              </dt>
              <dd>{text}</dd>
            </div>
          ))}
        </dl>
      </Box>
    </Modal>
  );
}
