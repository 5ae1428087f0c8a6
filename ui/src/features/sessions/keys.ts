/** Keys of the terminal page. Combinations that shells use stay with the shell, so all of these carry Shift (or Command on a Mac). */

const isMac = globalThis.navigator !== undefined && /mac/i.test(navigator.platform);

export type TerminalAction =
  | 'copy'
  | 'paste'
  | 'search'
  | 'newTab'
  | 'closePane'
  | 'splitRight'
  | 'splitDown'
  | 'broadcast'
  | 'nextTab'
  | 'previousTab'
  | 'left'
  | 'right'
  | 'up'
  | 'down'
  | 'zoomIn'
  | 'zoomOut'
  | 'zoomReset'
  /** Belongs to the console around the terminal. */
  | 'console';

const LETTERS: Record<string, TerminalAction> = {
  KeyC: 'copy',
  KeyV: 'paste',
  KeyF: 'search',
  KeyT: 'newTab',
  KeyW: 'closePane',
  KeyE: 'splitRight',
  KeyO: 'splitDown',
  KeyB: 'broadcast',
  KeyK: 'console',
  ArrowLeft: 'left',
  ArrowRight: 'right',
  ArrowUp: 'up',
  ArrowDown: 'down',
};
const ZOOM: Record<string, TerminalAction> = { Equal: 'zoomIn', NumpadAdd: 'zoomIn', Minus: 'zoomOut', NumpadSubtract: 'zoomOut', Digit0: 'zoomReset', Numpad0: 'zoomReset' };

type Pressed = Pick<KeyboardEvent, 'code' | 'ctrlKey' | 'metaKey' | 'shiftKey' | 'altKey'>;

/** What a key press means to the page; undefined: it goes to the shell. By place on the keyboard, for the Korean layout. */
export function actionOf(event: Pressed, mac = isMac): TerminalAction | undefined {
  if (event.altKey) return undefined;
  const { code, ctrlKey, metaKey, shiftKey } = event;
  if (ctrlKey && !metaKey && !mac && code === 'Insert') return 'copy';
  if (shiftKey && !ctrlKey && !metaKey && code === 'Insert') return 'paste';
  if (ctrlKey && !metaKey && (code === 'PageUp' || code === 'PageDown')) return code === 'PageUp' ? 'previousTab' : 'nextTab';
  const main = mac ? metaKey && !ctrlKey : ctrlKey && !metaKey;
  if (!main) return undefined;
  if (ZOOM[code] && (mac || !shiftKey || code === 'Equal' || code === 'Minus')) return ZOOM[code];
  // On a Mac the command key is nobody else's; arrows with it are the shell's, unless Shift comes too.
  const action = LETTERS[code];
  if (mac) return code.startsWith('Arrow') && !shiftKey ? undefined : action;
  return shiftKey ? action : undefined;
}

/** How an action's keys are written. */
export function keysOf(action: TerminalAction, mac = isMac): string[] {
  const code = Object.keys(LETTERS).find((key) => LETTERS[key] === action);
  const names: Record<string, string> = { ArrowLeft: '←', ArrowRight: '→', ArrowUp: '↑', ArrowDown: '↓' };
  if (code) {
    const key = names[code] ?? code.replace('Key', '');
    return mac ? [...(code.startsWith('Arrow') ? ['⌘', 'Shift'] : ['⌘']), key] : ['Ctrl', 'Shift', key];
  }
  const main = mac ? '⌘' : 'Ctrl';
  if (action === 'zoomIn') return [main, '+'];
  if (action === 'zoomOut') return [main, '−'];
  if (action === 'zoomReset') return [main, '0'];
  return ['Ctrl', action === 'nextTab' ? 'Page Down' : 'Page Up'];
}
