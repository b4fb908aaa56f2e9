import { acquireDirectoryLock, isFsError, type Directory, type DirectoryLock, type SyncRung } from "@holdfast/fs-seam";
import { GroupCommit, type BarrierStats } from "./group-commit.js";
import { LogWriter } from "./log-writer.js";
import { RecordCursor } from "./record-cursor.js";
import { recoverLog, type RecoveredLog } from "./recovery.js";
import type { RecoveryReport } from "./recovery-report.js";
import type { SoundSegment } from "./segment-survey.js";
import { WalError } from "./wal-error.js";
import { resolveWalOptions, type ResolvedWalOptions, type WalOptions } from "./wal-options.js";

/** One record as a reader gets it. */
export interface WalRecord {
  readonly lsn: number;
  /** Owned by the caller. */
  readonly payload: Uint8Array;
}

export interface WaitOptions {
  /** Gives up waiting. What was appended stays appended, and becomes durable with the next barrier. */
  readonly signal?: AbortSignal;
}

export interface DurableOptions extends WaitOptions {
  /** `os`: handed to the system. `data`, `full`: covered by a barrier. Default `data`. */
  readonly rung?: "os" | SyncRung;
}

/** Counters of one open log; see {@link Wal.stats}. */
export interface WalStats {
  readonly appendedRecords: number;
  readonly bufferedBytes: number;
  readonly segmentCount: number;
  readonly rotations: number;
  readonly barriers: Readonly<BarrierStats>;
}

/**
 * Opens a log for writing, creating it where there is none.
 *
 * @throws {@link WalError} by its codes, and `FsError` `FS_LOCKED` when another process, or another part of this one, has it open.
 */
