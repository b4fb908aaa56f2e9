import type { DirectoryLock, SyncRung } from "@holdfast/fs-seam";
import {
  checkBarrier,
  checkDurable,
  checkRecord,
  checkRecords,
  checkWait,
  type CloseOptions,
  type DurableOptions,
  type WaitOptions,
} from "./call-arguments.js";
import { GroupCommit } from "./group-commit.js";
import { LogWriter } from "./log-writer.js";
import { Observation } from "./observation.js";
import { policyBarriers, type PolicyBarriers } from "./policy-barriers.js";
import type { RecordCursor } from "./record-cursor.js";
import type { RecoveredLog } from "./recovery.js";
import type { RecoveryReport } from "./recovery-report.js";
import {
  batches,
  batchesUntil,
  batchBytes,
  lastOf,
  records,
  type BatchOptions,
  type ReadOptions,
  type WalRecord,
} from "./record-stream.js";
import { isHarmless } from "./space-failure.js";
import { WalError } from "./wal-error.js";
import type { FollowOptions } from "./wal-reader.js";
import { arrival, orAborted } from "./waiting.js";
import type { Watermark } from "./watermark.js";
import { checkChoice, checkKeys, checkLsn, checkRange, type ResolvedWalOptions } from "./wal-options.js";

/**
 * A log that is open for writing, whatever its files are: who appends, who waits, who reads, and what a failure ends. What the
 * files are is said by whoever extends it.
 */
export abstract class OpenLog {
  /** What opening it found and did. */
  readonly report: RecoveryReport;
  /** LSN of the last record that was there before the first append. */
  protected readonly openedLsn: number;
  /** @internal */
  readonly writer: LogWriter;
  protected readonly commit: GroupCommit;
  protected readonly observation: Observation;
  /** Who reads, cursors and followers: nothing from where they are may be pruned. */
  protected readonly reading: Set<{ readonly neededFrom: number }> = new Set();
  readonly #options: ResolvedWalOptions;
  readonly #lock: DirectoryLock;
  #failure: { readonly error: unknown } | undefined = undefined;
  #closed: Promise<void> | undefined = undefined;
  /** Undefined where only calls ask for barriers. */
  readonly #unasked: PolicyBarriers | undefined;
  /** Work on files that `close` has to wait for: behind it they may be somebody else's. */
  readonly #working = new Set<Promise<unknown>>();

  constructor(options: ResolvedWalOptions, lock: DirectoryLock, recovered: RecoveredLog, name?: string) {
    this.#options = options;
    this.#lock = lock;
    this.report = recovered.report;
    this.writer = new LogWriter(options, recovered, () => this.commit.relieve());
    this.openedLsn = this.writer.lastLsn;
    this.commit = new GroupCommit(this.writer, {
      ...options,
      onFailure: this.#fail,
      onBarrier: (barrier) => this.observation.tell(() => ({ kind: "barrier", ...barrier })),
      onSealed: ({ segment: { file, header }, writtenBytes: bytes }) => {
        const { segmentId, baseLsn: firstLsn } = header;
        this.observation.tell(() => ({ kind: "seal", file, segmentId, firstLsn, bytes }));
      },
    });
    this.#unasked = policyBarriers(options, this.commit, this.#fail);
    const logId = Buffer.from(recovered.segment.header.logId).toString("hex");
    this.observation = new Observation(options.observer, { logId, directory: options.directory.path, name });
    this.observation.tell(() => ({ kind: "open", report: this.report }));
  }

  /** LSN of the first record that is kept. */
  abstract get firstLsn(): number;

  /** Reads a range of what has been written, both ends included. */
  protected abstract openCursor(range: { readonly from: number; readonly to: number }): RecordCursor;

  /** The last act of a log that is closed in order: everything is synced, and no barrier is under way. */
  protected abstract end(): Promise<void>;

  /** LSN of the last record appended, 0 when there never was one. */
  get lastLsn(): number {
    return this.writer.lastLsn;
  }

  /** Highest LSN that survives the end of this process: rung `os`. */
  get writtenLsn(): number {
    return this.writer.written.lsn;
  }

  /** Highest LSN that survives a power loss: rung `data`. */
  get durableLsn(): number {
    return this.commit.durable.lsn;
  }

