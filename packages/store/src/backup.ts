import { createHash, type Hash } from "node:crypto";
import { acquireDirectoryLock, cleanUpAfter, stageFile, type Directory, type FileHandle } from "@holdfast/fs-seam";
import { inspectSegmentHeader, SEGMENT_HEADER_BYTES, type ByteSource } from "@holdfast/segment-codec";
import type { LogSegment } from "@holdfast/wal/places";
import { copyFault, copySegment, type SegmentCopyOptions } from "@holdfast/wal/rewrite";
import type { EventDefinition } from "./event-definition.js";
import { exclusively } from "./maintenance-lock.js";
import type { MaintenanceParts } from "./maintenance-parts.js";
import type { Store } from "./store.js";
import { StoreError } from "./store-error.js";
import { checkDirectory, checkOptions, checkWatching, checkWriter, refused } from "./option-checks.js";
import { UNFINISHED_BACKUP } from "./unfinished-backup.js";
import { refuseAborted } from "./verification.js";

/**
 * A copy of a store, taken while it is written to: every event up to one that was durable when it began. What a crash leaves of the target:
 *
 * 1. Before the name `UNFINISHED-BACKUP` is durable: an empty directory, or that name.
 * 2. While the first segment is copied to a file of that name: any part of it. Its content is synced before any other segment gets a name.
 * 3. While the others are copied, each under a temporary name, synced and read back before it gets its own: any number of them, each complete.
 * 4. Between the rename of the first one to its own name, which is the commit point, and the barrier behind it: an unfinished backup or
 *    the whole one.
 *
 * An unfinished backup is refused by whoever would open it as a store, and the next backup into it begins again.
 *
 * Frames are encoded anew, each verified as it is read. So what is dead in the files of the store stays behind, and every copied file states all it
 * holds as durable: damage in the midst of a backup is never taken for a torn tail. A copy that was cut short behind its first segment looks
 * like a shorter store; `verifyBackup`, and the anchor, tell.
 */

export interface BackupOptions {
  /** Ends it with `STORE_ABORTED`, and leaves an unfinished backup. */
  readonly signal?: AbortSignal;
  /** Hears how far it has come, every millisecond or two of work; what it throws ends the work. */
  readonly onProgress?: (progress: BackupProgress) => void;
}

/** How far a backup is. */
export interface BackupProgress {
  /** Bytes that are copied. */
  readonly bytes: number;
  /** About: of the files that are copied. */
  readonly totalBytes: number;
}

/** A file of a backup. */
export interface BackupFile {
  /** In the directory of the backup. */
  readonly name: string;
  /** Its length. */
  readonly bytes: number;
  /** SHA-256 of its content, in hexadecimal digits. */
  readonly sha256: string;
}

/** What a backup is of and consists of. Plain data, to be kept elsewhere: `verifyBackup` holds the files against it. */
export interface BackupReport {
  /** Which store, up to which event, and the hash of that one, which seals all before it. Hexadecimal digits; empty without events. */
  readonly anchor: { readonly id: string; readonly sequence: number; readonly hash: string };
  /** All of them, in the order of their names. */
  readonly files: readonly BackupFile[];
  /** Of all of them. */
  readonly bytes: number;
}

/**
 * Copies the store, as far as it is durable at the call, into a directory that is empty or holds an unfinished backup of the same store.
 * The store is read and appended to meanwhile. Durability: the backup survives a power loss once it resolves.
 *
 * What opens the result is the same store, with the same id, up to that event. Named cursors and other files that are no events are left out.
 *
 * @throws {@link StoreError} `STORE_INVALID_OPTION` for a target that holds anything else, or lies in the store's directory; `STORE_BUSY`,
 * `STORE_ABORTED`, `STORE_CLOSED`. `WalError` `WAL_CORRUPT` with file and offset where the store is damaged: restore, or salvage. What the
 * target's file system says. Whatever it throws, the store is as it was, and the target an unfinished backup.
 */
export async function backup<Definition extends EventDefinition>(
  store: Store<Definition>,
  target: Directory,
  options: BackupOptions = {},
): Promise<BackupReport> {
  checkWriter(store);
  checkDirectory("target", target);
  checkOptions(options, ["signal", "onProgress"], "a backup");
  checkWatching(options);
  const parts = store.maintenance;
  refuseOwn(parts.directory, target);
  refuseAborted(options.signal);
  return exclusively(parts, async () => {
    const sequence = await store.sync();
    // It is there: a barrier has just covered it.
    const hash = sequence === 0 ? "" : hex(store.hashAt(sequence) as Uint8Array);
    const lock = acquireDirectoryLock(target, { name: "LOCK" });
    try {
      const work = new Backup(parts, target, sequence, options);
      const files = await work.run();
      const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
      return { anchor: { id: hex(work.logId), sequence, hash }, files, bytes };
    } finally {
      lock.release();
    }
  });
}

class Backup {
  readonly logId: Uint8Array;
  readonly #parts: MaintenanceParts;
  readonly #target: Directory;
  readonly #options: BackupOptions;
  readonly #segments: readonly LogSegment[];
  readonly #sequence: number;
  readonly #totalBytes: number;
  #bytes = 0;

