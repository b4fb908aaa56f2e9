import { isFsError, type Directory } from "@holdfast/fs-seam";
import { openWalReader, WalError, type WalReader } from "@holdfast/wal";
import { findDatabase, findTables, tableProblems } from "./database-files.js";
import { verifyDatabase, type DatabaseVerification, type VerifyOptions } from "./database-verification.js";
import type { EngineSnapshot, KeyValueEngine, TablePin } from "./engine-contract.js";
import type { ResolvedEngineOptions } from "./engine-options.js";
import { readStats, type EngineStats } from "./engine-stats.js";
import { tableStoreOf, type EngineTables } from "./engine-tables.js";
import { LiveTree } from "./live-tree.js";
import { asLsmError, ofLog, recordsMissing } from "./log-failure.js";
import { LogReplay } from "./log-replay.js";
import { LongCalls } from "./long-calls.js";
import { corrupt, LsmError, type LsmErrorContext } from "./lsm-error.js";
import type { ManifestState } from "./manifest-fold.js";
import { checkKeys, checkWatching } from "./option-check.js";
import { ReadableEngine } from "./readable-engine.js";
import { hex } from "./sstable/table-file.js";
import { Version } from "./version.js";
import { MAX_RECORD_BYTES } from "./write-group.js";
import { LOG_DIRECTORY } from "./write-path.js";

/** A writer may replace what was just looked at; so often a look is begun again. */
const MOST_ATTEMPTS = 20;
/** A turn of the event loop comes after so many bytes of the log. */
const SLICE_BYTES = 0x4_0000;

/** What a look has found. Its tables are open for as long as somebody reads it. */
interface Moment {
  readonly state: ManifestState;
  readonly tree: LiveTree;
  readonly pins: readonly TablePin[];
  /** Of tables that cannot be opened: what is read of their keys says so. In `salvage` also what manifest and log have lost. */
  readonly unreadable: readonly LsmError[];
}

/**
 * Opens a database for reading beside whoever writes it: without a lock, and without changing anything. It shows one moment, and goes on showing it whatever is
 * written, compacted or removed meanwhile: its tables are open. Of the log it shows what the system has, which a power loss may take.
 *
 * Memory: what the log has that is in no table yet. Files that are open: one for each table, however many may stay open at once otherwise.
 *
 * @internal Use `openEngine` with `readOnly`.
 */
export async function openEngineReader(options: ResolvedEngineOptions): Promise<EngineReader> {
  let files: EngineTables | undefined;
  try {
    const moment = await look(options, ({ database }) => (files ??= tableStoreOf(options, database)));
    return new EngineReader(options, moment, files as EngineTables); // a look has asked for it
  } catch (error) {
    files?.close();
    throw asLsmError(error, true);
  }
}

/** @param filesOf - where tables are opened, by the state that names them. */
async function look(options: ResolvedEngineOptions, filesOf: (state: ManifestState) => EngineTables): Promise<Moment> {
  const missed = new Set<number>();
  for (let attempt = 1; ; attempt += 1) {
    const pins: TablePin[] = [];
    let moment: Moment;
    try {
      const lost: LsmError[] = [];
      const isSalvage = options.mode === "salvage";
      const state = findDatabase(options.directory, isSalvage ? (problem) => lost.push(problem) : undefined);
      if (state === undefined) {
        throw new LsmError("LSM_NOT_FOUND", "the database does not exist, and readOnly creates none");
      }
      const files = filesOf(state);
      const unreadable = pinTables(state.version, files, pins);
      // A writer removes a table behind the edit that says so: one that was missed and is named once more is missing.
      const outrun = unreadable.filter(
        ({ code, context }) => code === "LSM_MISSING_TABLE" && !missed.has(numberIn(context)),
      );
      for (const { context } of outrun) missed.add(numberIn(context));
      if (outrun[0] !== undefined) throw outrun[0];
      const isLast = attempt === MOST_ATTEMPTS;
      const tree = await readTree(options, { state, files, lost: isSalvage ? lost : undefined, isLast });
      moment = { state, tree, pins, unreadable: [...lost, ...unreadable] };
    } catch (error) {
      for (const pin of pins) pin.release();
      if (attempt === MOST_ATTEMPTS || !isOutrun(error)) throw error;
      await options.turn();
      continue;
    }
    const refused = refusedOf(options, moment);
    if (refused === undefined) return moment;
    for (const pin of pins) pin.release();
    throw refused;
  }
}

/** Opens all tables that can be opened, and returns what is wrong with the others. */
function pinTables(version: Version, files: EngineTables, pins: TablePin[]): LsmError[] {
  const unreadable: LsmError[] = [];
  for (const table of version.tables()) {
    try {
      pins.push(files.pin(table));
    } catch (error) {
      // One that is sound, and that could not be kept from a writer, would be missing later.
      if (!(error instanceof LsmError) || isFsError(error.cause, "FS_TOO_MANY_OPEN_FILES")) throw error;
      unreadable.push(error);
    }
  }
  return unreadable;
}

