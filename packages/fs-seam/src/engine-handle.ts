import { noteCleanupFailure } from "./cleanup-failure.js";
import { checkBuffer, checkBytes, checkRange, checkRung } from "./fs-arguments.js";
import type { SyncRung } from "./durability.js";
import type { EngineFs } from "./engine-fs.js";
import { FsError, type FsErrorCode, type FsOperation } from "./fs-error.js";
import type { FileHandle, FileStat } from "./file-handle.js";
import type { IssuedOperation } from "./issued-operation.js";
import type { HandleMediaFault, MediaHandle } from "./media-faults.js";
import { pageBytes } from "./paged-content.js";

/** A handle of the in-memory engine: an inode number, and the epoch after which it is dead. */
export class EngineHandle implements FileHandle, MediaHandle {
  readonly path: string;
  readonly mode: "read" | "write" | "append";
  /** @internal */
  readonly ino: number;
  /** @internal Taken by the next write or barrier. */
  armed: HandleMediaFault | undefined = undefined;
  /** @internal Failed barriers of the file that this handle has been told of. */
  heard = 0;
  readonly #fs: EngineFs;
  readonly #epoch: number;
  #closed = false;
  /** Promise operations that have not settled; the file lives as long as one of them does. */
  #inFlight = 0;
  #barriersInFlight = 0;
  #poison: FsError | undefined = undefined;

  /** @internal */
  constructor(fs: EngineFs, ino: number, path: string, mode: "read" | "write" | "append") {
    this.#fs = fs;
    this.ino = ino;
    this.path = path;
    this.mode = mode;
    this.#epoch = fs.epoch;
  }

