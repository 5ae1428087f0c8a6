/**
 * Files for a plain browser. A download needs the whole file before it begins, so what comes in pieces waits on disk, in the
 * place a browser has for each origin; only a browser without one keeps it in memory.
 */
import { ApiFailure, type FileSink } from './host';

const FOLDER = 'quarterdeck-downloads';
/** A browser does not tell when it has taken a file; by then it has. */
const KEPT_MS = 10 * 60_000;

/** Hands a file to the browser, which shows its downloads itself. */
export function offer(name: string, blob: Blob): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), KEPT_MS);
}

export async function beginDownload(name: string, mime: string): Promise<FileSink> {
  try {
    return await onDisk(name, mime);
  } catch {
    return inMemory(name, mime);
  }
}

/** What an earlier page left there, or a tab that was closed. */
async function clear(folder: FileSystemDirectoryHandle): Promise<void> {
  for await (const key of folder.keys()) {
    // One that is being written cannot be removed, and shall not be.
    if (Number.parseInt(key, 10) < Date.now() - KEPT_MS) await folder.removeEntry(key).catch(() => undefined);
  }
}

async function onDisk(name: string, mime: string): Promise<FileSink> {
  const root = await navigator.storage.getDirectory();
  const folder = await root.getDirectoryHandle(FOLDER, { create: true });
  await clear(folder);
  const entry = `${Date.now()}-${crypto.randomUUID()}`;
  const handle = await folder.getFileHandle(entry, { create: true });
  const stream = await handle.createWritable();
  const remove = () => folder.removeEntry(entry).catch(() => undefined);
  return {
    write: (data) => stream.write(data as Uint8Array<ArrayBuffer>).catch((error: unknown) => Promise.reject(new ApiFailure('FileNotWritten', String(error)))),
    async finish() {
      await stream.close();
      // A slice is the same bytes on disk, under the type that was asked for.
      offer(name, (await handle.getFile()).slice(0, undefined, mime));
      setTimeout(() => void remove(), KEPT_MS);
    },
    async discard() {
      await stream.abort().catch(() => undefined);
      await remove();
    },
  };
}

function inMemory(name: string, mime: string): FileSink {
  let parts: BlobPart[] = [];
  return {
    async write(data) {
      parts.push(data as Uint8Array<ArrayBuffer>);
    },
    async finish() {
      offer(name, new Blob(parts, { type: mime }));
      parts = [];
    },
    async discard() {
      parts = [];
    },
  };
}
