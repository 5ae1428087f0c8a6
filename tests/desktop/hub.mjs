/** A hub of its own for a test of the app: started, ended and started again on the same port, and servers that misbehave on purpose. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { binaries } from './session.mjs';

export class Hub {
  /** Starts a hub on `port` (0: a free one), over a new folder. */
  static async start(port = 0) {
    const hub = new Hub();
    hub.folder = mkdtempSync(join(tmpdir(), 'quarterdeck-hub-'));
    hub.port = port;
    await hub.resume();
    const credentials = readFileSync(join(hub.folder, 'credentials'), 'utf8');
    const read = (name) => new RegExp(`^${name}\\s*=\\s*(\\S+)`, 'm').exec(credentials)[1];
    hub.key = { accessKeyId: read('aws_access_key_id'), secretAccessKey: read('aws_secret_access_key') };
    return hub;
  }

  /** Goes on where it was, on the port it had. */
  async resume() {
    this.child = spawn(join(binaries, 'quarterdeck-hub'), ['serve', '--data-dir', this.folder, '--listen', `127.0.0.1:${this.port}`], { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, RUST_LOG: 'error' } });
    const line = await new Promise((resolve, reject) => {
      createInterface({ input: this.child.stdout }).once('line', resolve);
      this.child.once('exit', (code) => reject(new Error(`the hub ended with ${code}`)));
    });
    this.url = line.replace('listening on ', '').trim();
    this.port = Number(new URL(this.url).port);
  }

  /** Ends at once, as when its machine is cut off. */
  async pause() {
    const gone = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGKILL');
    await gone;
  }

  async stop() {
    if (this.child.exitCode === null && this.child.signalCode === null) await this.pause();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A server without TLS on this machine that answers every request with these bytes; without bytes it holds the connection and says nothing. */
export async function misbehaving(bytes) {
  const open = new Set();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => open.delete(socket));
    socket.on('data', () => bytes && socket.end(typeof bytes === 'function' ? bytes() : bytes));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    stop() {
      for (const socket of open) socket.destroy();
      server.close();
    },
  };
}
