import { cleanUpAfter, noteCleanupFailure } from "./cleanup-failure.js";
import { checkBuffer, checkBytes, checkRange, checkRung } from "./fs-arguments.js";
import { fsErrorFrom } from "./fs-errno.js";
import type { FsError, FsOperation } from "./fs-error.js";
import { poisoned, refusal } from "./fs-refusal.js";
import type { SyncRung } from "./durability.js";
import type { FileHandle, FileStat } from "./file-handle.js";
import { BarrierQueue } from "./real-barrier-queue.js";
import { describeStats, maxTransferBytes, type RealCalls } from "./real-calls.js";
import { demandRetry, runCall, type RealContext } from "./real-retry.js";

/**
 * An open file of a real disk. Invariants:
 *
 * - The descriptor is given back exactly once, and never while a promise of this handle still uses it: a number that is
 *   free again belongs to whoever opens next, and a late fsync would answer for a stranger's file. `close` during such a
 *   promise ends the handle at once and the descriptor when the last promise settles.
 * - One barrier at a time (`real-barrier-queue.ts`). Promises queue; the blocking twin cannot wait for the pool that
 *   carries them out, and throws `FS_BUSY`.
 * - After a failed barrier no write and no barrier of this handle reaches the platform again.
 *
 * The hot methods ask one boolean, make one call and leave; everything else is out of line.
 */

const zeroChunkBytes = 0x10_0000;
let zeros: Uint8Array | undefined; // made by the first allocate that needs it, never written to

export class RealFileHandle implements FileHandle {
  readonly path: string;
  readonly mode: "read" | "write" | "append";
  readonly #calls: RealCalls;
  readonly #context: RealContext;
  readonly #fd: number;
  /** Both false once closed or poisoned; at most one is ever true. */
  #mayWriteAt: boolean;
  #mayAppend: boolean;
  #open = true;
  /** The failed barrier that poisoned this handle. */
  #failure: FsError | undefined;
  /** Promises that still use the descriptor. */
  #inFlight = 0;
  readonly #barriers = new BarrierQueue();

  /** Takes over the descriptor `fd`, which must be of a regular file. */
  constructor(fd: number, path: string, mode: "read" | "write" | "append", context: RealContext) {
    this.path = path;
    this.mode = mode;
    this.#calls = context.calls;
    this.#context = context;
    this.#fd = fd;
    this.#mayWriteAt = mode === "write";
    this.#mayAppend = mode === "append";
  }

  readAt(target: Uint8Array, offset: number): number {
    if (!this.#open || !(target instanceof Uint8Array) || !isRange(offset, target.length)) {
      return this.#readRest(this.#readable(target, offset), offset, 0);
    }
    const { length } = target;
    let done = 0;
    if (length <= maxTransferBytes) {
      try {
        done = this.#calls.read(this.#fd, target, 0, length, offset);
        if (done === length || done === 0) return done;
      } catch (error) {
        this.#tryAgain(error, "read", 1, offset, 0);
      }
    }
    return this.#readRest(target, offset, done);
  }

