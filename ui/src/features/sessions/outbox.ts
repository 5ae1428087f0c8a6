/**
 * What is typed and pasted, on its way to a session: in order, one message at a time, so that nothing overtakes. Keys that come
 * while a message is under way go together with the next.
 */

/** Most bytes that wait for a session that takes none; what is typed beyond is refused, never silently lost. */
const MOST_WAITING = 64 * 1024;

interface Item {
  data: Uint8Array;
  done?: (taken: boolean) => void;
}

export class Outbox {
  #items: Item[] = [];
  #waiting = 0;
  #busy = false;
  #ended = false;
  readonly #deliver: (data: Uint8Array) => Promise<void>;
  readonly #encoder = new TextEncoder();

  constructor(deliver: (data: Uint8Array) => Promise<void>) {
    this.#deliver = deliver;
  }

  /** Sends keys. False when too much waits already. */
  send(text: string): boolean {
    const data = this.#encoder.encode(text);
    if (this.#ended || this.#waiting + data.length > MOST_WAITING) return false;
    this.#push({ data });
    return true;
  }

  /** Bytes of a mouse report, which are not text. */
  sendBinary(text: string): void {
    if (!this.#ended) this.#push({ data: Uint8Array.from(text, (character) => character.charCodeAt(0) & 255) });
  }

  /** Sends one piece of a paste; resolves to whether the session took it. The next piece waits for that. */
  piece(text: string): Promise<boolean> {
    if (this.#ended) return Promise.resolve(false);
    return new Promise((resolve) => this.#push({ data: this.#encoder.encode(text), done: resolve }));
  }

  /** Drops what was not handed over yet: the person stopped it. */
  drop(): void {
    for (const item of this.#items) item.done?.(false);
    this.#items = [];
    this.#waiting = 0;
  }

  /** Nothing is sent any more. */
  end(): void {
    this.#ended = true;
    this.drop();
  }

  #push(item: Item): void {
    this.#items.push(item);
    this.#waiting += item.data.length;
    void this.#pump();
  }

  async #pump(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    while (this.#items.length > 0) {
      const batch = this.#items;
      this.#items = [];
      this.#waiting = 0;
      const data = new Uint8Array(batch.reduce((sum, item) => sum + item.data.length, 0));
      let at = 0;
      for (const item of batch) {
        data.set(item.data, at);
        at += item.data.length;
      }
      const taken = await this.#deliver(data).then(
        () => true,
        () => false,
      );
      for (const item of batch) item.done?.(taken);
    }
    this.#busy = false;
  }
}