  /**
   * Appends a record and returns its LSN. Durability: `memory`; with a full buffer, `os`.
   *
   * Holds the event loop for a barrier where 16 segments wait for one, which are open files.
   *
   * @param record - copied.
   * @throws {@link WalError} `WAL_RECORD_TOO_LARGE`; `WAL_NO_SPACE`, after which the record is not appended and trying again is
   * right; `WAL_CLOSED`, `WAL_POISONED`.
   */
  append(record: Uint8Array): number {
    this.check();
    checkRecord(record);
    let lsn: number;
    try {
      lsn = this.writer.append(record);
    } catch (error) {
      throw this.failed(error);
    }
    this.#unasked?.count(1);
    return lsn;
  }

  /** Appends records that will all be there or none, and returns the LSN of the first. Durability and errors of {@link append}. */
  appendBatch(records: readonly Uint8Array[]): number {
    return this.#appendAll(records, "appendBatch");
  }

  /**
   * Appends records that will all be there or none, hands them to the system, and returns the LSN of the first. Durability: `os`.
   *
   * @throws {@link WalError} as {@link append} does; after `WAL_NO_SPACE` none of them is appended, although what was appended
   * before still waits.
   */
  appendWritten(records: readonly Uint8Array[]): number {
    return this.#appendAll(records, "appendWritten");
  }

  /** The failure that ended the log: nothing can be appended or synced any more. Undefined while all is well. */
  get failure(): unknown {
    return this.#failure?.error;
  }

  /** Hands everything appended to the system and returns the last LSN. Durability: `os`. */
  write(): number {
    this.check();
    try {
      this.writer.write();
    } catch (error) {
      throw this.failed(error);
    }
    return this.lastLsn;
  }

