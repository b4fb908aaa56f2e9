import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { noteCleanupFailure } from "./cleanup-failure.js";
import { checkOpenOptions } from "./fs-arguments.js";
import { errnoOf, fsErrorFrom, type FailureDetail } from "./fs-errno.js";
import { isFsError, type FsError, type FsOperation } from "./fs-error.js";
import { notAFile, poisoned, refusal } from "./fs-refusal.js";
import type { FileHandle, FileKind, FileStat, OpenFileOptions } from "./file-handle.js";
import { checkAbsolutePath } from "./fs-path.js";
import { describeStats, kindOf, nodeCalls, type RealCalls } from "./real-calls.js";
import { canonicalRoot, checkRealOptions, type RealFsOptions } from "./real-options.js";
import { RealFileHandle } from "./real-file-handle.js";
import { listEntries, streamEntries } from "./real-list.js";
import { currentProcess, processStateOf } from "./real-process.js";
import { runCall, type RealContext } from "./real-retry.js";
import type { DirectoryEntry, FsCapabilities, FsSpace, ProcessIdentity, StoreFs } from "./store-fs.js";

/**
 * The host's file system below one directory. Platform differences live in this file and in its `real-*` neighbours:
 *
 * | what                 | Linux (tested)              | macOS (not tested)          | Windows (not tested)                     |
 * | -------------------- | --------------------------- | --------------------------- | ---------------------------------------- |
 * | names barrier        | fsync of the directory      | same, as F_FULLFSYNC        | none: `rename-only`                      |
 * | symlink leaf at open | refused by O_NOFOLLOW       | same                        | refused by a look just before the open   |
 * | data barrier         | fdatasync                   | F_FULLFSYNC, like `full`    | FlushFileBuffers, needs a writing handle |
 * | rename               | atomic                      | atomic                      | tried again while another has it open    |
 * | owner of a lock      | pid, start time and boot    | pid                         | pid                                      |
 *
 * Symlinked parents are refused by a look at each level just before the call: Node has no `openat`. Whoever may write
 * into the tree can put a symlink there between the look and the call, so the root must belong to the program alone.
 *
 * Node opens every descriptor with O_CLOEXEC: children do not inherit them.
 */

/** Windows renames fail while a scanner or an indexer has the file open; 1 + 2 + ... + 512 ms is the longest we wait. */
const windowsRenameRetries = 10;
const windowsRenameErrnos: readonly (string | undefined)[] = ["EPERM", "EACCES", "EBUSY"];

/** What a file system answers that has no reflinks, or has none between these two files. */
const noCloneErrnos: readonly (string | undefined)[] = ["ENOTSUP", "EOPNOTSUPP", "ENOSYS", "ENOTTY", "EINVAL"];

export class RealFs implements StoreFs {
  readonly backend = "real";
  /** Path on the host, with every symlink resolved. For messages and for tools; it bypasses the seam. */
  readonly root: string;
  /** Whether every change is refused with `FS_READ_ONLY`. */
  readonly readOnly: boolean;
  readonly namespaceId: string;
  readonly #calls: RealCalls;
  readonly #windows: boolean;
  readonly #context: RealContext;
  readonly #prefix: string;
  /** First failed names barrier of each directory, by identity. */
  readonly #poisonedNames = new Map<string, FsError>();
  #identity: ProcessIdentity | undefined;

  /**
   * @throws {@link FsError} `FS_NOT_FOUND` or `FS_NOT_A_DIRECTORY` for the root, `FS_INVALID_ARGUMENT` for an option.
   */
  constructor(options: RealFsOptions) {
    checkRealOptions(options);
    const { root, readOnly = false, onRetry, calls, platform = process.platform } = options;
    this.root = canonicalRoot(root);
    this.readOnly = readOnly;
    this.#calls = calls === undefined ? nodeCalls : { ...nodeCalls, ...calls };
    this.#windows = platform === "win32";
    this.#context = { calls: this.#calls, onRetry };
    this.#prefix = this.root === "/" ? "" : this.root;
    this.namespaceId = `real:${this.#run("mount", "/", () => this.#calls.identity(this.root))}`;
  }