  #readRest(target: Uint8Array, offset: number, start: number): number {
    let done = start;
    let interruptions = 0;
    while (done < target.length) {
      try {
        const length = Math.min(target.length - done, maxTransferBytes);
        const count = this.#calls.read(this.#fd, target, done, length, offset + done);
        if (count === 0) break; // end of file
        done += count;
        interruptions = 0;
      } catch (error) {
        interruptions += 1;
        this.#tryAgain(error, "read", interruptions, offset, done);
      }
    }
    return done;
  }

  async readAtAsync(buffer: Uint8Array, offset: number): Promise<number> {
    const target = this.#readable(buffer, offset);
    this.#inFlight += 1;
    let done = 0;
    try {
      for (let interruptions = 0; done < target.length;) {
        try {
          const count = await this.#readOnce(target, done, offset + done);
          if (count === 0) break; // end of file
          done += count;
          interruptions = 0;
        } catch (error) {
          interruptions += 1;
          this.#tryAgain(error, "read", interruptions, offset, done);
        }
      }
    } catch (error) {
      this.#settle(error);
      throw error;
    }
    this.#settle();
    return done;
  }

  #readOnce(target: Uint8Array, at: number, offset: number): Promise<number> {
    return new Promise((resolve, reject) => {
      const length = Math.min(target.length - at, maxTransferBytes);
      this.#calls.readAsync(this.#fd, target, at, length, offset, (error, count) => {
        if (error === null) resolve(count);
        else reject(error);
      });
    });
  }

  writeAt(bytes: Uint8Array, offset: number): void {
    if (!this.#mayWriteAt || !(bytes instanceof Uint8Array) || !isRange(offset, bytes.length)) {
      this.#checkMode("write", "write");
      checkBuffer(bytes, "write", this.path);
      checkRange(offset, bytes.length, "write", this.path);
    }
    const { length } = bytes;
    let done = 0;
    if (length <= maxTransferBytes) {
      try {
        done = this.#calls.write(this.#fd, bytes, 0, length, offset);
        if (done === length) return;
      } catch (error) {
        this.#tryAgain(error, "write", 1, offset, 0);
      }
    }
    this.#writeRest(bytes, "write", offset, done);
  }

  append(bytes: Uint8Array): void {
    if (!this.#mayAppend || !(bytes instanceof Uint8Array)) {
      this.#checkMode("append", "append");
      checkBuffer(bytes, "append", this.path);
    }
    const { length } = bytes;
    let done = 0;
    if (length <= maxTransferBytes) {
      try {
        done = this.#calls.write(this.#fd, bytes, 0, length, null);
        if (done === length) return;
      } catch (error) {
        this.#tryAgain(error, "append", 1, undefined, 0);
      }
    }
    this.#writeRest(bytes, "append", null, done);
  }

  /** The rest of a write that the platform accepted only in part, or not at all yet. */
  #writeRest(
    bytes: Uint8Array,
    operation: "write" | "append" | "allocate",
    offset: number | null,
    start: number,
  ): void {
    let done = start;
    let interruptions = 0;
    while (done < bytes.length) {
      const length = Math.min(bytes.length - done, maxTransferBytes);
      let count = 0;
      try {
        count = this.#calls.write(this.#fd, bytes, done, length, offset === null ? null : offset + done);
        interruptions = 0;
      } catch (error) {
        interruptions += 1;
        this.#tryAgain(error, operation, interruptions, offset ?? undefined, done);
        continue;
      }
      // Nothing accepted and no error: asking again could go on for ever.
      if (count === 0) {
        throw refusal("FS_IO", operation, this.path, "the platform accepts nothing and gives no reason", {
          offset: offset ?? undefined,
          transferred: done,
        });
      }
      done += count;
    }
  }

  truncate(size: number): void {
    this.#checkChange("truncate");
    checkBytes(size, "size", "truncate", this.path);
    this.#run("truncate", () => this.#calls.truncate(this.#fd, size), size);
  }

  /**
   * Writes zeros from the present end of the file to the end of the range, 1 MiB at a time: Node has no `fallocate`.
   * Bytes that exist are not written again, so holes among them stay holes. On failure the old length is put back.
   */
  allocate(offset: number, length: number): void {
    this.#checkMode("allocate", "write");
    checkRange(offset, length, "allocate", this.path);
    const { size } = this.#run("allocate", () => this.#calls.fileStat(this.#fd));
    const end = offset + length;
    zeros ??= new Uint8Array(zeroChunkBytes);
    try {
      for (let at = Math.max(size, offset); at < end; at += zeroChunkBytes) {
        this.#writeRest(end - at < zeroChunkBytes ? zeros.subarray(0, end - at) : zeros, "allocate", at, 0);
      }
    } catch (error) {
      cleanUpAfter(error, () => this.#calls.truncate(this.#fd, size));
      throw error;
    }
  }

  punch(offset: number, length: number): void {
    this.#checkMode("punch", "write");
    checkRange(offset, length, "punch", this.path);
    throw refusal("FS_UNSUPPORTED", "punch", this.path, "Node cannot free a range of a file", { offset });
  }

  stat(): FileStat {
    if (!this.#open) throw this.#closedError("stat");
    return this.#run("stat", () => describeStats(this.#calls.fileStat(this.#fd)));
  }

  #run<T>(operation: FsOperation, call: () => T, offset?: number): T {
    return runCall(this.#context, operation, this.path, call, () => ({ offset }));
  }

  /** Queues behind a barrier of this handle that is still in flight, and then fails if that one did. */
  sync(rung: SyncRung): Promise<void> {
    try {
      this.#checkBarrier(rung);
    } catch (error) {
      return Promise.reject(error);
    }
    this.#inFlight += 1;
    return this.#barriers.run(
      () => this.#barrier(rung),
      (error) => this.#settle(error),
    );
  }

  #barrier(rung: SyncRung): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(poisoned("sync", this.path, this.#failure));
    return new Promise((resolve, reject) => {
      const done = (error: Error | null): void => {
        if (error === null) resolve();
        else reject(this.#poison(error));
      };
      if (rung === "data") this.#calls.fdatasyncAsync(this.#fd, done);
      else this.#calls.fsyncAsync(this.#fd, done);
    });
  }

  syncBlocking(rung: SyncRung): void {
    this.#checkBarrier(rung);
    if (this.#barriers.busy) {
      throw refusal("FS_BUSY", "sync", this.path, "a barrier of this handle is in flight; await it first");
    }
    try {
      if (rung === "data") this.#calls.fdatasync(this.#fd);
      else this.#calls.fsync(this.#fd);
    } catch (error) {
      throw this.#poison(error);
    }
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#mayWriteAt = false;
    this.#mayAppend = false;
    if (this.#inFlight === 0) this.#release();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /**
   * A promise is done with the descriptor. A close that waited for it happens now; when that fails, the promise fails with
   * its error, or keeps its own `error` and takes the other along.
   */
  #settle(error?: unknown): void {
    this.#inFlight -= 1;
    if (this.#open || this.#inFlight > 0) return;
    try {
      this.#release();
    } catch (closeFailure) {
      if (error === undefined) throw closeFailure;
      noteCleanupFailure(error, closeFailure);
    }
  }

  #release(): void {
    try {
      this.#calls.close(this.#fd); // never again, whatever it says: after EINTR too the descriptor is gone
    } catch (error) {
      throw fsErrorFrom(error, "close", this.path);
    }
  }

  #poison(error: unknown): FsError {
    const failure = fsErrorFrom(error, "sync", this.path);
    this.#failure ??= failure;
    this.#mayWriteAt = false;
    this.#mayAppend = false;
    return failure;
  }

  #closedError(operation: FsOperation): FsError {
    return refusal("FS_CLOSED", operation, this.path, "the handle is closed");
  }

  #checkBarrier(rung: SyncRung): void {
    if (!this.#open) throw this.#closedError("sync");
    checkRung(rung, this.path);
    if (this.#failure !== undefined) throw poisoned("sync", this.path, this.#failure);
  }

  #checkChange(operation: FsOperation): void {
    if (!this.#open) throw this.#closedError(operation);
    if (this.#failure !== undefined) throw poisoned(operation, this.path, this.#failure);
    if (this.mode === "read") throw this.#wrongMode(operation, "write or append");
  }

  #checkMode(operation: FsOperation, needed: "write" | "append"): void {
    this.#checkChange(operation);
    if (this.mode !== needed) throw this.#wrongMode(operation, needed);
  }

  /** The part of `target` that a file could fill, which ends at 2^53-1, once the arguments have proved to be right. */
  #readable(target: Uint8Array, offset: number): Uint8Array {
    if (!this.#open) throw this.#closedError("read");
    checkBuffer(target, "read", this.path);
    checkBytes(offset, "offset", "read", this.path);
    return isRange(offset, target.length) ? target : target.subarray(0, Number.MAX_SAFE_INTEGER - offset);
  }

  #wrongMode(operation: FsOperation, needed: string): FsError {
    const why = `needs a handle of mode ${needed}, not ${this.mode}`;
    return refusal("FS_INVALID_ARGUMENT", operation, this.path, why, { errno: "EBADF" });
  }

  #tryAgain(
    error: unknown,
    operation: FsOperation,
    attempt: number,
    offset: number | undefined,
    transferred: number,
  ): void {
    demandRetry(this.#context, error, operation, this.path, attempt, { offset, transferred });
  }
}

/** Whether `offset` and the end of the range are whole numbers from 0 to 2^53-1. */
function isRange(offset: number, length: number): boolean {
  return Number.isInteger(offset) && offset >= 0 && offset <= Number.MAX_SAFE_INTEGER - length;
}
