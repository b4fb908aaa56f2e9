import { EventEmitter } from "node:events";
import { createInterface, type Interface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { readArguments } from "./callback-functions.js";
import { unsupported } from "./node-fs-error.js";
import type { OpenFile } from "./open-file.js";
import type { SyncFunctions } from "./sync-functions.js";
import type { Turns } from "./turns.js";
import type { Volume } from "./volume.js";
import { readWholeAsync, writeWholeAsync } from "./whole-file.js";

/** What a handle works with. */
export interface HandleContext {
  readonly volume: Volume;
  readonly sync: SyncFunctions;
  readonly turns: Turns;
  /** Makes streams on a descriptor. */
  readonly streams: {
    createReadStream(path: unknown, options: unknown): Readable;
    createWriteStream(path: unknown, options: unknown): Writable;
  };
}

/** What `fs.promises.open` gives: Node's `FileHandle`. */
export class VirtualFileHandle extends EventEmitter {
  readonly #file: OpenFile;
  readonly #context: HandleContext;
  #closed = false;
  /** Calls that have not completed; a close waits for them. */
  #inFlight = 0;
  #closing: Promise<void> | undefined;
  /** Lets a close that waits go on. */
  #idle: () => void = () => undefined;

  constructor(file: OpenFile, context: HandleContext) {
    super();
    this.#file = file;
    this.#context = context;
    file.onClose = () => {
      this.#closed = true;
      this.emit("close");
    };
  }

  get fd(): number {
    return this.#closed ? -1 : this.#file.fd;
  }

  /** Runs a call of this handle, which keeps a close waiting. */
  async #run<T>(syscall: string, call: (turns: Turns) => Promise<T>): Promise<T> {
    if (this.#closed || this.#closing !== undefined) {
      throw Object.assign(new Error("file closed"), { code: "EBADF", syscall });
    }
    this.#inFlight += 1;
    try {
      return await call(this.#context.turns.begin());
    } finally {
      this.#inFlight -= 1;
      if (this.#inFlight === 0) this.#idle();
    }
  }

  #issue<T>(syscall: string, call: (sync: SyncFunctions, fd: number) => T): Promise<T> {
    return this.#run(syscall, (turns) => turns.issue(() => call(this.#context.sync, this.#file.fd)));
  }

  stat(options?: unknown): Promise<unknown> {
    return this.#issue("fstat", (sync, fd) => sync.fstatSync(fd, options));
  }

  chmod(mode: unknown): Promise<void> {
    return this.#issue("fchmod", (sync, fd) => sync.fchmodSync(fd, mode));
  }

  chown(uid: unknown, gid: unknown): Promise<void> {
    return this.#issue("fchown", (sync, fd) => sync.fchownSync(fd, uid, gid));
  }

  utimes(atime: unknown, mtime: unknown): Promise<void> {
    return this.#issue("futimes", (sync, fd) => sync.futimesSync(fd, atime, mtime));
  }

  truncate(length?: unknown): Promise<void> {
    return this.#issue("ftruncate", (sync, fd) => sync.ftruncateSync(fd, length));
  }

  read(...values: unknown[]): Promise<{ bytesRead: number; buffer: ArrayBufferView }> {
    return this.#issue("read", (sync, fd) => {
      const { buffer, place } = readArguments(values);
      return { bytesRead: sync.readSync(fd, buffer, place), buffer };
    });
  }

  readv(buffers: unknown, position?: unknown): Promise<{ bytesRead: number; buffers: unknown }> {
    return this.#issue("readv", (sync, fd) => ({ bytesRead: sync.readvSync(fd, buffers, position), buffers }));
  }

  write(buffer: unknown, ...place: unknown[]): Promise<{ bytesWritten: number; buffer: unknown }> {
    return this.#issue("write", (sync, fd) => ({ bytesWritten: sync.writeSync(fd, buffer, ...place), buffer }));
  }

  writev(buffers: unknown, position?: unknown): Promise<{ bytesWritten: number; buffers: unknown }> {
    return this.#issue("writev", (sync, fd) => ({ bytesWritten: sync.writevSync(fd, buffers, position), buffers }));
  }

  readFile(options?: unknown): Promise<Buffer | string> {
    return this.#run("readFile", (turns) => readWholeAsync(this.#context.volume, turns, this.#file.fd, options));
  }

  /** Writes from where the descriptor stands. */
  writeFile(data: unknown, options?: unknown): Promise<void> {
    const form = { defaultFlag: "w", chunked: true };
    return this.#run("writeFile", (turns) =>
      writeWholeAsync(this.#context.volume, turns, this.#file.fd, data, options, form),
    );
  }

  appendFile(data: unknown, options?: unknown): Promise<void> {
    return this.writeFile(data, options);
  }

  /** `fsync`; of a directory, the barrier of its names. */
  sync(): Promise<void> {
    return this.#run("fsync", (turns) => turns.barrier(() => this.#context.volume.sync(this.#file, "full", "fsync")));
  }

  /** `fdatasync`; of a directory, the barrier of its names. */
  datasync(): Promise<void> {
    return this.#run("fdatasync", (turns) =>
      turns.barrier(() => this.#context.volume.sync(this.#file, "data", "fdatasync")),
    );
  }

  createReadStream(options?: object): Readable {
    return this.#context.streams.createReadStream("", { ...options, fd: this });
  }

  createWriteStream(options?: object): Writable {
    return this.#context.streams.createWriteStream("", { ...options, fd: this });
  }

  readLines(options?: object): Interface {
    return createInterface({ input: this.createReadStream(options), crlfDelay: Number.POSITIVE_INFINITY });
  }

  readableWebStream(): never {
    throw unsupported("FileHandle.readableWebStream");
  }

  getAsyncId(): never {
    throw unsupported("FileHandle.getAsyncId");
  }

  /** Waits for the calls of this handle that have not completed. Closing twice is no error. */
  close(): Promise<void> {
    if (this.#closing !== undefined) return this.#closing;
    if (this.#closed) return Promise.resolve();
    const idle = new Promise<void>((resolve) => {
      this.#idle = resolve;
    });
    this.#closing = idle.then(() => this.#context.turns.issue(() => this.#context.volume.close(this.#file.fd)));
    if (this.#inFlight === 0) this.#idle();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