  capabilities(): FsCapabilities {
    return {
      namesBarrier: this.#windows ? "rename-only" : "fsync",
      persistent: true,
      hardLinks: true, // some file systems have none; `link` then throws FS_PERMISSION_DENIED or FS_UNSUPPORTED
      reflink: "try",
      punch: false,
      allocate: "zero-fill",
      symlinkRefusal: this.#windows ? "check-then-open" : "atomic",
      lockEvidence: this.#identitySelf().startTime === "" ? "process-id" : "process-start-time",
    };
  }

  /**
   * As {@link StoreFs.open}. An open that fails leaves nothing behind, with one exception: `create: "if-missing"` may
   * leave an empty file when the look at the opened file fails (`EIO`).
   */
  open(path: string, options: OpenFileOptions): FileHandle {
    checkAbsolutePath(path, "open");
    checkOpenOptions(options, path);
    const { mode, create = "never", truncate = false } = options;
    if (mode !== "read") this.#refuseReadOnly("open", path);
    const host = this.#hostOf(path, "open");
    if (this.#windows) this.#refuseSymlink(host, path, "open");
    const fd = this.#run(
      "open",
      path,
      () => this.#calls.open(host, openFlags(mode, create, truncate), 0o666),
      explainOpen,
    );
    // What an exclusive create made is a regular file for certain, so only other opens need the look.
    if (create !== "exclusive") this.#demandRegularFile(fd, path);
    return new RealFileHandle(fd, path, mode, this.#context);
  }

  /** O_NONBLOCK has let a FIFO or a device be opened without waiting for its other end; here it is refused. */
  #demandRegularFile(fd: number, path: string): void {
    let failure: FsError;
    try {
      const kind = this.#run("open", path, () => kindOf(this.#calls.fileStat(fd)));
      if (kind === "file") return;
      failure = notAFile(kind, "open", path);
    } catch (error) {
      failure = error as FsError; // #run throws nothing else
    }
    this.#giveBack(fd, path, failure);
  }