  #refuse(code: FsErrorCode, operation: FsOperation, why: string, errno?: string, cause?: unknown): FsError {
    return new FsError(
      code,
      `${operation} ${this.path}: ${why}`,
      { operation, path: this.path, errno, injected: code === "FS_CRASHED" },
      cause === undefined ? undefined : { cause },
    );
  }

  #checkLive(operation: FsOperation): void {
    this.#fs.operations.take(operation, this.path);
    if (this.#epoch !== this.#fs.epoch) {
      throw this.#refuse("FS_CRASHED", operation, "a simulated crash has ended the process that held this handle");
    }
    if (this.#closed) throw this.#refuse("FS_CLOSED", operation, "the handle is closed", "EBADF");
  }

  #checkWritable(operation: FsOperation): void {
    this.#checkLive(operation);
    if (this.#poison !== undefined) {
      throw this.#refuse("FS_POISONED", operation, "an earlier barrier of this handle failed", undefined, this.#poison);
    }
    if (this.mode === "read") {
      throw this.#refuse("FS_INVALID_ARGUMENT", operation, "the handle was opened for reading", "EBADF");
    }
    if (this.#fs.readOnly) throw this.#refuse("FS_READ_ONLY", operation, "the file system is read-only", "EROFS");
  }

  #checkPositional(operation: FsOperation): void {
    this.#checkWritable(operation);
    if (this.mode === "append") {
      throw this.#refuse("FS_INVALID_ARGUMENT", operation, "an append handle only appends and truncates", "EBADF");
    }
  }

  readAt(target: Uint8Array, offset: number): number {
    this.#checkLive("read");
    checkBuffer(target, "read", this.path);
    checkBytes(offset, "offset", "read", this.path);
    return this.#fs.readContent(this, target, offset);
  }

  readAtAsync(target: Uint8Array, offset: number): Promise<number> {
    return this.#settle(() => this.#issueRead(target, offset));
  }

  /** The bytes are read when the operation takes effect: a write that came between issue and effect shows. */
  #issueRead(target: Uint8Array, offset: number): IssuedOperation<number> {
    this.#checkLive("read");
    checkBuffer(target, "read", this.path);
    checkBytes(offset, "offset", "read", this.path);
    let count = 0;
    let fail: (() => never) | undefined;
    return {
      operation: "read",
      path: this.path,
      lane: undefined,
      effect: () => {
        if (this.#epoch !== this.#fs.epoch) return;
        try {
          count = this.#fs.readContent(this, target, offset);
        } catch (error) {
          fail = () => {
            throw error;
          };
        }
      },
      complete: () => {
        this.#fs.checkEpoch(this.#epoch, "read", this.path);
        fail?.();
        return count;
      },
    };
  }

  /** Issues a promise operation. What the issue throws becomes the rejection; a close meanwhile waits for the end. */
  #settle<Result>(issue: () => IssuedOperation<Result>): Promise<Result> {
    let issued: IssuedOperation<Result>;
    try {
      issued = issue();
    } catch (error) {
      return Promise.reject(error);
    }
    this.#inFlight += 1;
    return this.#fs.settle({ ...issued, complete: () => this.#land(issued) });
  }

  #land<Result>(issued: IssuedOperation<Result>): Result {
    this.#inFlight -= 1;
    let result: Result;
    try {
      result = issued.complete();
    } catch (error) {
      try {
        this.#release();
      } catch (closeFailure) {
        noteCleanupFailure(error, closeFailure);
      }
      throw error;
    }
    this.#release();
    return result;
  }

  writeAt(bytes: Uint8Array, offset: number): void {
    this.#checkWritable("write");
    checkBuffer(bytes, "write", this.path);
    checkRange(offset, bytes.length, "write", this.path);
    if (this.mode !== "write") {
      throw this.#refuse("FS_INVALID_ARGUMENT", "write", "an append handle takes no offset; use append", "EBADF");
    }
    this.#fs.writeContent(this, bytes, offset, "write");
  }

  append(bytes: Uint8Array): void {
    this.#checkWritable("append");
    checkBuffer(bytes, "append", this.path);
    if (this.mode !== "append") {
      throw this.#refuse("FS_INVALID_ARGUMENT", "append", "the handle was not opened with mode append", "EBADF");
    }
    this.#fs.writeContent(this, bytes, this.#fs.sizeOf(this.ino), "append");
  }

  truncate(size: number): void {
    this.#checkWritable("truncate");
    checkBytes(size, "size", "truncate", this.path);
    this.#fs.resize(this, size);
  }

  allocate(offset: number, length: number): void {
    this.#checkPositional("allocate");
    checkRange(offset, length, "allocate", this.path);
    this.#fs.allocate(this, offset, length);
  }

  punch(offset: number, length: number): void {
    this.#checkPositional("punch");
    checkRange(offset, length, "punch", this.path);
    this.#fs.punch(this, offset, length);
  }

  stat(): FileStat {
    this.#checkLive("stat");
    return this.#fs.statInode(this.ino);
  }

  #checkBarrier(rung: SyncRung): void {
    this.#checkLive("sync");
    checkRung(rung, this.path);
    this.#checkSound();
  }

  #checkSound(): void {
    if (this.#poison === undefined) return;
    throw this.#refuse("FS_POISONED", "sync", "an earlier barrier of this handle failed", undefined, this.#poison);
  }

  /** Remembers the failure of a barrier, and returns it. */
  #poisonBy(error: unknown): unknown {
    if (error instanceof FsError && error.code !== "FS_CRASHED" && this.#fs.poisonsHandles) this.#poison = error;
    return error;
  }

  sync(rung: SyncRung): Promise<void> {
    return this.#settle(() => this.#issueBarrier(rung));
  }

  #issueBarrier(rung: SyncRung): IssuedOperation<void> {
    this.#checkBarrier(rung);
    const issued = this.#fs.issueFileBarrier(this, rung);
    this.#barriersInFlight += 1;
    return {
      ...issued,
      effect: () => {
        if (this.#poison === undefined) issued.effect();
      },
      complete: () => {
        this.#barriersInFlight -= 1;
        if (this.#epoch === this.#fs.epoch) this.#checkSound(); // the one before it in the lane may have failed
        try {
          issued.complete();
        } catch (error) {
          throw this.#poisonBy(error);
        }
      },
    };
  }

  syncBlocking(rung: SyncRung): void {
    this.#checkBarrier(rung);
    if (this.#barriersInFlight > 0) {
      throw this.#refuse("FS_BUSY", "sync", "a barrier of this handle is in flight; await its promise first");
    }
    try {
      this.#fs.fileBarrierBlocking(this, rung);
    } catch (error) {
      throw this.#poisonBy(error);
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#release();
  }

  /** Gives the handle back once it is closed and nothing is in flight; one that a crash has killed is gone already. */
  #release(): void {
    if (!this.#closed || this.#inFlight > 0 || this.#epoch !== this.#fs.epoch) return;
    this.#fs.closeHandle(this);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Arms a fault of the disk for the next write or barrier of this handle. */
  armMediaFault(fault: HandleMediaFault): void {
    this.#checkLive("sync");
    this.#fs.checkMediaFault(fault, this.path);
    if (fault.kind === "misdirectedWrite" && fault.offset % pageBytes !== 0) {
      throw this.#refuse("FS_INVALID_ARGUMENT", "write", `a misdirected write lands on a multiple of ${pageBytes}`);
    }
    this.armed = fault;
  }
}
