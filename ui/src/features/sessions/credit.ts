/**
 * How much output of a session is on its way to the screen, counted on the page's side.
 *
 * The app sends no more than a window of bytes that this page has not acknowledged, and the page acknowledges what the terminal
 * has parsed, not what arrived: so a flood waits on the node, memory stays as it is, and Ctrl-C is seen at once.
 */
export class Credit {
  #parsed = 0;
  readonly #acknowledge: (bytes: number) => void;
  readonly #step: number;

  /** Calls `acknowledge` each time that `step` bytes were parsed. */
  constructor(acknowledge: (bytes: number) => void, step = 64 * 1024) {
    this.#acknowledge = acknowledge;
    this.#step = step;
  }

  /** `bytes` were parsed; `idle` when nothing else waits to be, which settles what is open. */
  parsed(bytes: number, idle: boolean): void {
    this.#parsed += bytes;
    if (this.#parsed === 0 || (this.#parsed < this.#step && !idle)) return;
    const settled = this.#parsed;
    this.#parsed = 0;
    this.#acknowledge(settled);
  }
}
