import {
  acquireDirectoryLock,
  isFsError,
  makeDirectoriesDurably,
  type Directory,
  type DirectoryLock,
} from "@holdfast/fs-seam";
import type { RecoveryReport, Wal } from "@holdfast/wal";
import {
  checkTables,
  BYTEWISE_COMPARATOR,
  DATABASE_VERSION,
  findDatabase,
  findTables,
  tableProblems,
  TABLES_DIRECTORY,
  type FoundTable,
} from "./database-files.js";
import { EditInstaller } from "./edit-install.js";
import { tableStoreOf, type EngineTables } from "./engine-tables.js";
import type { ResolvedEngineOptions } from "./engine-options.js";
import { MOST_SEALED } from "./compaction/pressure.js";
import { EngineMaintenance } from "./engine-maintenance.js";
import type { JobKind } from "./job-scheduler.js";
import { LiveTree } from "./live-tree.js";
import { asLsmError, ofLog } from "./log-failure.js";
import { LogReplay } from "./log-replay.js";
import { LsmError } from "./lsm-error.js";
import { MANIFEST_DIRECTORY, ManifestLog } from "./manifest-log.js";
import type { ManifestState } from "./manifest-fold.js";
import { formatTableFileName } from "./table-file-name.js";
import { Version } from "./version.js";
import { openWriteLog, type WriteLog } from "./write-log.js";
import { LOG_DIRECTORY } from "./write-path.js";

/**
 * Opening for writing. Everything that may refuse comes before anything that changes a file, but for the lock; and every step may be cut off by a
 * crash and done again (C16):
 *
 * 1. The lock, and what is there: a complete manifest, nothing, or what a creation left that was cut off (C12). Tables with their sizes.
 * 2. The directories, durable with their names. A crash leaves some of them, empty: a creation that was cut off. Where each of them holds something this
 *    barrier has been passed: nobody puts anything into any of them before.
 * 3. The manifest, which cuts off its torn end, and for a database that is created its first snapshot. Behind that barrier there is a database, with or
 *    without a log (C13).
 * 4. The log, which cuts off its torn end and syncs what it could read; beside step 3 where there was a database, since neither says anything other for
 *    being opened: a crash leaves each as it was or opened. Its records behind what is in tables are applied again, to memtables as
 *    ever. A clear is carried out again (C14). One that is lost is salvaged as `write-log.ts` has it; where records are missing between the tables and the first
 *    that it has, an edit says so before any of it is applied: a crash before it leaves it to the next open that salvages.
 * 5. Tables that no edit names are removed: what was cut off while it was written (C3, C4, C8), or removed while somebody read it (C9, C15).
 */

/** What an open found and did. Plain data but for the errors. */
export interface OpenReport {
  /** True when there was no database before. */
  readonly created: boolean;
  /** What became of the log of edits. */
  readonly manifest: RecoveryReport;
  /** What became of the log of writes. */
  readonly log: RecoveryReport;
  /** Tables of the version that was opened. */
  readonly tables: number;
  /** Bytes of their files. */
  readonly tableBytes: number;
  /** Records of the log that were in no table, and what they did. */
  readonly replayedRecords: number;
  /** Operations of these records. */
  readonly replayedOperations: number;
  /** Memtables that became tables meanwhile. */
  readonly flushes: number;
  /** Files that no edit names; removed unless they were to be kept, as in `salvage`. */
  readonly orphans: readonly string[];
  /**
   * What is lost: the end of the manifest, records of the log, each with its file, and tables that are missing or damaged, as far as the open has looked, with
   * their keys. Empty unless `mode` is `salvage`: others refuse it.
   */
  readonly unreadable: readonly LsmError[];
  /** Milliseconds by the option `now`. */
  readonly durationMs: number;
}

/** What an open database is made of. */
export interface EngineParts {
  readonly options: ResolvedEngineOptions;
  readonly lock: DirectoryLock;
  readonly manifest: ManifestLog;
  readonly log: Wal;
  readonly files: EngineTables;
  readonly tree: LiveTree;
  readonly installer: EditInstaller;
  readonly maintenance: EngineMaintenance;
  readonly report: OpenReport;
}

