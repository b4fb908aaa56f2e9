import { checkBuffer, checkBytes, checkRange, checkRung } from "./fs-arguments.js";
import type { SyncRung } from "./durability.js";
import type { EngineFs } from "./engine-fs.js";
import { FsError, type FsErrorCode, type FsOperation } from "./fs-error.js";
import type { FileHandle, FileStat } from "./file-handle.js";
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
  readonly #fs: EngineFs;
  readonly #epoch: number;
  #closed = false;
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

  readAt(target: Uint8Array, offset: number): number {
    this.#checkLive("read");
    checkBuffer(target, "read", this.path);
    checkBytes(offset, "offset", "read", this.path);
    return this.#fs.readContent(this, target, offset);
  }

  async readAtAsync(target: Uint8Array, offset: number): Promise<number> {
    const count = this.readAt(target, offset);
    return this.#fs.settle("read", () => count);
  }

  writeAt(bytes: Uint8Array, offset: number): void {
    this.#checkWritable("write");
    checkBuffer(bytes, "write", this.path);
    checkRange(offset, bytes.length, "write", this.path);
    if (this.mode !== "write") {
      throw this.#refuse("FS_INVALID_ARGUMENT", "write", "an append handle takes no offset; use append", "EINVAL");
    }
    this.#fs.writeContent(this, bytes, offset, "write");
  }

  append(bytes: Uint8Array): void {
    this.#checkWritable("append");
    checkBuffer(bytes, "append", this.path);
    if (this.mode !== "append") {
      throw this.#refuse("FS_INVALID_ARGUMENT", "append", "the handle was not opened with mode append", "EINVAL");
    }
    this.#fs.writeContent(this, bytes, this.#fs.sizeOf(this.ino), "append");
  }

  truncate(size: number): void {
    this.#checkWritable("truncate");
    checkBytes(size, "size", "truncate", this.path);
    this.#fs.resize(this, size);
  }

  allocate(offset: number, length: number): void {
    this.#checkWritable("allocate");
    checkRange(offset, length, "allocate", this.path);
    this.#fs.allocate(this, offset, length);
  }

  punch(offset: number, length: number): void {
    this.#checkWritable("punch");
    checkRange(offset, length, "punch", this.path);
    this.#fs.punch(this, offset, length);
  }

  stat(): FileStat {
    this.#checkLive("stat");
    return this.#fs.statInode(this.ino);
  }

  #issue(rung: SyncRung): () => void {
    this.#checkLive("sync");
    checkRung(rung, this.path);
    if (this.#poison !== undefined) {
      throw this.#refuse("FS_POISONED", "sync", "an earlier barrier of this handle failed", undefined, this.#poison);
    }
    const complete = this.#fs.issueFileBarrier(this, rung);
    return () => {
      try {
        complete();
      } catch (error) {
        if (error instanceof FsError && error.code !== "FS_CRASHED") this.#poison = error;
        throw error;
      }
    };
  }

  async sync(rung: SyncRung): Promise<void> {
    const complete = this.#issue(rung);
    await this.#fs.settle("sync", complete);
  }

  syncBlocking(rung: SyncRung): void {
    this.#issue(rung)();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#epoch === this.#fs.epoch) this.#fs.closeHandle(this);
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