/** What an open for writing refuses in these modes. */
function refusedOf(
  { mode, paranoidOpen, directory }: ResolvedEngineOptions,
  { state, unreadable }: Moment,
): LsmError | undefined {
  if (mode === "salvage") return undefined;
  if (paranoidOpen) return unreadable[0];
  if (mode !== "strict" || unreadable.length === 0) return undefined;
  const numbers = new Set(unreadable.map(({ context }) => context.tableNumber));
  return tableProblems(state.version, findTables(directory)).find(({ context }) => numbers.has(context.tableNumber));
}

function numberIn({ tableNumber = 0 }: LsmErrorContext): number {
  return tableNumber;
}

/** Whether a writer that goes on may be the reason. */
function isOutrun(error: unknown): boolean {
  if (isFsError(error, "FS_NOT_FOUND")) return true;
  if (!(error instanceof LsmError)) return false;
  return error.code === "LSM_MISSING_TABLE" || (error.cause instanceof WalError && error.cause.code === "WAL_PRUNED");
}

interface LogToRead {
  readonly state: ManifestState;
  readonly files: EngineTables;
  /** Takes what the log has lost, in `salvage`; undefined where that is refused. */
  readonly lost: LsmError[] | undefined;
  /** Whether no other look follows: records that are missing were not pruned meanwhile, then. */
  readonly isLast: boolean;
}

async function readTree(options: ResolvedEngineOptions, { state, files, lost, isLast }: LogToRead): Promise<LiveTree> {
  const { database, version, lastSeqno, flushedLsn } = state;
  const { writeBufferBytes, directory, turn } = options;
  const { hashKey, levelCount } = database;
  const tree = new LiveTree({ hashKey, tables: files, version, lastSeqno, flushedLsn, writeBufferBytes });
  const replay = new LogReplay(tree);
  let sliceBytes = 0;
  let log: WalReader | undefined;
  try {
    log = openWalReader({
      ...{ directory: directory.directory(LOG_DIRECTORY), maxRecordBytes: MAX_RECORD_BYTES },
      mode: lost === undefined ? "recover" : "salvage",
    });
    const { firstLsn, lastLsn } = log;
    const { damage } = log.report;
    if (damage !== undefined) lost?.push(corrupt(`${LOG_DIRECTORY}: ${damage}`, { file: LOG_DIRECTORY }));
    if (lastLsn < flushedLsn) throw recordsMissing(firstLsn, lastLsn, flushedLsn);
    let from = flushedLsn + 1;
    if (firstLsn > from && isLast && lost !== undefined) {
      lost.push(recordsMissing(firstLsn, lastLsn, flushedLsn));
      from = firstLsn;
    }
    for (const record of log.read({ from })) {
      if (replay.add(record).kind === "clear") tree.clear(record.lsn, Version.empty(levelCount));
      sliceBytes += record.payload.length;
      if (sliceBytes < SLICE_BYTES) continue;
      sliceBytes = 0;
      await turn();
    }
  } catch (error) {
    const told = problemOf(error, directory, flushedLsn);
    if (told === undefined) return tree;
    if (lost === undefined || !isLoss(told)) throw problemOf(error, directory, flushedLsn);
    lost.push(told);
  } finally {
    log?.close();
  }
  return tree;
}

function isLoss(told: unknown): told is LsmError {
  return told instanceof LsmError && told.code === "LSM_CORRUPT" && !isOutrun(told);
}

/** What is wrong with a log that cannot be read. Undefined for that of a database that was created a moment ago: it has none yet. */
function problemOf(error: unknown, directory: Directory, flushedLsn: number): unknown {
  const isMissing =
    error instanceof WalError
      ? error.code === "WAL_NOT_FOUND"
      : isFsError(error, "FS_NOT_FOUND") && !directory.exists(LOG_DIRECTORY);
  if (!isMissing) return ofLog(error, LOG_DIRECTORY);
  return flushedLsn > 0 ? recordsMissing(1, 0, flushedLsn, error) : undefined; // as in the empty one that is created for writing
}

/** One moment of a database, for reading only, until it is told to look again. */
export class EngineReader extends ReadableEngine implements KeyValueEngine {
  readonly #options: ResolvedEngineOptions;
  readonly #files: EngineTables;
  readonly #calls: LongCalls;
  #moment: Moment;
  /** Moments from before a refresh that may still be read. */
  #earlier: Moment[] = [];
  readonly #snapshots = new WeakMap<EngineSnapshot, Moment>();
  #refreshing: Promise<void> | undefined;
  #isClosed = false;

