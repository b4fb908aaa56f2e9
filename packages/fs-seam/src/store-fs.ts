import type { FileHandle, FileKind, FileStat, OpenFileOptions } from "./file-handle.js";

/** One entry of a listing. */
export interface DirectoryEntry {
  /** The name in the directory that was listed, not a path. */
  readonly name: string;
  /** What it is; a symlink is not followed. */
  readonly kind: FileKind;
}

/** What the platform under a backend can do. The platform observes; packages above decide what to promise. */
export interface FsCapabilities {
  /** `fsync`: a names barrier exists. `rename-only`: it does not (Windows), and `syncNames` returns without effect. */
  readonly namesBarrier: "fsync" | "rename-only";
  /** Whether anything survives the end of this process. */
  readonly persistent: boolean;
  /** Whether `link` works here. */
  readonly hardLinks: boolean;
  /** `try`: only an attempt can tell. */
  readonly reflink: "yes" | "no" | "try";
  /** Whether `punch` works here. */
  readonly punch: boolean;
  /** How `allocate` gets its storage. */
  readonly allocate: "zero-fill" | "native";
  /** `atomic`: a symlink leaf is refused by the open itself. `check-then-open`: by a look just before it. */
  readonly symlinkRefusal: "atomic" | "check-then-open" | "no-symlinks";
  /** How the directory lock tells a dead owner from a live one. */
  readonly lockEvidence: "process-start-time" | "process-id" | "simulated";
}

/** Room on the device, in bytes. */
export interface FsSpace {
  /** All of it, in use or not; `Number.MAX_SAFE_INTEGER` when there is no bound. */
  readonly totalBytes: number;
  /** Bytes an unprivileged writer can still use; `Number.MAX_SAFE_INTEGER` when there is no bound. */
  readonly availableBytes: number;
}

/** Names one run of one process on one boot of one machine. */
export interface ProcessIdentity {
  /** Process id; reused by the system, which is why it does not stand alone. */
  readonly pid: number;
  /** Start time of the process in the platform's own ticks, or "" where it cannot be read. */
  readonly startTime: string;
  /** Changes with every boot, or "" where it cannot be read. */
  readonly bootId: string;
  /** Machine and process namespace: two identities with different hosts cannot judge each other. */
  readonly host: string;
}

/**
 * One file system. Paths are absolute in the backend's own tree, `/`-separated and normalised: `/`, `/a`, `/a/b`. No
 * symlink is ever followed below the root. Every name is checked by the same rules in every backend (`fs-path.ts`).
 *
 * Names are as losable as bytes: creating, renaming, linking or removing is durable only after `syncNames` of the
 * directory concerned, a new directory only after `syncNames` of its parent.
 */
export interface StoreFs {
  /** Short backend name: `real`, `memory`, `crash`, `sim`, `fault(...)`. */
  readonly backend: string;
  /** Equal for two backends exactly when the same path means the same file in both. */
  readonly namespaceId: string;
  /** Whether every change is refused with `FS_READ_ONLY`. */
  readonly readOnly: boolean;

  /** What the platform below can do. The same for the life of this object. */
  capabilities(): FsCapabilities;

  /**
   * Opens, and by `create` makes, a file. The handle is the caller's to close. Never follows a symlink as the last
   * part of `path`.
   */
  open(path: string, options: OpenFileOptions): FileHandle;
  /** Describes the entry itself; never follows a symlink. */
  stat(path: string): FileStat;
  /** All entries, sorted by UTF-16 code unit. */
  list(path: string): DirectoryEntry[];
  /** Entries in batches and in no order, for directories too large to hold; a name may be missed that changes meanwhile. */
  listStream(path: string): AsyncIterable<DirectoryEntry[]>;

  /** Exclusive: `FS_ALREADY_EXISTS` when there is anything of that name. */
  makeDirectory(path: string): void;
  /** Removes an empty directory. */
  removeDirectory(path: string): void;
  /** Replaces an existing file, or an empty directory by a directory. Renaming onto itself does nothing. */
  rename(from: string, to: string): void;
  /** New name for the same file. `FS_ALREADY_EXISTS` when `to` exists. */
  link(from: string, to: string): void;
  /** Unlinks a file. The file lives on while handles or other names refer to it. */
  remove(path: string): void;
  /** Shares the storage of `from` with a new file `to`, or throws `FS_UNSUPPORTED`; never a hidden copy. */
  reflink(from: string, to: string): void;

  /**
   * Names barrier: resolves when the entries of this directory, as they were at the call, are durable. After a failure
   * every further names barrier of that directory throws `FS_POISONED` until the file system is opened anew.
   */
  syncNames(path: string): Promise<void>;
  /** As `syncNames`, and holds the event loop until the barrier has returned. */
  syncNamesBlocking(path: string): void;

  /** Room on the device, in bytes. */
  space(): FsSpace;

  /** Fresh text for temporary names and lock claims: random on a real system, a counter where runs must repeat. */
  nonce(): string;
  /** Who this process is, for the directory lock. */
  processIdentity(): ProcessIdentity;
  /** Whether the process of that identity still runs; `unknown` when it cannot be judged from here. */
  processState(identity: ProcessIdentity): "alive" | "dead" | "unknown";
}