/** Whom the parts tell what happens; an engine takes their place once there is one. */
export interface EngineListener {
  onFailure: (error: unknown) => void;
  onProgress: () => void;
  onSetback: (error: unknown) => void;
  onJobFailure: (job: JobKind, error: unknown) => void;
}

/** @throws {@link LsmError} by its codes. Nothing is left open then. */
export async function recoverEngine(options: ResolvedEngineOptions, listener: EngineListener): Promise<EngineParts> {
  const recovery = new Recovery(options, listener);
  try {
    return await recovery.run();
  } catch (error) {
    await recovery.abandon();
    throw asLsmError(error);
  }
}

class Recovery {
  readonly #options: ResolvedEngineOptions;
  readonly #listener: EngineListener;
  /** What has to be given back when a later step fails, in the order of taking. */
  readonly #taken: (() => Promise<void> | void)[] = [];
  #nextFileNumber = 1;
  #flushes = 0;
  #failure: { readonly error: unknown } | undefined;
  readonly #fail = (error: unknown): void => {
    this.#failure ??= { error };
    this.#listener.onFailure(error);
  };

  constructor(options: ResolvedEngineOptions, listener: EngineListener) {
    this.#options = options;
    this.#listener = listener;
  }

  async run(): Promise<EngineParts> {
    const options = this.#options;
    const { directory, now } = options;
    const began = now();
    const lock = this.#lock();
    const isSalvage = options.mode === "salvage";
    const lost: LsmError[] = [];
    const before = findDatabase(directory, isSalvage ? (problem) => lost.push(problem) : undefined);
    this.#checkWanted(before);
    const found = findTables(directory);
    if (before !== undefined && !isSalvage) checkTables(before.version, found);
    if (found.length === 0 || !hasEntries(directory, LOG_DIRECTORY)) {
      for (const name of [TABLES_DIRECTORY, LOG_DIRECTORY, MANIFEST_DIRECTORY]) {
        await makeDirectoriesDurably(directory, name);
      }
    }
    const { manifest, log, lost: lostRecords } = await this.#openLogs(before);
    if (lostRecords !== undefined) lost.push(lostRecords);
    if (log.firstLsn > manifest.state.flushedLsn + 1) await passGap(manifest, log);
    const { state } = manifest;
    if (!isSalvage) checkTables(state.version, found);
    const greatest = found.reduce((most, { tableNumber }) => Math.max(most, tableNumber), 0);
    this.#nextFileNumber = Math.max(state.nextFileNumber, greatest + 1);
    const files = tableStoreOf(options, state.database, this.#fail);
    this.#taken.push(() => files.close());
    const unreadable = this.#unreadable(state.version, found, files);
    const parts = this.#assemble({ options, lock, manifest, log, files, state, unreadable });
    this.#taken.push(() => parts.maintenance.stop());
    const replay = await this.#replay(parts, state);
    const orphans = this.#orphans(found, state.version); // what a clear of the replay has removed is none
    const { version } = parts.tree;
    const report: OpenReport = Object.freeze({
      created: before === undefined,
      ...{ manifest: manifest.report, log: log.report },
      ...{ tables: version.tableCount, tableBytes: [...version.tables()].reduce((sum, { bytes }) => sum + bytes, 0) },
      ...{ replayedRecords: replay.records, replayedOperations: replay.operations, flushes: this.#flushes },
      ...{ orphans, unreadable: [...lost, ...unreadable], durationMs: now() - began },
    });
    return { ...parts, report };
  }

  /** Gives back what was taken, as far as it goes; why the open failed is what the caller is told. */
  async abandon(): Promise<void> {
    for (const giveBack of this.#taken.reverse()) {
      try {
        await giveBack();
      } catch {
        // Why the open failed is what counts. What could not be given back may be another time.
        await Promise.allSettled([giveBack()]);
      }
    }
  }

  #lock(): DirectoryLock {
    try {
      const lock = acquireDirectoryLock(this.#options.directory);
      this.#taken.push(() => lock.release());
      return lock;
    } catch (error) {
      if (isFsError(error, "FS_NOT_FOUND")) {
        throw new LsmError("LSM_NOT_FOUND", "the directory of the database is not there", {}, { cause: error });
      }
      if (!isFsError(error, "FS_LOCKED")) throw error;
      throw new LsmError("LSM_LOCKED", "the database is open elsewhere", { file: "LOCK" }, { cause: error });
    }
  }

  #checkWanted(before: ManifestState | undefined): void {
    const { createIfMissing, errorIfExists } = this.#options;
    if (before === undefined && !createIfMissing) {
      throw new LsmError("LSM_NOT_FOUND", "the database does not exist, and createIfMissing is false");
    }
    if (before !== undefined && errorIfExists) {
      throw new LsmError("LSM_EXISTS", "the database exists, and errorIfExists is true");
    }
  }

  /**
   * The log of a database that is created comes behind its manifest, and so does one that may be set aside; otherwise each is opened by itself, and waits for its own
   * barriers.
   */
  async #openLogs(before: ManifestState | undefined): Promise<WriteLog & { readonly manifest: ManifestLog }> {
    if (before === undefined || this.#options.mode === "salvage") {
      const manifest = await this.#openManifest(before);
      return { manifest, ...(await this.#openLog(manifest.state)) };
    }
    const [manifest, log] = await Promise.allSettled([this.#openManifest(before), this.#openLog(before)]);
    if (manifest.status === "rejected") throw manifest.reason;
    if (log.status === "rejected") throw log.reason;
    return { manifest: manifest.value, ...log.value };
  }

  async #openManifest(before: ManifestState | undefined): Promise<ManifestLog> {
    const { directory, mode, manifestBytes, now, turn, schedule } = this.#options;
    const manifest = await ManifestLog.open(
      { directory: directory.directory(MANIFEST_DIRECTORY), mode, manifestBytes, now, turn, schedule },
      before === undefined ? this.#initialState() : undefined,
    );
    this.#taken.push(() => manifest.close({ discard: true }));
    return manifest;
  }

  #initialState(): ManifestState {
    const random = new Uint8Array(24);
    this.#options.random(random);
    const view = new DataView(random.buffer);
    return {
      database: {
        formatVersion: DATABASE_VERSION,
        databaseId: random.slice(0, 16),
        comparator: BYTEWISE_COMPARATOR,
        hashKey: { low: view.getUint32(16, true), high: view.getUint32(20, true) },
        levelCount: LEVEL_COUNT,
      },
      version: Version.empty(LEVEL_COUNT),
      ...{ nextFileNumber: 1, lastSeqno: 0, flushedLsn: 0, compactPointers: new Map() },
    };
  }

  async #openLog({ flushedLsn }: ManifestState): Promise<WriteLog> {
    const opened = await openWriteLog(this.#options, flushedLsn);
    this.#taken.push(() => opened.log.close({ discard: true }));
    return opened;
  }

  /**
   * Tables that the database has to do without, in `salvage`. The manifest goes on naming them, so that nothing passes them by, the next open asks again, and
   * one that is put back is as it was.
   */
  #unreadable(version: Version, found: readonly FoundTable[], files: EngineTables): LsmError[] {
    const { mode, paranoidOpen } = this.#options;
    const problems = tableProblems(version, found);
    if (!paranoidOpen) return problems;
    const known = new Set(problems.map(({ context }) => context.tableNumber));
    for (const table of version.tables()) {
      if (known.has(table.tableNumber)) continue;
      try {
        files.reader(table);
      } catch (error) {
        if (mode !== "salvage" || !(error instanceof LsmError)) throw error;
        problems.push(error);
      }
    }
    return problems;
  }

  #assemble({
    state,
    unreadable,
    ...parts
  }: Omit<EngineParts, "report" | "tree" | "installer" | "maintenance"> & {
    readonly state: ManifestState;
    readonly unreadable: readonly LsmError[];
  }): Omit<EngineParts, "report"> {
    const { options, log, manifest, files } = parts;
    const { database, version, lastSeqno, flushedLsn } = state;
    const tree = new LiveTree({
      ...{ hashKey: database.hashKey, tables: files, version, lastSeqno, flushedLsn },
      writeBufferBytes: options.writeBufferBytes,
    });
    const listener = this.#listener;
    const installer = new EditInstaller({
      ...{ tree, log, manifest },
      nextFileNumber: () => this.#nextFileNumber,
      onFailure: this.#fail,
    });
    const maintenance = new EngineMaintenance({
      ...{ tree, log, manifest, installer, unreadable, now: options.now, turn: options.turn },
      ...{ writeBufferBytes: options.writeBufferBytes, tableBytes: options.tableBytes },
      takeFileNumber: () => this.#nextFileNumber++,
      onProgress: () => listener.onProgress(),
      onSetback: (error) => listener.onSetback(error),
      onJobFailure: (job, error) => listener.onJobFailure(job, error),
    });
    return { ...parts, tree, installer, maintenance };
  }

  /**
   * Memory is that of the writes that any open database may hold: what is replayed stays in memtables, whose tables are written once it is open, and only with
   * as many of them sealed as make writes wait are they written first.
   */
  async #replay(
    { tree, log, installer, maintenance }: Omit<EngineParts, "report">,
    state: ManifestState,
  ): Promise<LogReplay> {
    const { turn } = this.#options;
    const replay = new LogReplay(tree);
    let sliceBytes = 0;
    try {
      for (const record of log.read({ from: state.flushedLsn + 1 })) {
        const outcome = replay.add(record);
        if (outcome.kind === "clear") {
          const { version } = tree;
          installer.owe({ lsn: record.lsn, seqno: outcome.seqno });
          tree.clear(record.lsn, Version.empty(state.database.levelCount));
          await maintenance.finishClear(version);
        } else if (tree.isFull) {
          tree.seal();
          if (tree.sealed.length >= MOST_SEALED) {
            this.#flushes += tree.sealed.length;
            await maintenance.flush();
          }
        }
        sliceBytes += record.payload.length;
        if (sliceBytes < SLICE_BYTES) continue;
        sliceBytes = 0;
        await turn();
      }
    } catch (error) {
      throw ofLog(error, LOG_DIRECTORY);
    }
    await installer.idle();
    if (this.#failure !== undefined) throw this.#failure.error;
    return replay;
  }

  /** Removes what no edit names, if it may. What an edit names stays, in whatever state it is. */
  #orphans(found: readonly FoundTable[], version: Version): string[] {
    const { directory, mode, orphans } = this.#options;
    const named = new Set([...version.tables()].map(({ tableNumber }) => tableNumber));
    const names = found
      .filter(({ tableNumber }) => !named.has(tableNumber))
      .map(({ tableNumber }) => formatTableFileName(tableNumber));
    // Where edits may be lost, what none names may be what they named.
    if (orphans === "keep" || mode === "salvage") return names;
    const tables = directory.directory(TABLES_DIRECTORY);
    for (const name of names) tables.removeIfPresent(name);
    return names;
  }
}

/** What is missing between tables and log counts as applied, so that no later open waits for it. */
async function passGap(manifest: ManifestLog, { firstLsn }: Wal): Promise<void> {
  await manifest.append(
    () => [],
    () => ({ ...manifest.state, flushedLsn: firstLsn - 1 }),
  );
}

function hasEntries(directory: Directory, name: string): boolean {
  return directory.exists(name) && directory.list(name).length > 0;
}

/** Levels of a database that is created. One that is there keeps its own. */
const LEVEL_COUNT = 7;
/** A turn of the event loop comes after so many bytes of replay. */
const SLICE_BYTES = 0x4_0000;