export async function openWal(options: WalOptions): Promise<Wal> {
  const resolved = resolveWalOptions(options);
  const { directory } = resolved;
  const lock = acquireDirectoryLock(directory);
  try {
    directory.sweepTemps();
    return new Wal(resolved, lock, await recoverLog(resolved));
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** A log that is open for writing. */
export class Wal {
  /** What opening it found and did. */
  readonly report: RecoveryReport;
  readonly #options: ResolvedWalOptions;
  readonly #directory: Directory;
  readonly #lock: DirectoryLock;
  readonly #writer: LogWriter;
  readonly #commit: GroupCommit;
  readonly #firstAppended: number;
  #failure: { readonly error: unknown } | undefined = undefined;
  #closed: Promise<void> | undefined = undefined;

  /** @internal Use {@link openWal}. */
  constructor(options: ResolvedWalOptions, lock: DirectoryLock, recovered: RecoveredLog) {
    this.#options = options;
    this.#directory = options.directory;
    this.#lock = lock;
    this.report = recovered.report;
    this.#writer = new LogWriter(options, recovered);
    this.#firstAppended = this.#writer.lastLsn;
    this.#commit = new GroupCommit(this.#writer, {
      directory: options.directory,
      now: options.now,
      isHarmless,
      onFailure: (error) => (this.#failure ??= { error }),
    });
  }

  /** LSN of the first record that is kept. */
  get firstLsn(): number {
    return this.#writer.live[0]?.header.baseLsn ?? 1;
  }

  /** LSN of the last record appended, 0 when there never was one. */
  get lastLsn(): number {
    return this.#writer.lastLsn;
  }

  /** Highest LSN that survives the end of this process: rung `os`. */
  get writtenLsn(): number {
    return this.#writer.writtenLsn;
  }

  /** Highest LSN that survives a power loss: rung `data`. */
  get durableLsn(): number {
    return this.#commit.durableLsn;
  }

  /**
   * Appends a record and returns its LSN. Durability: `memory`; with a full buffer, `os`.
   *
   * @param record - copied.
   * @throws {@link WalError} `WAL_RECORD_TOO_LARGE`; `WAL_NO_SPACE`, after which the record is not appended and trying again is
   * right; `WAL_CLOSED`, `WAL_POISONED`.
   */
  append(record: Uint8Array): number {
    this.#check();
    checkRecord(record);
    try {
      return this.#writer.append(record);
    } catch (error) {
      throw this.#failed(error);
    }
  }

  /** Appends records that will all be there or none, and returns the LSN of the first. Durability and errors of {@link append}. */
  appendBatch(records: readonly Uint8Array[]): number {
    this.#check();
    if (!Array.isArray(records) || records.length === 0) throw new TypeError("records must be an array, and not empty");
    for (const record of records) checkRecord(record);
    try {
      return this.#writer.appendBatch(records);
    } catch (error) {
      throw this.#failed(error);
    }
  }

  /** Hands everything appended to the system and returns the last LSN. Durability: `os`. */
  write(): number {
    this.#check();
    try {
      this.#writer.write();
    } catch (error) {
      throw this.#failed(error);
    }
    return this.lastLsn;
  }

  /**
   * Resolves, with the LSN that is durable then, once everything appended before the call survives a power loss. Callers who
   * wait at the same time share one barrier.
   */
  sync(rung: SyncRung = "data", options: WaitOptions = {}): Promise<number> {
    try {
      this.#check();
      return orAborted(this.#commit.sync(rung), options.signal);
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  /** The same, holding the event loop. `WAL_BUSY` while a promise barrier is under way. */
  syncBlocking(rung: SyncRung = "data"): number {
    this.#check();
    if (this.#commit.isBusy) throw new WalError("WAL_BUSY", "a barrier is under way; await it instead");
    return this.#commit.syncBlocking(rung);
  }

  /** Appends a record and resolves with its LSN once it has reached the rung. */
  async appendDurable(record: Uint8Array, { rung = "data", signal }: DurableOptions = {}): Promise<number> {
    const lsn = this.append(record);
    if (rung === "os") this.write();
    else await orAborted(this.#commit.sync(rung), signal);
    return lsn;
  }

  /**
   * Records from `from` on, up to the last one that was appended when reading began. Each is verified.
   *
   * @throws {@link WalError} `WAL_PRUNED`, and `WAL_CORRUPT` where a record is damaged.
   */
  *read({ from = this.firstLsn }: { readonly from?: number } = {}): Generator<WalRecord, void, undefined> {
    this.write();
    const cursor = new RecordCursor({
      directory: this.#directory,
      live: this.#writer.live,
      maxPayloadBytes: this.#options.maxRecordBytes,
      from,
      lastLsn: this.lastLsn,
    });
    try {
      while (cursor.next()) yield { lsn: cursor.lsn, payload: cursor.view().slice() };
    } finally {
      cursor.close();
    }
  }

  /**
   * Removes the segments whose records all have LSNs up to `lsn`, the oldest first, each durably before the next. Never removes
   * the segment that is written to.
   */
  async prune(lsn: number): Promise<number> {
    this.#check();
    const { live } = this.#writer;
    let removed = 0;
    while (live.length > 1 && (live[1]?.header.baseLsn ?? 0) <= lsn + 1) {
      const [first, second] = live as [SoundSegment, SoundSegment]; // two at least
      // What follows has to be there for good, before what it follows is gone.
      if (this.#writer.open.some(({ segment }) => segment === first || segment === second)) await this.#commit.sync("data");
      this.#directory.remove(first.file);
      live.shift();
      removed += 1;
      await this.#directory.syncNames();
    }
    return removed;
  }

  /** Counters since the open, plain data. */
  stats(): WalStats {
    return {
      appendedRecords: this.lastLsn - this.#firstAppended,
      bufferedBytes: this.#writer.bufferedBytes,
      segmentCount: this.#writer.live.length,
      rotations: this.#writer.rotations,
      barriers: { ...this.#commit.stats, histogram: [...this.#commit.stats.histogram] },
    };
  }

  /**
   * Writes and syncs what is left, states in the log that it is durable, and gives the lock back. Idempotent. When the log has
   * failed before, only closes its files.
   */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    try {
      await this.#commit.idle();
      if (this.#failure === undefined) await this.#end();
    } finally {
      this.#writer.closeHandles();
      this.#lock.release();
    }
  }

  /** A record that only a watermark behind it proves is written again by the next open; so the last act states what is durable. */
  async #end(): Promise<void> {
    await this.#commit.sync("data");
    const { active } = this.#writer;
    if (active.segment.header.baseLsn <= this.lastLsn) {
      this.#writer.appendWatermark();
      this.#writer.write();
      if (active.allocatedBytes > active.writtenBytes) active.handle.truncate(active.writtenBytes);
      await active.handle.sync("data");
    }
  }

  #check(): void {
    if (this.#closed !== undefined) throw new WalError("WAL_CLOSED", "the log is closed");
    if (this.#failure === undefined) return;
    const message = "the log has failed before and takes nothing more; close it and open it again";
    throw new WalError("WAL_POISONED", message, {}, { cause: this.#failure.error });
  }

  /** A failure behind which nobody knows what the file holds ends the log. */
  #failed(error: unknown): unknown {
    if (!isHarmless(error)) this.#failure ??= { error };
    return error;
  }
}

/** Whether everything is as it was before the call that threw this: all is checked before the file system is asked. */
function isHarmless(error: unknown): boolean {
  return !isFsError(error);
}

function checkRecord(record: Uint8Array): void {
  if (!(record instanceof Uint8Array)) throw new TypeError("a record must be a Uint8Array");
}

function orAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  const aborted = (): WalError =>
    new WalError("WAL_ABORTED", "stopped waiting; what was appended stays appended", {}, { cause: signal.reason });
  if (signal.aborted) {
    work.catch(() => {}); // the one who asked no longer listens
    return Promise.reject(aborted());
  }
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(aborted());
    signal.addEventListener("abort", stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}