  /** @internal Use `openEngine` with `readOnly`. */
  constructor(options: ResolvedEngineOptions, moment: Moment, files: EngineTables) {
    super();
    this.#options = options;
    this.#moment = moment;
    this.#files = files;
    this.#calls = new LongCalls(options);
  }

  /**
   * Looks again: reads from here on see what was written until this call, at least. Snapshots and cursors go on seeing what they saw; what they keep open is
   * closed by the first refresh behind their end.
   *
   * Time: reading the manifest, the log behind what is in tables, and the ends of tables that have come.
   *
   * @throws {@link LsmError} as opening does, and `LSM_NOT_FOUND` when there is another database by now. What was seen before is seen then, too.
   */
  refresh(): Promise<void> {
    const refreshed = (this.#refreshing ?? Promise.resolve())
      .catch(() => {})
      .then(() => this.#refresh())
      .catch((error: unknown) => {
        throw asLsmError(error, true);
      });
    this.#refreshing = refreshed;
    return refreshed;
  }

  /** @throws {@link LsmError} `LSM_CLOSED`. */
  stats(): EngineStats & { readonly writer: undefined } {
    this.checkOpen();
    return { ...readStats(this.tree, this.#files, this.#moment.unreadable), writer: undefined };
  }

  /** The same as of a database that is open for writing, of the moment that this shows. */
  async verify(options: VerifyOptions = {}): Promise<DatabaseVerification> {
    this.checkOpen();
    checkKeys(options, ["signal", "onProgress"], "a verification");
    checkWatching(options);
    const { state, tree } = this.#moment;
    const pin = tree.versions.pin(state.version);
    const database = { directory: this.#options.directory, version: state.version, tables: this.#files, state };
    try {
      return await this.#calls.run(options.signal, (slices) =>
        verifyDatabase({ ...database, durableLsn: 0 }, slices, options.onProgress),
      );
    } finally {
      pin.release();
    }
  }

  /** The moment that this reader shows, also when `refresh` has shown it another one. Release it. */
  override snapshot(): EngineSnapshot {
    const snapshot = super.snapshot();
    this.#snapshots.set(snapshot, this.#moment);
    return snapshot;
  }

  /** Rejects with `LSM_READ_ONLY`. */
  put(): Promise<void> {
    return this.#refused();
  }

  /** Rejects with `LSM_READ_ONLY`. */
  delete(): Promise<void> {
    return this.#refused();
  }

  write(): Promise<void> {
    return this.#refused();
  }

  clear(): Promise<void> {
    return this.#refused();
  }

  compactRange(): Promise<void> {
    return this.#refused();
  }

  /** Closes the files; those of open cursors with the cursor. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#calls.stop();
    await this.#refreshing?.catch(() => {});
    for (const { pins } of [this.#moment, ...this.#earlier]) for (const pin of pins) pin.release();
    this.#files.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  protected get tree(): LiveTree {
    return this.#moment.tree;
  }

  protected override treeOf(snapshot: EngineSnapshot | undefined): LiveTree {
    return ((snapshot && this.#snapshots.get(snapshot)) ?? this.#moment).tree;
  }

  protected checkOpen(): void {
    if (this.#isClosed) throw new LsmError("LSM_CLOSED", "the database is closed");
  }

  async #refresh(): Promise<void> {
    this.checkOpen();
    const files = this.#files;
    const { databaseId } = this.#moment.state.database;
    const moment = await look(this.#options, ({ database }) => {
      if (hex(database.databaseId) === hex(databaseId)) return files;
      throw new LsmError("LSM_NOT_FOUND", "there is another database by now; open it anew");
    });
    this.#earlier.push(this.#moment);
    this.#moment = moment;
    this.#closeUnread();
  }

  /** Gives up the moments that nobody reads, and the tables that no other names. */
  #closeUnread(): void {
    const isRead = ({ tree }: Moment): boolean => tree.versions.isPinned || tree.snapshots.count > 0;
    const over = this.#earlier.filter((moment) => !isRead(moment));
    this.#earlier = this.#earlier.filter(isRead);
    const kept = [this.#moment, ...this.#earlier].flatMap(({ state }) => [...state.version.tables()]);
    const named = new Set(kept.map(({ tableNumber }) => tableNumber));
    for (const { state, pins } of over) {
      for (const pin of pins) pin.release();
      const unnamed = [...state.version.tables()].filter(({ tableNumber }) => !named.has(tableNumber));
      for (const { tableNumber } of unnamed) this.#files.forget(tableNumber);
    }
  }

  #refused(): Promise<void> {
    return Promise.reject(new LsmError("LSM_READ_ONLY", "the database is open for reading only"));
  }
}
