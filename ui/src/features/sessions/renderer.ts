/**
 * Which of xterm's two renderers draws faster here. A page cannot ask: drivers name a software renderer like a card, and the one
 * without a card loses to plain elements. So both draw the same pages once, off screen, and the answer is remembered.
 */
import { WebglAddon } from '@xterm/addon-webgl';
import { Terminal } from '@xterm/xterm';

export type Renderer = 'dom' | 'webgl';

const REMEMBERED = 'quarterdeck.terminal.renderer';
const FRAMES = 8;
/** What the card must be better by: plain elements have no context to lose and no driver to fail. */
const BETTER_BY = 1.5;

export const isLinux = /linux/i.test(navigator.platform) && !/android/i.test(navigator.userAgent);

/** On Linux without it, every frame is shown one draw late where the webview's fast path is off. */
export function webglAddon(): WebglAddon {
  return new WebglAddon(isLinux);
}

function page(at: number): string {
  const lines = Array.from({ length: 30 }, (_, row) => {
    const colour = 31 + ((row + at) % 7);
    return `\u001b[${colour}m${String.fromCharCode(33 + ((row + at) % 90)).repeat(60)}\u001b[0m한글 ${row * at}`;
  });
  return `\u001b[H${lines.join('\r\n')}`;
}

function drawn(terminal: Terminal, text: string): Promise<void> {
  return new Promise((resolve) => {
    const done = terminal.onRender(() => {
      done.dispose();
      resolve();
    });
    terminal.write(text);
  });
}

/** Milliseconds for the frames; undefined when this renderer does not work here. */
async function measure(renderer: Renderer, place: HTMLElement): Promise<number | undefined> {
  const terminal = new Terminal({ cols: 100, rows: 30, allowProposedApi: true });
  try {
    terminal.open(place);
    if (renderer === 'webgl') terminal.loadAddon(webglAddon());
    await drawn(terminal, page(0));
    const canvas = renderer === 'webgl' ? place.querySelector<HTMLCanvasElement>('canvas:not(.xterm-link-layer)') : null;
    const context = canvas?.getContext('webgl2');
    if (renderer === 'webgl' && !context) return undefined;
    const began = performance.now();
    for (let at = 1; at <= FRAMES; at += 1) {
      await drawn(terminal, page(at));
      // What was drawn is read back, or only the order to draw it is measured.
      if (context) context.readPixels(0, 0, 1, 1, context.RGBA, context.UNSIGNED_BYTE, new Uint8Array(4));
      else void place.offsetHeight;
    }
    return performance.now() - began;
  } catch {
    return undefined;
  } finally {
    terminal.dispose();
    place.replaceChildren();
  }
}

/** The measured answer for this machine's webview, from before where there is one. */
export async function fasterRenderer(): Promise<Renderer> {
  const here = `${navigator.userAgent} ${devicePixelRatio}`;
  const [known, renderer] = (localStorage.getItem(REMEMBERED) ?? '').split('\n');
  if (known === here && (renderer === 'dom' || renderer === 'webgl')) return renderer;
  const place = document.createElement('div');
  place.className = 'qd-terminal-measure';
  place.setAttribute('aria-hidden', 'true');
  place.inert = true;
  document.body.append(place);
  try {
    const card = await measure('webgl', place);
    const plain = card === undefined ? undefined : await measure('dom', place);
    const answer = card !== undefined && plain !== undefined && plain > card * BETTER_BY ? 'webgl' : 'dom';
    localStorage.setItem(REMEMBERED, `${here}\n${answer}`);
    return answer;
  } finally {
    place.remove();
  }
}
