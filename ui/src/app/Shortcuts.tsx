/** Keys that work everywhere, and the sheet of them (press `?`). Both read the list of actions. */
import Box from '@cloudscape-design/components/box';
import Modal from '@cloudscape-design/components/modal';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useEffect } from 'react';
import { type TextKey, useText } from '../i18n';
import { createStore, useStore } from '../lib/store';
import { type Action, actions } from './actions';
import { caps, spell } from './keymap';
import { isComposing, isDialogOpen, isMac, isTyping } from './keys';
import { useOpen } from './router';

export const shortcutsOpen = createStore(false);
/** How long the second of two keys is waited for, in milliseconds. */
const PREFIX_WAIT = 1_200;
const PREFIX = 'G';

function useKeys(): void {
  const open = useOpen();
  useEffect(() => {
    let prefixAt = Number.NEGATIVE_INFINITY;
    const onKeyDown = (event: KeyboardEvent) => {
      if (isComposing(event) || event.defaultPrevented || event.repeat) return;
      const pressed = spell(event);
      if (pressed === undefined) return;
      const withMod = pressed.startsWith('Mod ');
      if (!withMod && (isTyping(event.target) || isDialogOpen())) return;
      const prefixed = !withMod && event.timeStamp - prefixAt < PREFIX_WAIT;
      prefixAt = Number.NEGATIVE_INFINITY;
      const keys = prefixed ? `${PREFIX} ${pressed}` : pressed;
      if (keys === PREFIX) {
        prefixAt = event.timeStamp;
        return;
      }
      const action = actions.get().find((one) => one.keys === keys && !one.keysElsewhere);
      if (!action || action.blocked?.() !== undefined) return;
      event.preventDefault();
      action.run({ open });
    };
    window.addEventListener('keydown', onKeyDown);
    return () => window.removeEventListener('keydown', onKeyDown);
  }, [open]);
}

const SECTIONS: [NonNullable<Action['group']>, TextKey][] = [
  ['page', 'shortcuts.here'],
  ['action', 'shortcuts.everywhere'],
  ['go', 'shortcuts.go'],
];

export function Shortcuts() {
  const { t } = useText();
  const visible = useStore(shortcutsOpen);
  const all = useStore(actions);
  useKeys();
  return (
    <Modal visible={visible} onDismiss={() => shortcutsOpen.set(false)} header={t('shortcuts.title')} closeAriaLabel={t('common.close')} size="medium">
      <SpaceBetween size="l">
        {SECTIONS.map(([group, title]) => {
          const rows = all.filter((action) => (action.group ?? 'action') === group && action.keys);
          return rows.length > 0 && (
            <div key={group}>
              <Box variant="h3" padding={{ bottom: 'xs' }}>
                {t(title)}
              </Box>
              <dl className="qd-shortcuts">
                {rows.map((action) => (
                  <div key={action.id}>
                    <dt>
                      <Keys keys={action.keys ?? ''} />
                    </dt>
                    <dd>{t(action.text, action.values)}</dd>
                  </div>
                ))}
              </dl>
            </div>
          );
        })}
        <Box color="text-body-secondary">{t('shortcuts.typing')}</Box>
      </SpaceBetween>
    </Modal>
  );
}

/** Keys as caps. */
export function Keys({ keys }: { keys: string }) {
  return (
    <span className="qd-keys">
      {caps(keys, isMac).map((cap) => (
        <kbd key={cap}>{cap}</kbd>
      ))}
    </span>
  );
}
