import type { Directory } from "@holdfast/fs-seam";
import { checkBackup, writeBackup, type BackupOptions, type BackupReport } from "./backup.js";
import { verifyDatabase, type DatabaseVerification, type VerifyOptions } from "./database-verification.js";
import type { ClearOptions, KeyValueEngine, RangeOptions, WriteOptions, WriteRung } from "./engine-contract.js";
import { openEngineReader, type EngineReader } from "./engine-reader.js";
import type { EngineOptions } from "./engine-options.js";
import { EngineObservation } from "./engine-observation.js";
import { resolveEngineOptions } from "./engine-options.js";
import { amplificationOf, readStats, type EngineStats, type WriterStats } from "./engine-stats.js";
import { asLsmError, isOutOfSpace, ofLog, ofRelease, poisonedBy } from "./log-failure.js";
import { LongCalls } from "./long-calls.js";
import { LsmError } from "./lsm-error.js";
import { checkAreBytes, checkIsBytes, checkKeys, checkWatching } from "./option-check.js";
import { checkUnaborted, clearRange } from "./range-clear.js";
import { rangeKeys, ReadableEngine } from "./readable-engine.js";
import { recoverEngine, type EngineListener, type EngineParts, type OpenReport } from "./recovery.js";
import { hex } from "./sstable/table-file.js";
import { Version } from "./version.js";
import { WriteBatch } from "./write-batch.js";
import { WorkSlices } from "./work-slices.js";
import { LOG_DIRECTORY, WritePath } from "./write-path.js";
import { rungOf } from "./write-rung.js";
import { WriteStalls } from "./write-stalls.js";

/**
 * Opens a database, or creates it.
 *
 * @throws {@link LsmError}: `LSM_LOCKED` when it is open elsewhere, `LSM_NOT_FOUND` and `LSM_EXISTS` as `createIfMissing` and `errorIfExists` have it,
 * `LSM_CORRUPT`, `LSM_MISSING_TABLE`, `LSM_WRONG_TABLE` and `LSM_UNSUPPORTED` for what is there, `LSM_NO_SPACE`, `LSM_READ_FAILED` and
 * `LSM_WRITE_FAILED` for what the system says; `TypeError` and `RangeError` for options. Nothing that was there is lost by an open that fails. A table that is missing is no reason for a `readOnly` open, nor
 * in `salvage`: what is read of its keys says so then.
 */
export function openEngine(options: EngineOptions & { readonly readOnly: true }): Promise<EngineReader>;
export function openEngine(options: EngineOptions & { readonly readOnly?: false }): Promise<Engine>;
export function openEngine(options: EngineOptions): Promise<Engine | EngineReader>;
export async function openEngine(options: EngineOptions): Promise<Engine | EngineReader> {
  const resolved = resolveEngineOptions(options);
  if (resolved.readOnly) return openEngineReader(resolved);
  const listener: EngineListener = {
    onFailure: () => {},
    onProgress: () => {},
    onSetback: () => {},
    onJobFailure: () => {},
  };
  return new Engine(await recoverEngine(resolved, listener), listener);
}

/** A database that is open for writing. */
export class Engine extends ReadableEngine implements KeyValueEngine {
  /** What opening it found and did. */
  readonly openReport: OpenReport;
  protected readonly tree: EngineParts["tree"];
  readonly #parts: EngineParts;
  readonly #writes: WritePath;
  readonly #calls: LongCalls;
  readonly #observation: EngineObservation;
  readonly #stalls: WriteStalls;
  /** Bytes of records that were in the log before. */
  readonly #replayedBytes: number;
  #failure: { readonly error: unknown } | undefined;
  #closing: Promise<void> | undefined;
  /** Nothing is read or written any more. */
  #isOver = false;
  /** Files and locks are given back: there is no way back. */
  #isReleasing = false;

