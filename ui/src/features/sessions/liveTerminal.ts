/**
 * One terminal and its session, apart from any page: it goes on while another page is shown, while its pane moves in the layout
 * and while its tab is behind another. Pages only lend it a place on the screen.
 */
import { FitAddon } from '@xterm/addon-fit';
import { SearchAddon } from '@xterm/addon-search';
import { Unicode11Addon } from '@xterm/addon-unicode11';
import { WebLinksAddon } from '@xterm/addon-web-links';
import { Terminal } from '@xterm/xterm';
import '@xterm/xterm/css/xterm.css';
import { asFailure } from '../../api/errors';
import { isDark, preferences } from '../../app/preferences';
import { host, type SessionLine, type SessionRequest, type SessionState, type Size } from '../../host';
import { createStore } from '../../lib/store';
import { Composition, listen } from './composition';
import { Credit } from './credit';
import { actionOf } from './keys';
import { Outbox } from './outbox';
import { afterStop, type Paste, piecesOf, readPaste } from './paste';
import { fasterRenderer, isLinux, webglAddon } from './renderer';
import { terminalSettings } from './terminalSettings';
import { TERMINAL_FONTS, terminalTheme } from './terminalTheme';

/** What pages show of a terminal. */
export interface TerminalView {
  session: SessionState | { state: 'waiting' };
  /** What the shell calls itself. */
  title: string;
  /** It wrote while it was out of view. */
  unseen: boolean;
  /** A paste that is on its way: pieces taken of all. */
  pasting?: { done: number; total: number };
  found?: { index: number; count: number };
  size?: Size;
}

/** What a terminal asks of the page around it. */
export interface Surroundings {
  /** A person typed this here: send it to whoever gets it. */
  typed(from: string, data: string): void;
  pasted(from: string, paste: Paste): void;
  linkClicked(url: string): void;
  focused(id: string): void;
  /** The session got, or lost, its place in the app. */
  changed(): void;
}

export interface PaneRequest extends SessionRequest {
  /** The node's name, as tabs show it. */
  label: string;
}

const RESIZE_MS = 60;
const LONGEST_TITLE = 200;

function options() {
  const settings = terminalSettings.get();
  return {
    fontFamily: settings.fontFamily ? `${settings.fontFamily}, ${TERMINAL_FONTS}` : TERMINAL_FONTS,
    fontSize: settings.fontSize,
    lineHeight: settings.lineHeight,
    cursorStyle: settings.cursor,
    cursorBlink: settings.blink,
    scrollback: settings.scrollback,
    screenReaderMode: settings.screenReader,
    theme: terminalTheme(isDark(preferences.get())),
  } as const;
}

/** Whether xterm speaks because a person did something, and not because a program asked it a question. */
function isByPerson(): boolean {
  // oxlint-disable-next-line typescript/no-deprecated -- the only way to know: xterm's events do not say
  const cause = window.event;
  return cause instanceof KeyboardEvent || cause instanceof InputEvent || cause instanceof CompositionEvent || cause instanceof ClipboardEvent;
}

export class LiveTerminal {
  readonly id: string;
  readonly request: PaneRequest;
  readonly view = createStore<TerminalView>({ session: { state: 'waiting' }, title: '', unseen: false });
  readonly terminal: Terminal;
  readonly search = new SearchAddon();
  readonly element = document.createElement('div');
  readonly #fit = new FitAddon();
  readonly #around: Surroundings;
  readonly #composing = document.createElement('span');
  #line?: SessionLine;
  #attachTo?: number;
  #outbox?: Outbox;
  #pending = 0;
  #replaying = 0;
  #opened = false;
  #shown = false;
  #size?: Size;
  #told?: Size;
  #resizeTimer?: ReturnType<typeof setTimeout>;
  #observer?: ResizeObserver;
  #pasteStopped = false;
  #undo: (() => void)[] = [];
  #composition?: { stop: () => void; beforeKey: () => void };