  constructor(parts: MaintenanceParts, target: Directory, sequence: number, options: BackupOptions) {
    const all = parts.log.segments();
    const [first] = all as [LogSegment, ...LogSegment[]]; // a log that is open has one
    this.logId = first.header.logId;
    this.#parts = parts;
    this.#target = target;
    this.#sequence = sequence;
    this.#options = options;
    this.#segments = all.filter(({ baseLsn }) => baseLsn <= Math.max(1, sequence));
    this.#totalBytes = this.#segments.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  }

  async run(): Promise<BackupFile[]> {
    const target = this.#target;
    refuseForeign(target, this.logId);
    const [first, ...others] = this.#segments as [LogSegment, ...LogSegment[]]; // as above
    // The name comes first, so that at no moment a part of a backup passes for a store. What it holds of an earlier one stays until all else of
    // that is gone: it says whose the rest is.
    const handle = target.open(UNFINISHED_BACKUP, { mode: "write", create: "if-missing" });
    let files: BackupFile[];
    try {
      await handle.sync("full");
      clear(target);
      await target.syncNames();
      handle.truncate(0);
      files = [await this.#copyInto(handle, first)];
    } finally {
      handle.close();
    }
    for (const segment of others) {
      await this.#pause();
      files.push(await this.#copy(segment));
    }
    // All others are there for good, each with its name, before the one that makes a store of them.
    target.rename(UNFINISHED_BACKUP, first.file);
    await target.syncNames();
    return files;
  }

  async #copy(segment: LogSegment): Promise<BackupFile> {
    const staged = stageFile(this.#target, segment.file);
    try {
      const file = await this.#copyInto(staged.handle, segment);
      await staged.publish({ rung: "full" });
      return file;
    } catch (error) {
      cleanUpAfter(error, () => staged.discard());
      throw error;
    }
  }

  /** Writes, syncs and reads back. */
  async #copyInto(handle: FileHandle, segment: LogSegment): Promise<BackupFile> {
    const { directory, maxRecordBytes } = this.#parts;
    const digest = createHash("sha256");
    const before = this.#bytes;
    const isLast = segment === this.#segments.at(-1);
    const about: SegmentCopyOptions = {
      directory,
      segment,
      maxRecordBytes,
      lastLsn: isLast ? Math.min(segment.lastLsn, this.#sequence) : segment.lastLsn,
      isFollowed: !isLast,
      write: (bytes) => {
        if (handle.mode === "append") handle.append(bytes);
        else handle.writeAt(bytes, this.#bytes - before);
        digest.update(bytes);
        this.#bytes += bytes.length;
      },
      pause: this.#pause,
    };
    const copy = await copySegment(about);
    await handle.sync("full");
    const source: ByteSource = { sizeBytes: handle.stat().size, readAt: handle.readAt.bind(handle) };
    const fault = await copyFault(source, about, copy);
    if (fault === undefined) return fileOf(segment.file, copy.sizeBytes, digest);
    const message = `the copy of ${segment.file}, read back, ${fault}`;
    throw new StoreError("STORE_CORRUPT", message, { file: segment.file, segmentId: segment.segmentId });
  }

  readonly #pause = async (): Promise<void> => {
    const { signal, onProgress } = this.#options;
    onProgress?.({ bytes: this.#bytes, totalBytes: this.#totalBytes });
    await this.#parts.turn();
    refuseAborted(signal);
    this.#parts.log.check();
  };
}

const segmentName = /^\d{20}-[0-9a-f]{8}\.seg$/;

/** Names of segments in a directory; @internal for whoever verifies a backup. */
export function segmentFiles(directory: Directory): string[] {
  return directory.list().flatMap(({ name }) => (segmentName.test(name) ? [name] : []));
}

function fileOf(name: string, bytes: number, digest: Hash): BackupFile {
  return { name, bytes, sha256: digest.digest("hex") };
}

/** Where two file systems are different objects over one disk, the lock of the store says it. */
function refuseOwn(own: Directory, target: Directory): void {
  if (typeof target?.syncNames !== "function") throw refused("target", "must be a Directory of @holdfast/fs-seam");
  if (own.fs.namespaceId !== target.fs.namespaceId) return;
  if (target.path !== own.path && !target.path.startsWith(own.path === "/" ? "/" : `${own.path}/`)) return;
  throw refused("target", `must not be the store's own directory, nor lie in it: ${target.path}`);
}

function refuseForeign(target: Directory, logId: Uint8Array): void {
  const names = target.list().map(({ name }) => name);
  const isUnfinished = names.includes(UNFINISHED_BACKUP);
  const other = names.find((name) => name !== "LOCK" && name !== UNFINISHED_BACKUP && !segmentName.test(name));
  const segments = segmentFiles(target);
  if (other !== undefined || (segments.length > 0 && !isUnfinished)) {
    throw refused("target", `must be empty, and holds ${other ?? segments[0]}`);
  }
  if (!isUnfinished || isOwn(target, logId, segments.length === 0)) return;
  throw refused("target", "holds an unfinished backup of another store");
}

/** Whether an unfinished backup is of this store. One that was not begun in earnest is anybody's. */
function isOwn(target: Directory, logId: Uint8Array, mayBeBlank: boolean): boolean {
  const handle = target.open(UNFINISHED_BACKUP, { mode: "read" });
  try {
    const bytes = new Uint8Array(SEGMENT_HEADER_BYTES);
    const outcome = inspectSegmentHeader(bytes.subarray(0, handle.readAt(bytes, 0)));
    if (outcome.kind === "segment") return Buffer.compare(outcome.header.logId, logId) === 0;
    return mayBeBlank && (outcome.kind === "short" || outcome.kind === "zeros");
  } finally {
    handle.close();
  }
}

function clear(target: Directory): void {
  target.sweepTemps();
  for (const name of segmentFiles(target)) target.remove(name);
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