  /** @internal Use {@link openEngine}. */
  constructor(parts: EngineParts, listener: EngineListener) {
    super();
    this.#parts = parts;
    this.tree = parts.tree;
    this.openReport = parts.report;
    const { tree, log, maintenance, options } = parts;
    this.#replayedBytes = tree.recordBytes;
    this.#calls = new LongCalls(options);
    this.#observation = new EngineObservation(options.observer, {
      databaseId: hex(parts.manifest.state.database.databaseId),
      directory: options.directory.path,
    });
    const stalls = new WriteStalls(options.now, (detail) => this.#observation.tell(detail));
    this.#stalls = stalls;
    const onFailure = (error: unknown): void => this.#fail(error);
    this.#writes = new WritePath(tree, log, {
      pressure: () => stalls.see(maintenance.pressure()),
      failureOf: (kind) => maintenance.failureOf(kind),
      schedule: options.schedule,
      turn: options.turn,
      onFull: () => {
        tree.seal();
        maintenance.wake();
      },
      onFailure,
    });
    listener.onFailure = onFailure;
    listener.onProgress = () => this.#writes.resume();
    listener.onSetback = (error) => this.#writes.refuse(error);
    listener.onJobFailure = (job, error) => this.#observation.tell(() => ({ kind: "jobFailure", job, error }));
    maintenance.start();
    this.#observation.tell(() => ({ kind: "open", report: parts.report }));
  }

  /** The failure behind which nothing is written; undefined while all is well. Reads go on. */
  get failure(): unknown {
    return this.#failure?.error;
  }

  put(key: Uint8Array, value: Uint8Array, options?: WriteOptions): Promise<void> {
    try {
      this.#checkWritable();
      checkIsBytes(key, "key");
      checkIsBytes(value, "value");
      return this.#writes.put(key, value, rungOf(options));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  delete(key: Uint8Array, options?: WriteOptions): Promise<void> {
    try {
      this.#checkWritable();
      checkIsBytes(key, "key");
      return this.#writes.delete(key, rungOf(options));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  write(batch: WriteBatch, options?: WriteOptions): Promise<void> {
    try {
      this.#checkWritable();
      if (!(batch instanceof WriteBatch)) throw new TypeError("batch must be a WriteBatch");
      if (batch.hasRangeDeletes) throw new LsmError("LSM_UNSUPPORTED", "range deletes are of a later version");
      const rung = rungOf(options);
      return batch.operationCount === 0 ? this.#writes.settle(rung) : this.#writes.write(batch, rung);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Without bounds, limit and snapshots, in one step whatever there is: a record of the log, and an edit that removes all tables. Otherwise by batches of
   * deletes of the keys that were there when it was called: also of what is written to one of them before its batch.
   *
   * @throws {@link LsmError} `LSM_ABORTED` by the signal, and as writes do: of a clear by batches some may be done then.
   */
  async clear(
    range: RangeOptions & { readonly limit?: number } = {},
    { signal, ...options }: ClearOptions = {},
  ): Promise<void> {
    this.#checkWritable();
    checkKeys(range, [...rangeKeys, "limit"], "a clear");
    checkWatching({ signal });
    const rung = rungOf(options);
    checkUnaborted(signal);
    const { limit = -1, ...bounds } = range;
    const { gt, gte, lt, lte, snapshot } = bounds;
    const isWhole = limit < 0 && [gt, gte, lt, lte, snapshot].every((bound) => bound === undefined);
    if (limit === 0) await this.#writes.settle(rung);
    else if (isWhole && this.tree.snapshots.count === 0) await this.#clearAll(rung);
    else {
      const { now, turn } = this.#parts.options;
      const checkGoesOn = (): void => {
        this.#checkWritable();
        checkUnaborted(signal);
      };
      await clearRange(this, bounds, { limit, rung, checkGoesOn, slices: new WorkSlices({ now, turn, signals: [] }) });
    }
  }

  /** Hands what is in memory to tables. Resolves when all that was written before the call is in them, durably. */
  async flush(): Promise<void> {
    this.#checkWritable();
    this.#drain();
    this.tree.seal();
    try {
      await this.#parts.maintenance.flush();
    } catch (error) {
      throw this.#whyStopped(error);
    }
    this.#checkSound(); // what has been flushed is flushed, also when it is being closed
  }

  async compactRange(
    start?: Uint8Array,
    end?: Uint8Array,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<void> {
    checkAreBytes({ start, end });
    const [from, to] = [start && Uint8Array.from(start), end && Uint8Array.from(end)]; // borrowed until the call returns
    await this.flush();
    try {
      await this.#parts.maintenance.compactRange(from, to, signal);
    } catch (error) {
      throw this.#whyStopped(error);
    }
  }

  /**
   * Copies the database while it goes on, into a directory that is empty or has an unfinished backup. It opens by itself, with everything that was written before
   * the call and perhaps some of what is written meanwhile: what one snapshot would see. Flushes first. Durability: the copy survives a power loss once this
   * resolves, if the name of the target does.
   *
   * Tables get a second name where that is possible, and are copied and checked byte by byte where it is not: see `link`. The copy has the id of the database.
   *
   * @param target - where nothing else may be; made with `openDirectory` and `create`. Opening it says `LSM_UNFINISHED_BACKUP` until all is done.
   * @throws {@link LsmError} `LSM_EXISTS` for a target that holds anything else, `LSM_LOCKED`, `LSM_ABORTED`, `LSM_NO_SPACE`, `LSM_POISONED`, and what is wrong
   * with a table that is copied, `LSM_READ_FAILED` and `LSM_WRITE_FAILED` for what the system says; `TypeError` and `RangeError` for arguments. The database is
   * as it was then, and the target an unfinished backup.
   */
  async backup(target: Directory, options: BackupOptions = {}): Promise<BackupReport> {
    this.#checkWritable();
    const { tree, installer, manifest, options: source } = this.#parts;
    checkBackup(source.directory, target, options);
    return this.#calls.run(options.signal, async (slices) => {
      await slices.wait(this.flush());
      await slices.wait(installer.settleClear());
      const { state } = manifest; // all that was written before the call, in tables that the next line keeps
      const pin = tree.versions.pin(state.version);
      try {
        return await writeBackup(source, state, target, options, slices);
      } finally {
        pin.release();
      }
    });
  }

  /**
   * Reads the whole manifest, the whole log, and every byte of every table from their files, and says what is wrong. Changes nothing; reads and writes go on.
   * Time: about that of compacting everything.
   *
   * @throws {@link LsmError} `LSM_ABORTED`, `LSM_CLOSED`; never for damage.
   */
  async verify(options: VerifyOptions = {}): Promise<DatabaseVerification> {
    this.checkOpen();
    checkKeys(options, ["signal", "onProgress"], "a verification");
    checkWatching(options);
    const { tree, files, log, manifest } = this.#parts;
    const { directory } = this.#parts.options;
    const { state } = manifest;
    const pin = tree.versions.pin(state.version);
    const database = { directory, version: state.version, tables: files, state, durableLsn: log.durableLsn };
    try {
      return await this.#calls.run(options.signal, (slices) => verifyDatabase(database, slices, options.onProgress));
    } finally {
      pin.release();
    }
  }

  /** What there is, and counters since the open. @throws {@link LsmError} `LSM_CLOSED`. */
  stats(): EngineStats & { readonly writer: WriterStats } {
    this.checkOpen();
    const { tree, files, log, manifest, maintenance } = this.#parts;
    const reads = readStats(tree, files, this.openReport.unreadable);
    const { flushBytes, debtBytes, jobs, compactions } = maintenance.stats();
    const logBytes = tree.recordBytes - this.#replayedBytes;
    const written = { logBytes, flushBytes, compactionBytes: compactions.bytesWritten };
    const { observerFailure: _none, ...ofLog } = log.stats(); // the log has no observer
    const writer: WriterStats = {
      ...{ lastLsn: log.lastLsn, durableLsn: log.durableLsn, flushedLsn: manifest.state.flushedLsn, log: ofLog },
      ...{ written, amplification: amplificationOf(reads, written), stalls: this.#stalls.stats() },
      ...{ debtBytes, jobs, compactions },
      ...{ obsoleteTables: tree.versions.obsoleteCount, removalFailures: tree.versions.removalFailures },
      observerFailure: this.#observation.failure,
    };
    return { ...reads, writer };
  }

  /** Resolves when no work is under way in the background, and none is due. */
  idle(): Promise<void> {
    return this.#parts.maintenance.idle();
  }

  /**
   * Syncs the log, hands what is in memory to a table where that is 1 MiB or more, ends background work, and gives the lock back. Idempotent. Durability: all that
   * was written survives a power loss when it resolves.
   *
   * @throws {@link LsmError} `LSM_NO_SPACE`: the database is still open, and what is in the log's memory can be written once there is room. Behind anything else it is
   * closed: `LSM_POISONED` where a write or barrier has failed, now or before, and not all of the log is durable; `LSM_WRITE_FAILED` and `LSM_READ_FAILED` where files or
   * locks could not be given back, which another call tries again.
   */
  close(): Promise<void> {
    this.#isOver = true;
    this.#closing ??= this.#close().catch((error: unknown) => {
      this.#closing = undefined;
      throw asLsmError(error);
    });
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  protected checkOpen(): void {
    if (this.#isOver) throw new LsmError("LSM_CLOSED", "the database is closed");
  }

  async #clearAll(rung: WriteRung): Promise<void> {
    const { tree, installer, maintenance } = this.#parts;
    const lsn = this.#writes.logClear();
    this.#stalls.end();
    const before = tree.version;
    tree.clear(lsn, Version.empty(tree.version.levels.length));
    installer.owe({ lsn, seqno: tree.visibleSeqno });
    const finished = maintenance.finishClear(before).catch((error: unknown) => {
      // The log has it: the next edit, or the next open, removes the tables.
      if (!isOutOfSpace(error)) throw error;
    });
    const outcomes = await Promise.allSettled([this.#writes.settle(rung), finished]);
    for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
  }

  async #close(): Promise<void> {
    const { maintenance, installer, log } = this.#parts;
    try {
      if (this.#failure === undefined && !this.#isReleasing) {
        this.#drain();
        await log.sync("data");
      }
    } catch (error) {
      const told = ofLog(error, LOG_DIRECTORY);
      if (isOutOfSpace(told)) {
        this.#isOver = false; // nothing was stopped
        throw told;
      }
      this.#fail(error); // told at the end, when everything is given back
    }
    if (!this.#isReleasing && this.#isMuchInMemory()) {
      this.tree.seal();
      await maintenance.flush().catch(() => {}); // the log has it durably
    }
    this.#isReleasing = true;
    await Promise.all([maintenance.stop(), this.#calls.stop()]);
    if (this.#failure === undefined) await installer.emptyLog();
    await this.#release();
    // A close that resolves says that everything is durable.
    if (log.durableLsn < log.lastLsn) throw poisonedBy(this.#failure?.error ?? log.failure);
  }

  #drain(): void {
    this.#writes.drain();
    this.#stalls.end();
  }

  /** Whether a table is worth writing that spares the next open a replay. */
  #isMuchInMemory(): boolean {
    const { tree, maintenance } = this.#parts;
    if (this.#failure !== undefined || maintenance.failureOf("flush") !== undefined) return false;
    return tree.sealed.reduce((sum, { bytes }) => sum + bytes, tree.activeBytes) >= CLOSE_FLUSH_BYTES;
  }

  /** Gives back what it can, and tells of the first that it could not. */
  async #release(): Promise<void> {
    const { log, manifest, files, lock } = this.#parts;
    this.#writes.refuse(new LsmError("LSM_CLOSED", "the database was closed"));
    files.close();
    const results = await Promise.allSettled([log.close(), manifest.close()]);
    try {
      lock.release();
    } catch (error) {
      throw ofRelease(error, "LOCK");
    }
    const failed = results.find(({ status }) => status === "rejected");
    if (failed?.status === "rejected") throw ofRelease(failed.reason, LOG_DIRECTORY);
    this.#observation.tell(() => ({ kind: "close" }));
  }

  #fail(error: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = { error };
    this.tree.versions.freeze();
    this.#writes.refuse(poisonedBy(error));
    void this.#parts.maintenance.stop();
    this.#observation.tell(() => ({ kind: "failure", error }));
  }

  /** Work that was stopped because the database has failed says so. */
  #whyStopped(error: unknown): unknown {
    const isStopped = error instanceof LsmError && error.code === "LSM_ABORTED";
    return isStopped && this.#failure !== undefined ? poisonedBy(this.#failure.error) : error;
  }

  #checkWritable(): void {
    this.checkOpen();
    this.#checkSound();
  }

  #checkSound(): void {
    if (this.#failure !== undefined) throw poisonedBy(this.#failure.error);
  }
}

/** A close leaves less than this to the log alone, in bytes of memtables. */
const CLOSE_FLUSH_BYTES = 0x10_0000;