  constructor(id: string, request: PaneRequest, around: Surroundings, attachTo?: number) {
    this.id = id;
    this.request = request;
    this.#around = around;
    this.#attachTo = attachTo;
    this.element.className = 'qd-terminal';
    this.#composing.className = 'qd-terminal-composing';
    this.terminal = new Terminal({ ...options(), allowProposedApi: true, linkHandler: { activate: (_, url) => around.linkClicked(url) }, macOptionIsMeta: false, rightClickSelectsWord: false });
    this.terminal.loadAddon(this.#fit);
    this.terminal.loadAddon(this.search);
    this.terminal.loadAddon(new WebLinksAddon((_, url) => around.linkClicked(url)));
    // Widths as of Unicode 11: emoji and Hangul letters that join take the columns that shells count for them.
    this.terminal.loadAddon(new Unicode11Addon());
    this.terminal.unicode.activeVersion = '11';
    this.#follow();
  }

  get handle(): number | undefined {
    return this.#line?.handle ?? this.#attachTo;
  }

  get bracketed(): boolean {
    return this.terminal.modes.bracketedPasteMode;
  }

  get running(): boolean {
    const { state } = this.view.get().session;
    return state === 'open' || state === 'connecting' || state === 'reconnecting';
  }

  #change(change: Partial<TerminalView>): void {
    this.view.set((now) => ({ ...now, ...change }));
  }

