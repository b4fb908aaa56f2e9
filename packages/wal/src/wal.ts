import { acquireDirectoryLock, isFsError, type Directory, type DirectoryLock, type SyncRung } from "@holdfast/fs-seam";
import { findCheckpoint, writeCheckpoint, type FoundCheckpoint } from "./checkpoint-files.js";
import { GroupCommit, type BarrierStats } from "./group-commit.js";
import { LogWriter } from "./log-writer.js";
import { openRecordCursor, type RecordCursor } from "./record-cursor.js";
import { recoverLog, type RecoveredLog } from "./recovery.js";
import type { RecoveryReport } from "./recovery-report.js";
import {
  batches,
  DEFAULT_BATCH_BYTES,
  nextBatch,
  records,
  type BatchOptions,
  type ReadOptions,
  type WalRecord,
} from "./record-stream.js";
import type { SoundSegment } from "./segment-survey.js";
import { WalError } from "./wal-error.js";
import type { FollowOptions } from "./wal-reader.js";
import { arrival, orAborted } from "./waiting.js";
import { checkRange, resolveWalOptions, type ResolvedWalOptions, type WalOptions } from "./wal-options.js";

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
  readonly #hasPolicy: boolean;
  readonly #reading = new Set<RecordCursor>();
  /** Work on files that `close` has to wait for: behind it they may be somebody else's. */
  readonly #working = new Set<Promise<unknown>>();
  #unsyncedAppends = 0;
  /** Undefined while no barrier of the policy is due. */
  #cancelSync: (() => void) | undefined = undefined;

  /** @internal Use {@link openWal}. */
  constructor(options: ResolvedWalOptions, lock: DirectoryLock, recovered: RecoveredLog) {
    this.#options = options;
    this.#directory = options.directory;
    this.#lock = lock;
    this.report = recovered.report;
    this.#writer = new LogWriter(options, recovered);
    this.#firstAppended = this.#writer.lastLsn;
    this.#hasPolicy = options.syncPolicy.kind !== "manual";
    this.#commit = new GroupCommit(this.#writer, {
      directory: options.directory,
      now: options.now,
      isHarmless,
      onFailure: (error) => void this.#failed(error),
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
    return this.#writer.written.lsn;
  }

  /** Highest LSN that survives a power loss: rung `data`. */
  get durableLsn(): number {
    return this.#commit.durable.lsn;
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
      const lsn = this.#writer.append(record);
      if (this.#hasPolicy) this.#appended(1);
      return lsn;
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
      const lsn = this.#writer.appendBatch(records);
      if (this.#hasPolicy) this.#appended(records.length);
      return lsn;
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
      return Promise.reject(error);
    }
  }

  /** The same, holding the event loop. `WAL_BUSY` while a promise barrier is under way. */
  syncBlocking(rung: SyncRung = "data"): number {
    this.#check();
    if (this.#commit.isBusy) throw new WalError("WAL_BUSY", "a barrier is under way; await it instead");
    return this.#commit.syncBlocking(rung);
  }

  /** Resolves once the LSN is durable, whoever syncs it; asks for no barrier itself. Rejects when the log fails or is closed first. */
  async whenDurable(lsn: number, { signal }: WaitOptions = {}): Promise<void> {
    this.#check();
    const { promise, cancel } = this.#commit.durable.reached(lsn);
    try {
      await orAborted(promise, signal);
    } finally {
      cancel();
    }
  }

  /** Appends a record and resolves with its LSN once it has reached the rung. */
  async appendDurable(record: Uint8Array, { rung = "data", signal }: DurableOptions = {}): Promise<number> {
    const lsn = this.append(record);
    if (rung === "os") this.write();
    else await orAborted(this.#commit.sync(rung), signal);
    return lsn;
  }

  /**
   * Records that were appended before the call, verified one by one. What waits in the buffer is written first.
   *
   * @throws {@link WalError} `WAL_PRUNED`; while it is read, `WAL_CORRUPT` where a record is damaged.
   */
  read(options: ReadOptions = {}): Generator<WalRecord, void, undefined> {
    this.write();
    return records(this.#cursor(options));
  }

  /** The same by the batch, with a turn of the event loop between two. */
  readBatches(options: BatchOptions = {}): AsyncGenerator<WalRecord[], void, undefined> {
    const { maxBatchBytes = DEFAULT_BATCH_BYTES, ...range } = options;
    this.write();
    return batches(this.#cursor(range), maxBatchBytes, this.#options.turn);
  }

  /** The last `count` records, the oldest first; fewer where the log has fewer. */
  readLast(count: number): Generator<WalRecord, void, undefined> {
    checkRange(1, count);
    return this.read({ from: Math.max(this.firstLsn, this.lastLsn - count + 1) });
  }

  /**
   * Records from `from` on, by the batch, and those that come, as soon as they are `written` or `durable` (the default). Ends when
   * `signal` does; rejects when the log fails or is closed.
   */
  async *follow(
    options: FollowOptions & { readonly until?: "written" | "durable" } = {},
  ): AsyncGenerator<WalRecord[], void, undefined> {
    this.#check();
    const { from = this.firstLsn, until = "durable", maxBatchBytes = DEFAULT_BATCH_BYTES, signal } = options;
    const watermark = until === "durable" ? this.#commit.durable : this.#writer.written;
    let next = from;
    for (;;) {
      const arrived = await arrival(watermark, next, signal);
      if (!arrived) return;
      const cursor = this.#cursor({ from: next, to: watermark.lsn });
      try {
        for (let batch = nextBatch(cursor, maxBatchBytes); batch.length > 0; batch = nextBatch(cursor, maxBatchBytes)) {
          yield batch;
          next = (batch.at(-1) as WalRecord).lsn + 1;
          if (signal?.aborted === true) return;
        }
      } finally {
        cursor.close();
      }
    }
  }

  /**
   * Removes the segments whose records all have LSNs up to `lsn`, the oldest first, each durably before the next, and returns how
   * many. Never removes the segment that is written to, nor one that a reader of this handle has still to read.
   */
  prune(lsn: number): Promise<number> {
    return this.#during(() => this.#prune(lsn));
  }

  async #prune(lsn: number): Promise<number> {
    this.#check();
    checkRange(1, lsn);
    const { live, index } = this.#writer;
    const isDue = (): boolean => live.length > 1 && (live[1]?.header.baseLsn ?? 0) <= this.#prunable(lsn) + 1;
    let removed = 0;
    while (isDue()) {
      const [first, second] = live as [SoundSegment, SoundSegment]; // two at least
      // What follows has to be there for good, before what it follows is gone.
      const isOpen = this.#writer.open.some(({ segment }) => segment === first || segment === second);
      if (isOpen) await this.#commit.sync("data");
      this.#check();
      if (live[0] !== first || !isDue()) continue; // another prune was faster, or a reader has come
      try {
        this.#directory.remove(first.file);
        live.shift();
        index.remove(first.header.segmentId);
        removed += 1;
        await this.#directory.syncNames();
      } catch (error) {
        throw this.#failed(error);
      }
    }
    return removed;
  }

  /**
   * Writes a checkpoint, durably: the caller's state after all records up to `lsn`. The log is synced up to there first, and the
   * file read back before older generations go.
   *
   * @param payload - borrowed until the promise settles.
   * @returns LSN of the oldest generation that is kept: up to there the log may be pruned.
   * @throws {@link WalError} `WAL_LSN_OUT_OF_RANGE` for an LSN that was never appended, `WAL_CHECKPOINT_TOO_LARGE`.
   */
  checkpoint(payload: Uint8Array, options: { readonly lsn?: number } = {}): Promise<number> {
    return this.#during(() => this.#checkpoint(payload, options));
  }

  async #checkpoint(payload: Uint8Array, { lsn = this.lastLsn }: { readonly lsn?: number }): Promise<number> {
    this.#check();
    checkRecord(payload);
    const { maxCheckpointBytes, keepCheckpoints, content } = this.#options;
    if (payload.length > maxCheckpointBytes) {
      const message = `a checkpoint of ${payload.length} bytes is above maxCheckpointBytes, which is ${maxCheckpointBytes}`;
      throw new WalError("WAL_CHECKPOINT_TOO_LARGE", message, { expected: maxCheckpointBytes, actual: payload.length });
    }
    if (!Number.isSafeInteger(lsn) || lsn < 0 || lsn > this.lastLsn) {
      const message = `lsn must be a whole number from 0 to ${this.lastLsn}, not ${String(lsn)}`;
      throw new WalError("WAL_LSN_OUT_OF_RANGE", message, { lsn, expected: this.lastLsn });
    }
    if (lsn > this.durableLsn) await this.#commit.sync("data");
    const { logId } = this.#writer.active.segment.header;
    return writeCheckpoint(this.#directory, payload, { logId, lsn, content, maxCheckpointBytes, keepCheckpoints });
  }

  /**
   * Writes a checkpoint and prunes what no kept generation needs. Every step may be repeated: after a failure, publish again.
   *
   * @returns how many segments were pruned.
   */
  async publish(payload: Uint8Array, options: { readonly lsn?: number } = {}): Promise<number> {
    const oldest = await this.checkpoint(payload, options);
    return oldest === 0 ? 0 : this.prune(oldest);
  }

  /**
   * The newest checkpoint that verifies, that the log goes on from, and that is not behind `upTo`. Replay `read({ from: lsn + 1 })`
   * over it.
   *
   * @throws {@link WalError} `WAL_CHECKPOINT_MISSING` when the log no longer has the records that no checkpoint covers.
   */
  latestCheckpoint({ upTo = this.lastLsn }: { readonly upTo?: number } = {}): FoundCheckpoint {
    this.#check();
    const { firstLsn, lastLsn } = this;
    const { logId } = this.#writer.active.segment.header;
    const { maxCheckpointBytes } = this.#options;
    return findCheckpoint(this.#directory, { logId, maxCheckpointBytes, firstLsn, lastLsn, upTo });
  }

  #prunable(lsn: number): number {
    let bound = lsn;
    for (const { neededFrom } of this.#reading) bound = Math.min(bound, neededFrom - 1);
    return bound;
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
   * failed before, only closes its files. A close that could not give the lock back may be called again.
   */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#cancelSync?.();
    this.#cancelSync = undefined;
    await Promise.allSettled(this.#working);
    await this.#commit.idle();
    try {
      if (this.#failure === undefined) await this.#end();
    } catch (error) {
      if (isHarmless(error)) {
        this.#closed = undefined; // still open: what waits in memory can be written once there is room
        throw error;
      }
      await this.#release();
      throw error;
    }
    await this.#release();
  }

  async #release(): Promise<void> {
    await this.#writer.discardNext();
    const closed = new WalError("WAL_CLOSED", "the log was closed");
    this.#commit.fail(closed);
    this.#writer.written.fail(closed);
    try {
      this.#writer.closeHandles();
    } finally {
      this.#giveLockBack(closed);
    }
  }

  #giveLockBack(closed: WalError): void {
    try {
      this.#lock.release();
    } catch (error) {
      this.#failure ??= { error: closed }; // only closing is left to do
      this.#closed = undefined;
      throw error;
    }
  }

  /** A record that only a watermark behind it proves is written again by the next open; so the last act states what is durable. */
  async #end(): Promise<void> {
    await this.#commit.sync("data");
    const { active } = this.#writer;
    if (active.segment.header.baseLsn > this.lastLsn) return;
    const { writtenBytes } = active;
    try {
      this.#writer.appendWatermark();
      this.#writer.write();
    } catch (error) {
      if (!isHarmless(error)) throw error;
      active.handle.truncate(writtenBytes); // no room even for that: all records are durable, and the next open writes some again
      return;
    }
    if (active.allocatedBytes > active.writtenBytes) active.handle.truncate(active.writtenBytes);
    await active.handle.sync("data");
  }

  async #during<T>(work: () => Promise<T>): Promise<T> {
    const working = work();
    this.#working.add(working);
    try {
      return await working;
    } finally {
      this.#working.delete(working);
    }
  }

  #cursor({ from = this.firstLsn, to = this.lastLsn }: ReadOptions): RecordCursor {
    this.#check();
    checkRange(from, to);
    const cursor = openRecordCursor({
      directory: this.#directory,
      live: this.#writer.live,
      maxPayloadBytes: this.#options.maxRecordBytes,
      from,
      lastLsn: Math.min(to, this.#writer.written.lsn),
      index: this.#writer.index,
      onClose: (ended) => this.#reading.delete(ended),
    });
    this.#reading.add(cursor);
    return cursor;
  }

  /** What the sync policy makes of appends. */
  #appended(count: number): void {
    const { syncPolicy, schedule } = this.#options;
    this.#unsyncedAppends += count;
    if (syncPolicy.kind === "every" && this.#unsyncedAppends >= syncPolicy.appends) this.#syncUnasked();
    if (syncPolicy.kind !== "interval" || this.#cancelSync !== undefined) return;
    this.#cancelSync = schedule(() => {
      this.#cancelSync = undefined;
      this.#syncUnasked();
    }, syncPolicy.intervalMs);
  }

  /** Nobody waits for it: a failure ends the log, and the next call says so. */
  #syncUnasked(): void {
    this.#unsyncedAppends = 0;
    this.#commit.sync("data").catch(() => {});
  }

  #check(): void {
    if (this.#closed !== undefined) throw new WalError("WAL_CLOSED", "the log is closed");
    if (this.#failure === undefined) return;
    const message = "the log has failed before and takes nothing more; close it and open it again";
    throw new WalError("WAL_POISONED", message, {}, { cause: this.#failure.error });
  }

  /** A failure behind which nobody knows what the file holds ends the log. */
  #failed(error: unknown): unknown {
    if (isHarmless(error) || this.#failure !== undefined) return error;
    this.#failure = { error };
    this.#cancelSync?.();
    this.#commit.fail(error);
    this.#writer.written.fail(error);
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