  /** Closes a descriptor that no handle owns, and throws `failure`, or else the failure of the close. */
  #giveBack(fd: number, path: string, failure?: FsError): void {
    try {
      this.#calls.close(fd);
    } catch (error) {
      const closeFailure = fsErrorFrom(error, "close", path);
      if (failure === undefined) throw closeFailure;
      noteCleanupFailure(failure, closeFailure);
    }
    if (failure !== undefined) throw failure;
  }

  stat(path: string): FileStat {
    checkAbsolutePath(path, "stat");
    const host = this.#hostOf(path, "stat");
    return this.#run("stat", path, () => describeStats(this.#calls.entryStat(host)));
  }

  /**
   * As {@link StoreFs.list}. A name that is not UTF-8 fails the whole call with `FS_INVALID_PATH`; a name that breaks
   * another rule of `fs-path.ts` is listed, although nothing can open it.
   */
  list(path: string): DirectoryEntry[] {
    const host = this.#directoryHost(path, "list");
    return this.#run("list", path, () => listEntries(this.#calls, host, path));
  }

  async *listStream(path: string): AsyncGenerator<DirectoryEntry[], void, undefined> {
    const host = this.#directoryHost(path, "list");
    const entries = this.#run("list", path, () => this.#calls.openEntries(host, 256));
    yield* streamEntries(entries, path);
  }

  makeDirectory(path: string): void {
    const host = this.#changeable(path, "makeDirectory");
    this.#run("makeDirectory", path, () => this.#calls.makeDirectory(host));
  }

  removeDirectory(path: string): void {
    const host = this.#changeable(path, "removeDirectory");
    this.#run("removeDirectory", path, () => this.#calls.removeDirectory(host), explainNotEmpty);
  }

  /**
   * As {@link StoreFs.rename}. When both paths are names of one file, nothing happens and both names stay: so POSIX has
   * it. A symlink is renamed or replaced itself, never followed.
   */
  rename(from: string, to: string): void {
    const hostFrom = this.#changeable(from, "rename", to);
    const hostTo = this.#changeable(to, "rename");
    if (from === to) {
      this.#run("rename", from, () => this.#calls.entryStat(hostFrom)); // a missing file is an error here too
      return;
    }
    const explain = (error: unknown): FailureDetail => ({ ...explainNotEmpty(error), destination: to });
    for (let attempt = 1; ; attempt += 1) {
      try {
        this.#run("rename", from, () => this.#calls.rename(hostFrom, hostTo), explain);
        return;
      } catch (error) {
        const errno = isFsError(error) ? error.errno : undefined;
        if (!this.#windows || attempt > windowsRenameRetries || !windowsRenameErrnos.includes(errno)) throw error;
        this.#context.onRetry?.({ operation: "rename", path: from, errno: errno ?? "", attempt });
        this.#calls.sleep(2 ** (attempt - 1));
      }
    }
  }

  link(from: string, to: string): void {
    const hostFrom = this.#changeable(from, "link", to);
    const hostTo = this.#changeable(to, "link");
    this.#demandFileEntry(hostFrom, from, "link", to); // link(2) follows symlinks on some systems, and keeps them on others
    this.#run(
      "link",
      from,
      () => this.#calls.link(hostFrom, hostTo),
      () => ({ destination: to }),
    );
  }

  reflink(from: string, to: string): void {
    const hostFrom = this.#changeable(from, "copy", to);
    const hostTo = this.#changeable(to, "copy");
    this.#demandFileEntry(hostFrom, from, "copy", to);
    this.#run(
      "copy",
      from,
      () => this.#calls.clone(hostFrom, hostTo),
      (error) =>
        noCloneErrnos.includes(errnoOf(error)) ? { destination: to, code: "FS_UNSUPPORTED" } : { destination: to },
    );
  }

  /** As {@link StoreFs.remove}. A symlink is removed itself. */
  remove(path: string): void {
    const host = this.#changeable(path, "remove");
    this.#run(
      "remove",
      path,
      () => this.#calls.unlink(host),
      (error) =>
        // Linux says EISDIR by itself, others EPERM, which may as well be about permissions.
        errnoOf(error) === "EPERM" && this.#kindOrUndefined(host) === "directory" ? { code: "FS_IS_A_DIRECTORY" } : {},
    );
  }

  async syncNames(path: string): Promise<void> {
    const barrier = this.#openNames(path);
    if (barrier === undefined) return;
    const error = await new Promise<Error | null>((done) => this.#calls.fsyncAsync(barrier.fd, done));
    this.#giveBack(barrier.fd, path, error === null ? undefined : this.#poisonNames(error, path, barrier.identity));
  }

  syncNamesBlocking(path: string): void {
    const barrier = this.#openNames(path);
    if (barrier === undefined) return;
    let failure: FsError | undefined;
    try {
      this.#calls.fsync(barrier.fd);
    } catch (error) {
      failure = this.#poisonNames(error, path, barrier.identity);
    }
    this.#giveBack(barrier.fd, path, failure);
  }

  /** A descriptor of the directory for its names barrier; undefined where the platform has none. */
  #openNames(path: string): { readonly fd: number; readonly identity: string } | undefined {
    const host = this.#directoryHost(path, "syncNames");
    if (this.#windows) return undefined;
    const identity = this.#run("syncNames", path, () => this.#calls.identity(host));
    const failure = this.#poisonedNames.get(identity);
    if (failure !== undefined) {
      throw poisoned("syncNames", path, failure);
    }
    const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
    return { fd: this.#run("syncNames", path, () => this.#calls.open(host, flags, 0)), identity };
  }

  /** Each barrier opens the directory afresh, and would not hear again what was reported to an earlier descriptor. */
  #poisonNames(error: unknown, path: string, identity: string): FsError {
    const failure = fsErrorFrom(error, "syncNames", path);
    this.#poisonedNames.set(identity, failure);
    return failure;
  }

  /** Of the file system that holds the root; one mounted below it is not looked at. */
  space(): FsSpace {
    const { bsize, blocks, bavail } = this.#run("space", "/", () => this.#calls.space(this.root));
    return { totalBytes: clampBytes(blocks * bsize), availableBytes: clampBytes(bavail * bsize) };
  }

  /** 16 hexadecimal digits from the system's random source. */
  nonce(): string {
    return randomBytes(8).toString("hex");
  }

  processIdentity(): ProcessIdentity {
    return this.#identitySelf();
  }

  processState(identity: ProcessIdentity): "alive" | "dead" | "unknown" {
    return processStateOf(identity, this.#identitySelf());
  }

  #identitySelf(): ProcessIdentity {
    this.#identity ??= Object.freeze(currentProcess());
    return this.#identity;
  }

  #run<T>(operation: FsOperation, path: string, call: () => T, explain?: (error: unknown) => FailureDetail): T {
    return runCall(this.#context, operation, path, call, explain);
  }

  /** Path on the host of an entry that is to be changed. */
  #changeable(path: string, operation: FsOperation, destination?: string): string {
    checkAbsolutePath(path, operation);
    if (destination !== undefined) checkAbsolutePath(destination, operation);
    this.#refuseReadOnly(operation, path);
    return this.#hostOf(path, operation);
  }

  #refuseReadOnly(operation: FsOperation, path: string): void {
    if (!this.readOnly) return;
    throw refusal("FS_READ_ONLY", operation, path, "opened read-only", { errno: "EROFS" });
  }

  /** Path on the host of a checked path, once every level above it has proved to be a directory and no symlink. */
  #hostOf(path: string, operation: FsOperation): string {
    // Nothing else that is asked of the root can succeed: it exists, and is a directory.
    if (path === "/" && (operation === "rename" || operation === "removeDirectory")) {
      throw refusal("FS_BUSY", operation, path, "is the root directory", { errno: "EBUSY" });
    }
    for (let cut = path.indexOf("/", 1); cut !== -1; cut = path.indexOf("/", cut + 1)) {
      this.#demandDirectory(path.slice(0, cut), path, operation);
    }
    return path === "/" ? this.root : this.#prefix + path;
  }

  /** Path on the host of something that must be a directory, and no symlink to one. */
  #directoryHost(path: string, operation: FsOperation): string {
    checkAbsolutePath(path, operation);
    const host = this.#hostOf(path, operation);
    if (path !== "/") this.#demandDirectory(path, path, operation);
    return host;
  }

  #demandDirectory(level: string, path: string, operation: FsOperation): void {
    const kind = this.#run(operation, path, () => kindOf(this.#calls.entryStat(this.#prefix + level)));
    if (kind === "directory") return;
    throw kind === "symlink"
      ? symlinkRefused(operation, path, `${level} is a symlink`)
      : refusal("FS_NOT_A_DIRECTORY", operation, path, `${level} is no directory`, { errno: "ENOTDIR" });
  }

  #demandFileEntry(host: string, path: string, operation: FsOperation, destination: string): void {
    const kind = this.#run(
      operation,
      path,
      () => kindOf(this.#calls.entryStat(host)),
      () => ({ destination }),
    );
    if (kind !== "file") throw notAFile(kind, operation, path, { destination });
  }

  #refuseSymlink(host: string, path: string, operation: FsOperation): void {
    if (this.#kindOrUndefined(host) === "symlink") throw symlinkRefused(operation, path, "is a symlink");
  }

  #kindOrUndefined(host: string): FileKind | undefined {
    try {
      return kindOf(this.#calls.entryStat(host));
    } catch {
      return undefined; // the call that follows, or has failed already, says why
    }
  }
}

