import { beforeEach, describe, expect, it, vi } from 'vitest';

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
