import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { HubEvent, StreamState } from './host';

const app = vi.hoisted(() => ({ answers: {} as Record<string, (args: Record<string, unknown>) => unknown>, asked: [] as { name: string; args: Record<string, unknown> }[] }));
vi.mock('@tauri-apps/api/core', () => ({
  Channel: class {
    static last = 0;
    id = 0;
    onmessage: (message: unknown) => void = () => undefined;
    constructor() {
      const counter = this.constructor as unknown as { last: number };
      counter.last += 1;
      this.id = counter.last;
    }
  },
  invoke: async (name: string, args: Record<string, unknown>) => {
    app.asked.push({ name, args });
    return app.answers[name]?.(args) ?? null;
  },
}));
vi.mock('@tauri-apps/api/event', () => ({ listen: async () => () => undefined }));
const { tauriHost } = await import('./tauri');

beforeEach(() => {
  app.asked = [];
  app.answers = {};
});

describe('saving a file', () => {
  it('is saved only when a place was chosen', async () => {
    app.answers.save_file = () => null;
    expect(await tauriHost.saveFile('a.txt', 'text/plain', ['x'])).toBe(false);
    app.answers.save_file = () => '/home/me/a.txt';
    expect(await tauriHost.saveFile('a.txt', 'text/plain', ['x'])).toBe(true);
  });
});

const send = (to: { args: Record<string, unknown> } | undefined, message: HubEvent) => (to?.args.channel as { onmessage: (message: unknown) => void } | undefined)?.onmessage(message);

describe('the event stream', () => {
  const event = (seq: number): HubEvent => ({ seq, 'detail-type': 'x', detail: {} });
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it('is asked for again when the app refuses it, from the last event seen', async () => {
    const states: StreamState[] = [];
    const seen: number[] = [];
    let refusals = 2;
    app.answers.subscribe_events = () => {
      refusals -= 1;
      if (refusals >= 0) throw Object.assign(new Error('still opening'), { code: 'HubNotOpen' });
    };
    const stop = tauriHost.events({ onEvent: (of) => seen.push(of.seq), onState: (state) => states.push(state) });
    await vi.advanceTimersByTimeAsync(0);
    send(app.asked[0], event(7));
    await vi.advanceTimersByTimeAsync(5_000);
    const asked = app.asked.filter((one) => one.name === 'subscribe_events');
    expect(asked.map((one) => one.args.cursor)).toEqual([null, 7, 7]);
    expect(states).toEqual(['connecting', 'closed', 'connecting', 'closed', 'connecting', 'open']);
    send(asked[2], event(8));
    expect(seen).toEqual([7, 8]);
    stop();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(app.asked.filter((one) => one.name === 'subscribe_events')).toHaveLength(3);
    expect(app.asked.at(-1)?.name).toBe('unsubscribe_events');
  });
});