  #follow(): void {
    const { terminal } = this;
    terminal.onData((data) => {
      if (this.#replaying > 0) return;
      if (isByPerson()) this.#around.typed(this.id, data);
      else this.type(data);
    });
    terminal.onBinary((data) => this.#outbox?.sendBinary(data));
    terminal.onTitleChange((title) => this.#change({ title: title.replace(/\p{Cc}/gu, '').slice(0, LONGEST_TITLE) }));
    terminal.onBell(() => {
      if (!this.#shown) this.#change({ unseen: true });
    });
    terminal.onSelectionChange(() => {
      if (terminalSettings.get().copyOnSelect && terminal.hasSelection()) void host.copy(terminal.getSelection()).catch(() => undefined);
    });
    terminal.attachCustomKeyEventHandler((event) => this.#takesKey(event));
    this.search.onDidChangeResults(({ resultIndex, resultCount }) => this.#change({ found: { index: resultIndex, count: resultCount } }));
    this.#undo.push(
      terminalSettings.subscribe(() => this.#applyOptions()),
      preferences.subscribe(() => this.#applyOptions()),
    );
    const system = window.matchMedia('(prefers-color-scheme: dark)');
    const onSystem = () => this.#applyOptions();
    system.addEventListener('change', onSystem);
    this.#undo.push(() => system.removeEventListener('change', onSystem));
  }

  #applyOptions(): void {
    Object.assign(this.terminal.options, options());
    this.fit();
  }

  /** Whether xterm handles this key event itself. */
  #takesKey(event: KeyboardEvent): boolean {
    // What a key press means was sent when the key went down, or comes as text into the field: sent here too, it would come twice.
    if (event.type !== 'keydown') return event.type === 'keyup';
    if (event.isComposing || event.keyCode === 229) return false;
    if (actionOf(event)) return false;
    this.#composition?.beforeKey();
    const plain = event.key.length === 1 && !event.ctrlKey && !event.altKey && !event.metaKey;
    // With a screen reader the field keeps the letters, which reads them; so they come from there.
    return !(plain && terminalSettings.get().screenReader);
  }

  /** Puts the terminal into a place on the screen, and starts its session once that has a size. */
  mount(place: HTMLElement): () => void {
    place.append(this.element);
    if (!this.#opened) this.#open();
    this.#observer = new ResizeObserver(() => this.fit());
    this.#observer.observe(place);
    this.fit();
    return () => {
      this.#observer?.disconnect();
      // Only when it was not put elsewhere meanwhile.
      if (this.element.parentElement === place) this.element.remove();
    };
  }

  #open(): void {
    this.#opened = true;
    this.terminal.open(this.element);
    const { textarea } = this.terminal;
    if (textarea) {
      textarea.setAttribute('aria-label', this.request.label);
      // Where blanks collapse, WebKit types no-break spaces in their place.
      textarea.style.whiteSpace = 'pre';
      const composition = new Composition({ send: (text) => this.#around.typed(this.id, text), preview: (text) => this.#preview(text) });
      this.#composition = listen({ textarea, container: this.element }, composition);
      textarea.addEventListener('focus', () => this.#around.focused(this.id));
    }
    this.element.querySelector('.xterm-screen')?.append(this.#composing);
    this.element.addEventListener(
      'paste',
      (event) => {
        event.preventDefault();
        event.stopPropagation();
        const text = event.clipboardData?.getData('text/plain') ?? '';
        if (text !== '') this.#around.pasted(this.id, readPaste(text));
      },
      true,
    );
    void this.#chooseRenderer();
  }

  async #chooseRenderer(): Promise<void> {
    const chosen = terminalSettings.get().renderer;
    const renderer = chosen === 'auto' ? await fasterRenderer() : chosen;
    if (renderer !== 'webgl') return;
    try {
      const addon = webglAddon();
      // A card that goes away leaves plain elements, which need none.
      addon.onContextLoss(() => addon.dispose());
      this.terminal.loadAddon(addon);
    } catch {
      // No card: plain elements.
    }
  }

  /** What is being composed, drawn where the cursor is. */
  #preview(text: string): void {
    this.#composing.textContent = text;
    this.#composing.hidden = text === '';
    if (text === '') return;
    const screen = this.element.querySelector<HTMLElement>('.xterm-screen');
    if (!screen) return;
    const { cursorX, cursorY } = this.terminal.buffer.active;
    const width = screen.clientWidth / this.terminal.cols;
    const height = screen.clientHeight / this.terminal.rows;
    Object.assign(this.#composing.style, {
      left: `${cursorX * width}px`,
      top: `${cursorY * height}px`,
      lineHeight: `${height}px`,
      fontSize: `${this.terminal.options.fontSize}px`,
      fontFamily: this.terminal.options.fontFamily ?? '',
    });
  }

  /** Makes the terminal as large as its place. The first size starts the session, so that no program sees another. */
  fit(): void {
    const place = this.element.parentElement;
    if (!this.#opened || !place || place.clientWidth === 0 || place.clientHeight === 0) return;
    const proposed = this.#fit.proposeDimensions();
    if (!proposed || !Number.isFinite(proposed.cols) || !Number.isFinite(proposed.rows)) return;
    const size = { cols: Math.max(2, proposed.cols), rows: Math.max(1, proposed.rows) };
    if (size.cols !== this.terminal.cols || size.rows !== this.terminal.rows) this.terminal.resize(size.cols, size.rows);
    const first = this.#size === undefined;
    this.#size = size;
    this.#change({ size });
    if (first) {
      void this.#start();
      return;
    }
    // A border that is dragged sends one size, not hundreds.
    clearTimeout(this.#resizeTimer);
    this.#resizeTimer = setTimeout(() => this.#tellSize(), RESIZE_MS);
  }

  #tellSize(): void {
    const size = this.#size;
    if (!this.#line || !size || (size.cols === this.#told?.cols && size.rows === this.#told.rows)) return;
    this.#told = size;
    void this.#line.resize(size).catch(() => undefined);
  }

  /** Told by the page whether it is in view. */
  setShown(shown: boolean): void {
    this.#shown = shown;
    if (shown) {
      this.#change({ unseen: false });
      this.fit();
    }
  }

  async #start(): Promise<void> {
    const terminals = host.terminal;
    const size = this.#size;
    if (!terminals || !size) return;
    this.#change({ session: { state: 'connecting' } });
    let ended = false;
    let line: SessionLine | undefined;
    let known: (line: SessionLine) => void = () => undefined;
    const opened = new Promise<SessionLine>((resolve) => {
      known = resolve;
    });
    // What is typed before the session is there waits for it.
    const outbox = new Outbox(async (data) => (await opened).input(data));
    this.#outbox?.end();
    this.#outbox = outbox;
    // What arrives before the line is known is acknowledged once it is.
    let owed = 0;
    const credit = new Credit((bytes) => {
      owed += bytes;
      if (!line) return;
      void line.acknowledge(owed).catch(() => undefined);
      owed = 0;
    });
    const sink = {
      onOutput: (data: Uint8Array) => {
        if (!this.#shown && !this.view.get().unseen) this.#change({ unseen: true });
        this.#pending += data.length;
        this.terminal.write(data, () => {
          this.#pending -= data.length;
          credit.parsed(data.length, this.#pending === 0);
        });
      },
      onReplay: (data: Uint8Array) => {
        this.#replaying += 1;
        this.terminal.write(data, () => {
          this.#replaying -= 1;
        });
      },
      onState: (session: SessionState) => {
        if (session.state === 'closed') {
          ended = true;
          this.#ended(session);
        } else if (!ended) this.#change({ session });
      },
    };
    try {
      const attachTo = this.#attachTo;
      const taken = attachTo === undefined ? await terminals.open(this.request, size, sink) : await terminals.attach(attachTo, sink);
      this.#attachTo = undefined;
      if (ended) return;
      line = taken;
      this.#line = taken;
      known(taken);
      if (owed > 0) void taken.acknowledge(owed).catch(() => undefined);
      owed = 0;
      this.#told = attachTo === undefined ? size : undefined;
      this.#tellSize();
    } catch (error) {
      this.#attachTo = undefined;
      const failure = asFailure(error);
      this.#ended({ state: 'closed', reason: failure.message || failure.code });
    }
    this.#around.changed();
  }

  #ended(session: SessionState): void {
    this.#outbox?.end();
    this.#outbox = undefined;
    this.#line = undefined;
    this.#change({ session, pasting: undefined });
    // A program that was cut off leaves its modes behind: mouse reports and another screen are of no use to what comes next.
    const leave = this.terminal.buffer.active.type === 'alternate' ? '\u001b[?1049l' : '';
    this.terminal.write(`${leave}\u001b[?1000l\u001b[?1002l\u001b[?1003l\u001b[?1006l\u001b[?2004l\u001b[?25h\u001b[0m`);
    this.#around.changed();
  }

  /** A new session in the same terminal; what is on the screen stays above it. */
  reconnect(): void {
    if (this.running) return;
    this.terminal.write('\r\n');
    void this.#start();
  }

  /** Sends keys to this session alone. */
  type(data: string): void {
    // The way out of a paste, as out of everything else in a terminal.
    if (data === '\u0003') this.stopPaste();
    if (this.#outbox && !this.#outbox.send(data)) this.element.animate?.([{ opacity: 0.6 }, { opacity: 1 }], 120);
  }

  /** Sends a paste, piece by piece as the session takes it. */
  async paste(paste: Paste): Promise<void> {
    const outbox = this.#outbox;
    if (!outbox || this.view.get().pasting) return;
    const { bracketed } = this;
    const pieces = [...piecesOf(paste, bracketed)];
    this.#pasteStopped = false;
    for (const [done, piece] of pieces.entries()) {
      if (pieces.length > 1) this.#change({ pasting: { done, total: pieces.length } });
      if (!(await outbox.piece(piece)) || this.#pasteStopped) break;
    }
    if (this.#pasteStopped) outbox.send(afterStop(bracketed));
    this.#change({ pasting: undefined });
  }

  stopPaste(): void {
    if (!this.view.get().pasting) return;
    this.#pasteStopped = true;
    this.#outbox?.drop();
  }

  async copy(): Promise<boolean> {
    if (!this.terminal.hasSelection()) return false;
    await host.copy(this.terminal.getSelection());
    return true;
  }

  focus(): void {
    this.terminal.focus();
  }

  /** Lets go of the terminal. `leave` keeps the session for another window. */
  dispose(leave = false): void {
    clearTimeout(this.#resizeTimer);
    this.#observer?.disconnect();
    this.#composition?.stop();
    for (const undo of this.#undo) undo();
    if (!leave) void this.#line?.close().catch(() => undefined);
    this.#outbox?.end();
    this.terminal.dispose();
    this.element.remove();
  }
}

/** Whether the webview is one on which drawing with a card is known to be slow; said in the settings. */
export const cardIsSlow = isLinux;
