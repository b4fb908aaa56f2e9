import { isFsError } from "@holdfast/fs-seam";
import { openWalReader, WalError, type WalReader } from "@holdfast/wal";
import { checkTables, findDatabase, findTables } from "./database-files.js";
import type { KeyValueEngine } from "./engine-contract.js";
import type { ResolvedEngineOptions } from "./engine-options.js";
import { tableStoreOf } from "./engine-tables.js";
import { LiveTree } from "./live-tree.js";
import { ofLog } from "./log-failure.js";
import { LogReplay } from "./log-replay.js";
import { corrupt, LsmError } from "./lsm-error.js";
import type { ManifestState } from "./manifest-fold.js";
import { ReadableEngine } from "./readable-engine.js";
import type { TableFiles } from "./table-files.js";
import { Version } from "./version.js";
import { MAX_RECORD_BYTES } from "./write-group.js";
import { LOG_DIRECTORY } from "./write-path.js";

/** A writer may replace what was just looked at; so often a look is begun again. */
const MOST_ATTEMPTS = 20;
/** A turn of the event loop comes after so many bytes of the log. */
const SLICE_BYTES = 0x4_0000;

/**
 * Opens a database for reading beside whoever writes it: without a lock, and without changing anything. It shows one moment, and goes on showing it whatever is
 * written, compacted or removed meanwhile: its tables are open. Of the log it shows what the system has, which a power loss may take.
 *
 * Memory: what the log has that is in no table yet. Files that are open: one for each table.
 *
 * @internal Use `openEngine` with `readOnly`.
 */
export async function openEngineReader(options: ResolvedEngineOptions): Promise<EngineReader> {
  for (let attempt = 1; ; attempt += 1) {
    let files: TableFiles | undefined;
    try {
      const state = findDatabase(options.directory);
      if (state === undefined) {
        throw new LsmError("LSM_NOT_FOUND", "the database does not exist, and readOnly creates none");
      }
      checkTables(state.version, findTables(options.directory));
      files = tableStoreOf(options, state.database);
      for (const table of state.version.tables()) files.pin(table);
      return new EngineReader(await readTree(options, state, files), files);
    } catch (error) {
      files?.close();
      if (attempt === MOST_ATTEMPTS || !isOutrun(error)) throw error;
      await options.turn();
    }
  }
}

/** Whether a writer that goes on may be the reason. */
function isOutrun(error: unknown): boolean {
  if (isFsError(error, "FS_NOT_FOUND")) return true;
  if (!(error instanceof LsmError)) return false;
  return error.code === "LSM_MISSING_TABLE" || (error.cause instanceof WalError && error.cause.code === "WAL_PRUNED");
}

async function readTree(options: ResolvedEngineOptions, state: ManifestState, files: TableFiles): Promise<LiveTree> {
  const { database, version, lastSeqno, flushedLsn } = state;
  const { writeBufferBytes, directory, turn } = options;
  const { hashKey, levelCount } = database;
  const tree = new LiveTree({ hashKey, tables: files, version, lastSeqno, flushedLsn, writeBufferBytes });
  const replay = new LogReplay(tree);
  let sliceBytes = 0;
  let log: WalReader | undefined;
  try {
    log = openWalReader({ directory: directory.directory(LOG_DIRECTORY), maxRecordBytes: MAX_RECORD_BYTES });
    if (log.lastLsn < flushedLsn) throw corrupt("the log ends before what is in tables", { file: LOG_DIRECTORY });
    for (const record of log.read({ from: flushedLsn + 1 })) {
      if (replay.add(record).kind === "clear") tree.clear(record.lsn, Version.empty(levelCount));
      sliceBytes += record.payload.length;
      if (sliceBytes < SLICE_BYTES) continue;
      sliceBytes = 0;
      await turn();
    }
  } catch (error) {
    // A database that was created a moment ago has no log yet.
    const isNone = error instanceof WalError && error.code === "WAL_NOT_FOUND" && flushedLsn === 0;
    if (!isNone) throw ofLog(error, LOG_DIRECTORY);
  } finally {
    log?.close();
  }
  return tree;
}

/** One moment of a database, for reading only. */
export class EngineReader extends ReadableEngine implements KeyValueEngine {
  protected readonly tree: LiveTree;
  readonly #files: TableFiles;
  #isClosed = false;

  /** @internal Use `openEngine` with `readOnly`. */
  constructor(tree: LiveTree, files: TableFiles) {
    super();
    this.tree = tree;
    this.#files = files;
  }

  put(): Promise<void> {
    return this.#refused();
  }

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

  /** Closes the files. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#files.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  protected checkOpen(): void {
    if (this.#isClosed) throw new LsmError("LSM_CLOSED", "the database is closed");
  }

  #refused(): Promise<void> {
    return Promise.reject(new LsmError("LSM_READ_ONLY", "the database is open for reading only"));
  }
}