  /**
   * Resolves, with the LSN that is durable then, once everything appended before the call survives a power loss. Callers who
   * wait at the same time share one barrier.
   *
   * @throws {@link WalError} `WAL_INVALID_OPTION` for what is no rung or no option, as every call with options does.
   */
  sync(rung: SyncRung = "data", options: WaitOptions = {}): Promise<number> {
    try {
      this.check();
      checkBarrier(rung, options);
      return orAborted(this.commit.sync(rung), options.signal);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** The same, holding the event loop. `WAL_BUSY` while a promise barrier is under way. */
  syncBlocking(rung: SyncRung = "data"): number {
    this.check();
    checkBarrier(rung);
    if (this.commit.isBusy) throw new WalError("WAL_BUSY", "a barrier is under way; await it instead");
    return this.commit.syncBlocking(rung);
  }

  /** Resolves once the LSN is durable, whoever syncs it; asks for no barrier itself. Rejects when the log fails or is closed first. */
  whenDurable(lsn: number, options: WaitOptions = {}): Promise<void> {
    return this.#reached(this.commit.durable, lsn, options);
  }

  /** Resolves once the LSN is handed to the system, whoever writes it; writes nothing itself. Rejects as {@link whenDurable} does. */
  whenWritten(lsn: number, options: WaitOptions = {}): Promise<void> {
    return this.#reached(this.writer.written, lsn, options);
  }

  async #reached(watermark: Watermark, lsn: number, options: WaitOptions): Promise<void> {
    this.check();
    checkLsn("lsn", lsn, 0);
    checkWait(options);
    const { promise, cancel } = watermark.reached(lsn);
    try {
      await orAborted(promise, options.signal);
    } finally {
      cancel();
    }
  }

  /** Appends a record and resolves with its LSN once it has reached the rung. */
  async appendDurable(record: Uint8Array, options: DurableOptions = {}): Promise<number> {
    checkDurable(options);
    const { rung = "data", signal } = options;
    const lsn = this.append(record);
    if (rung === "os") this.write();
    else await orAborted(this.commit.sync(rung), signal);
    return lsn;
  }

  /**
   * Records that were appended before the call, verified one by one. What waits in the buffer is written first where the range
   * reaches into it, so what is durable can be read on a full disk, with `to`. Nothing is open before the first one is asked for; from then on, until the last one or `return()`, what is still to be read is not pruned.
   *
   * @throws {@link WalError} `WAL_LSN_OUT_OF_RANGE`; when it is read, `WAL_PRUNED`, and `WAL_CORRUPT` where a record is damaged.
   */
  read(options: ReadOptions = {}): Generator<WalRecord, void, undefined> {
    return records(this.#cursor(options));
  }

  /** The same by the batch, with a turn of the event loop between two. */
  readBatches(options: BatchOptions = {}): AsyncGenerator<WalRecord[], void, undefined> {
    const { maxBatchBytes, ...range } = options;
    return batches(this.#cursor(range), maxBatchBytes, this.#options.turn);
  }

  /** The last `count` records, the oldest first; fewer where the log has fewer. */
  readLast(count: number): Generator<WalRecord, void, undefined> {
    return this.read(lastOf(this, count));
  }

  /**
   * Records from `from` on, by the batch, and those that come, as soon as they are `written` or `durable` (the default). Ends when
   * `signal` does; rejects when the log fails or is closed.
   */
  async *follow(
    options: FollowOptions & { readonly until?: "written" | "durable" } = {},
  ): AsyncGenerator<WalRecord[], void, undefined> {
    this.check();
    checkKeys(options, ["from", "until", "maxBatchBytes", "signal"]);
    const { from = this.firstLsn, until = "durable", signal } = options;
    const maxBatchBytes = batchBytes(options.maxBatchBytes);
    checkChoice("until", until, ["written", "durable"]);
    checkLsn("from", from, 1);
    const watermark = until === "durable" ? this.commit.durable : this.writer.written;
    const follower = { neededFrom: from };
    this.reading.add(follower); // also while it waits
    try {
      while (await arrival(watermark, follower.neededFrom, signal)) {
        const cursor = this.#cursor({ from: follower.neededFrom, to: watermark.lsn })();
        yield* batchesUntil(cursor, follower, { maxBatchBytes, signal });
      }
    } finally {
      this.reading.delete(follower);
    }
  }

  /**
   * Writes and syncs what is left, states in the log that it is durable, and gives the lock back. Idempotent. When the log has
   * failed before, only closes its files. A close that could not give the lock back may be called again, and so may one that found
   * no room (`WAL_NO_SPACE`): the log is still open then.
   */
  close(options: CloseOptions = {}): Promise<void> {
    try {
      checkKeys(options, ["discard"]);
      return (this.#closed ??= this.#close(options.discard === true));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** @internal Throws unless the log is open and has not failed. */
  check(): void {
    if (this.#closed !== undefined) throw new WalError("WAL_CLOSED", "the log is closed");
    if (this.#failure === undefined) return;
    const message = "the log has failed before and takes nothing more; close it and open it again";
    throw new WalError("WAL_POISONED", message, {}, { cause: this.#failure.error });
  }

  /** @internal Hears of every error, and returns it: a failure behind which nobody knows what the file holds ends the log. */
  failed(error: unknown): unknown {
    if (!isHarmless(error)) this.#fail(error);
    return error;
  }

  readonly #fail = (error: unknown): void => {
    if (this.#failure !== undefined) return;
    this.#failure = { error };
    this.#unasked?.cancel();
    this.commit.fail(error);
    this.writer.written.fail(error);
    this.observation.tell(() => ({ kind: "failure", error }));
  };

  /** @internal Has `close` wait for work on files. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    const working = work();
    this.#working.add(working);
    try {
      return await working;
    } finally {
      this.#working.delete(working);
    }
  }

  #appendAll(records: readonly Uint8Array[], how: "appendBatch" | "appendWritten"): number {
    this.check();
    checkRecords(records);
    let lsn: number;
    try {
      lsn = this.writer[how](records);
    } catch (error) {
      throw this.failed(error);
    }
    this.#unasked?.count(records.length);
    return lsn;
  }

  /** Checks at once, and opens when it is called. */
  #cursor(options: ReadOptions): () => RecordCursor {
    this.check();
    checkKeys(options, ["from", "to"]);
    const { from = this.firstLsn, to = this.lastLsn } = options;
    checkRange(from, to);
    if (to > this.writtenLsn) this.write();
    const range = { from, to: Math.min(to, this.writtenLsn) };
    return () => {
      this.check();
      return this.openCursor(range);
    };
  }

  async #close(discard: boolean): Promise<void> {
    this.#unasked?.cancel();
    await Promise.allSettled(this.#working);
    await this.commit.idle();
    try {
      if (this.#failure === undefined && !discard) {
        await this.commit.sync("data");
        await this.end();
      }
    } catch (error) {
      if (isHarmless(error)) {
        this.#closed = undefined; // still open: what waits in memory can be written once there is room
        this.#unasked?.arm();
      } else await this.#release();
      throw error;
    }
    await this.#release();
  }

  async #release(): Promise<void> {
    const closed = new WalError("WAL_CLOSED", "the log was closed");
    try {
      await this.writer.discardNext();
      this.commit.fail(closed);
      this.writer.written.fail(closed);
      this.writer.closeHandles();
    } finally {
      this.#giveLockBack(closed);
    }
    this.observation.tell(() => ({ kind: "close", lastLsn: this.lastLsn }));
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
}
