import type { SyncRung } from "./durability.js";

/** How a file is opened. */
export interface OpenFileOptions {
  /**
   * `read`: positioned reads. `write`: positioned reads and writes. `append`: positioned reads, and writes that always
   * land at the end, whoever else appends. The two kinds of writing never mix on one handle, because Linux ignores the
   * offset of a write on an append descriptor.
   */
  readonly mode: "read" | "write" | "append";
  /** `never` (default): the file must exist. `if-missing`: created when absent. `exclusive`: must be absent. */
  readonly create?: "never" | "if-missing" | "exclusive";
  /** Cut an existing file to length 0; only with mode `write`. Default false. */
  readonly truncate?: boolean;
}

/** What an entry of a directory is. */
export type FileKind = "file" | "directory" | "symlink" | "other";

/** What is known of a file without reading it. */
export interface FileStat {
  /** What the entry is; a symlink is not followed. */
  readonly kind: FileKind;
  /** Length in bytes; 0 for directories in virtual backends. */
  readonly size: number;
  /** Names that refer to this file. */
  readonly links: number;
  /** Bytes of storage in use; holes cost nothing. */
  readonly allocatedBytes: number;
}

/**
 * An open file, bound to the file itself and not to its name: it survives rename and unlink.
 *
 * Offsets and lengths are bytes, whole numbers from 0 to 2^53-1; anything else throws `FS_INVALID_ARGUMENT`.
 * Buffers are borrowed until the call returns, or until its promise settles. Every method throws `FS_CLOSED` after
 * `close`, and `FS_CRASHED` when a simulated crash has killed the handle. After a failed barrier every write and barrier
 * of the handle throws `FS_POISONED` with the first failure as its cause; reads go on. A change through a handle of mode
 * `read` throws `FS_INVALID_ARGUMENT` with errno `EBADF`.
 *
 * A failed barrier is reported once to every handle that was open when it failed, at that handle's own next barrier; a
 * handle opened later hears nothing of it.
 */
export interface FileHandle {
  /** Path at open time; for messages only. */
  readonly path: string;
  /** What it was opened for. `append` writes at the end alone. */
  readonly mode: "read" | "write" | "append";

  /** Reads until `target` is full or the file ends, and returns the count; a short count means end of file. */
  readAt(target: Uint8Array, offset: number): number;
  /** Promise form of {@link readAt}; `target` is borrowed until the promise settles. */
  readAtAsync(target: Uint8Array, offset: number): Promise<number>;

  /**
   * Writes all of `bytes` at `offset`, in as many system calls as it takes; a gap behind the end reads as zeros.
   * On failure the error's `transferred` says how many bytes were accepted. Durability: `os`.
   */
  writeAt(bytes: Uint8Array, offset: number): void;
  /** Writes all of `bytes` at the end of the file. Only with mode `append`. Durability: `os`. */
  append(bytes: Uint8Array): void;
  /** Cuts or zero-extends the file. Durability: `os`. */
  truncate(size: number): void;
  /** Not with mode `append`. Makes the range real, zero-filled storage: bytes that exist stay, the file grows if the range ends behind it. */
  allocate(offset: number, length: number): void;
  /** Not with mode `append`. Frees the storage of a range, which then reads as zeros; the length stays. `FS_UNSUPPORTED` without `punch`. */
  punch(offset: number, length: number): void;

  /** Describes the open file. */
  stat(): FileStat;

  /** Barrier: resolves when everything written to this file before the call is on that rung. Never retry a failure. */
  sync(rung: SyncRung): Promise<void>;
  /**
   * The same, holding the event loop until it returns. `FS_BUSY` while a promise barrier of the same handle is under way:
   * a kernel would report a failure to only one of the two.
   */
  syncBlocking(rung: SyncRung): void;

  /** Closes the handle, is idempotent, and is not a barrier. */
  close(): void;
  [Symbol.dispose](): void;
}
