/**
 * Text that comes through the terminal's hidden text field and not from single keys: Hangul and every other input method.
 *
 * xterm reads composition with timers, which drops or doubles syllables when the input method ends one and begins the next in the
 * same breath (IBus), and sends lone letters where there are no composition events at all (WKWebView). Here the field itself is
 * the truth: what it holds beyond what was sent is sent, what it lost is taken back. One path, so nothing is sent twice.
 */

const DELETE = '\u007f';

/** Kinds of input that are not text: the key behind them was sent as a key. */
const NOT_TEXT = /^(insertLineBreak|insertParagraph|delete(Content|Word|SoftLine|HardLine|EntireSoftLine|By)|history|insertFromPaste|insertFromDrop)/;

/** What turns `before` into `after` at the end of a line: so many characters back, then this text. */
export function difference(before: string, after: string): string {
  const old = [...before];
  const now = [...after];
  let same = 0;
  while (same < old.length && same < now.length && old[same] === now[same]) same += 1;
  return DELETE.repeat(old.length - same) + now.slice(same).join('');
}

export interface Sink {
  send(text: string): void;
  /** What is being composed, to be drawn at the cursor; empty when nothing is. */
  preview(text: string): void;
}

export class Composition {
  #composing = false;
  #sent = '';
  readonly #sink: Sink;

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  get composing(): boolean {
    return this.#composing;
  }

  /** A composition begins; `value` is the field before it. What is not sent yet of the one before goes out first. */
  start(value: string): void {
    this.flush(value);
    this.#composing = true;
  }

  update(text: string): void {
    this.#sink.preview(text);
  }

  /** It ended. The field may still be rewritten: `flush` comes with the next task, or before the next key. */
  end(): void {
    this.#composing = false;
    this.#sink.preview('');
  }

  /** The field changed by an input of this kind. */
  input(kind: string, value: string): void {
    if (this.#composing) return;
    if (NOT_TEXT.test(kind)) this.#sent = value.replaceAll('\u00a0', ' ');
    else this.flush(value);
  }

  /** Sends what the field holds beyond what was sent. */
  flush(field: string): void {
    if (this.#composing) return;
    // Editors put no-break spaces where blanks would be lost; nobody types them at a shell.
    const value = field.replaceAll('\u00a0', ' ');
    // The field was emptied by the terminal, not by the person.
    const change = value === '' ? '' : difference(this.#sent, value);
    this.#sent = value;
    if (change !== '') this.#sink.send(change);
  }

  /** Nothing is open: the field can be emptied. */
  reset(): void {
    this.#sent = '';
    this.#composing = false;
    this.#sink.preview('');
  }
}

interface Field {
  textarea: HTMLTextAreaElement;
  /** Around the terminal: it sees events before the terminal does. */
  container: HTMLElement;
}

/** A field this long is emptied when nothing is composed. */
const LONG = 256;

/** Listens in front of the terminal, which then sees none of these events. Returns the way to stop, and what to call before a key. */
export function listen({ textarea, container }: Field, composition: Composition): { stop: () => void; beforeKey: () => void } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const settle = () => {
    clearTimeout(timer);
    timer = undefined;
    composition.flush(textarea.value);
    if (!composition.composing && textarea.value.length > LONG) {
      textarea.value = '';
      composition.reset();
    }
  };
  const take = (event: Event) => {
    if (event.target !== textarea) return false;
    event.stopPropagation();
    return true;
  };
  const onStart = (event: CompositionEvent) => {
    if (!take(event)) return;
    clearTimeout(timer);
    composition.start(textarea.value);
  };
  const onUpdate = (event: CompositionEvent) => {
    if (take(event)) composition.update(event.data);
  };
  const onEnd = (event: CompositionEvent) => {
    if (!take(event)) return;
    composition.end();
    clearTimeout(timer);
    timer = setTimeout(settle);
  };
  const onInput = (event: Event) => {
    if (!take(event)) return;
    // While the end of a composition waits for its task, the field may not be whole.
    if (timer !== undefined) return;
    composition.input((event as InputEvent).inputType ?? '', textarea.value);
  };
  const onBlur = () => {
    settle();
    composition.reset();
  };
  container.addEventListener('compositionstart', onStart, true);
  container.addEventListener('compositionupdate', onUpdate, true);
  container.addEventListener('compositionend', onEnd, true);
  container.addEventListener('input', onInput, true);
  textarea.addEventListener('blur', onBlur, true);
  return {
    beforeKey: settle,
    stop() {
      clearTimeout(timer);
      container.removeEventListener('compositionstart', onStart, true);
      container.removeEventListener('compositionupdate', onUpdate, true);
      container.removeEventListener('compositionend', onEnd, true);
      container.removeEventListener('input', onInput, true);
      textarea.removeEventListener('blur', onBlur, true);
    },
  };
}