function symlinkRefused(operation: FsOperation, path: string, what: string): FsError {
  return refusal("FS_SYMLINK_REFUSED", operation, path, what, { errno: "ELOOP" });
}

function openFlags(mode: "read" | "write" | "append", create: string, truncate: boolean): number {
  // Undefined on Windows, where `| undefined` adds nothing. O_RDWR for both kinds of writing: every handle can read.
  let flags = constants.O_NOFOLLOW | constants.O_NONBLOCK | (mode === "read" ? constants.O_RDONLY : constants.O_RDWR);
  if (mode === "append") flags |= constants.O_APPEND;
  if (create !== "never") flags |= constants.O_CREAT;
  if (create === "exclusive") flags |= constants.O_EXCL;
  if (truncate) flags |= constants.O_TRUNC;
  return flags;
}

/** ENXIO: a socket, or a device without a driver. */
function explainOpen(error: unknown): FailureDetail {
  return errnoOf(error) === "ENXIO" ? { code: "FS_UNSUPPORTED" } : {};
}

/** POSIX lets a system say EEXIST for a directory that is not empty. */
function explainNotEmpty(error: unknown): FailureDetail {
  return errnoOf(error) === "EEXIST" ? { code: "FS_DIRECTORY_NOT_EMPTY" } : {};
}

function clampBytes(bytes: bigint): number {
  return bytes > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(bytes);
}
