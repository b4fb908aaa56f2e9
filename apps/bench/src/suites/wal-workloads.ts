import { closeSync, fdatasync, fdatasyncSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDirectory } from "@holdfast/fs-seam";
import { openWal, type Wal, type WalSettings } from "@holdfast/wal";

/** What the parts of the suite `wal` share: a directory, a log in it, and the bare calls it is compared with. */

/** Payload of a record, unless a row says otherwise. */
export const recordBytes = 128;
/** What a log hands to the system at once, unless it is synced earlier. */
export const bufferBytes: number = 64 * 1024;
/** What one such record takes in a log: 32 bytes of header. The bare calls write as much, so that only the calls differ. */
export const framedBytes = 160;

/** Where the figures are taken: on the file system of the directory for temporary files. */
export async function inDirectory<T>(work: (path: string) => Promise<T>): Promise<T> {
  const path = mkdtempSync(join(tmpdir(), "holdfast-bench-"));
  try {
    return await work(path);
  } finally {
    rmSync(path, { recursive: true, force: true });
  }
}

export interface OpenedLog {
  readonly log: Wal;
  /** Closes the log and removes its files. */
  readonly dispose: () => Promise<void>;
}

/** A log with the defaults, in an empty directory of its own. */
export async function newLog(path: string, settings: WalSettings = {}): Promise<OpenedLog> {
  const own = mkdtempSync(join(path, "log-"));
  const log = await openWal({ directory: openDirectory(own), ...settings });
  return {
    log,
    async dispose() {
      await log.close();
      rmSync(own, { recursive: true });
    },
  };
}

/** A file under bare calls of `node:fs`. */
export class BareFile {
  readonly fd: number;
  position = 0;
  readonly #path: string;

  /** @param zeros - bytes that are there and synced before the first write, 0 for a file that grows. */
  constructor(path: string, zeros: number) {
    this.#path = join(path, "bare");
    this.fd = openSync(this.#path, "wx+");
    const chunk = new Uint8Array(1024 * 1024);
    for (let at = 0; at < zeros; at += chunk.length) {
      writeSync(this.fd, chunk, 0, Math.min(chunk.length, zeros - at), at);
    }
    fsyncSync(this.fd);
  }

  write(bytes: Uint8Array, length: number = bytes.length): void {
    writeSync(this.fd, bytes, 0, length, this.position);
    this.position += length;
  }

  sync(): Promise<void> {
    return new Promise((resolve, reject) => {
      fdatasync(this.fd, (error) => (error === null ? resolve() : reject(error)));
    });
  }

  dispose(): void {
    closeSync(this.fd);
    rmSync(this.#path);
  }
}

/** How many barriers this disk has done in so many milliseconds, in tens: a barrier takes 25 µs on one and 10 ms on another. */
export function barriersIn(durationMs: number, path: string): number {
  const file = new BareFile(path, 0);
  const record = newRecord(framedBytes);
  let count = 0;
  for (const start = performance.now(); performance.now() - start < durationMs; count += 1) {
    file.write(record);
    fdatasyncSync(file.fd);
  }
  file.dispose();
  return Math.max(10, Math.ceil(count / 10) * 10);
}

export function newRecord(length: number = recordBytes): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 31) & 0xff);
}
