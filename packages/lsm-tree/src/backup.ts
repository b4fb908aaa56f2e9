import {
  acquireDirectoryLock,
  cleanUpAfter,
  isFsError,
  linkOrCopy,
  makeDirectoriesDurably,
  removeDurably,
  type Directory,
  type DirectoryLock,
  type FilePlace,
} from "@holdfast/fs-seam";
import { FrameCursor } from "@holdfast/segment-codec";
import { TABLES_DIRECTORY } from "./database-files.js";
import type { ResolvedEngineOptions } from "./engine-options.js";
import { tableStoreOf } from "./engine-tables.js";
import { asLsmError } from "./log-failure.js";
import { LsmError } from "./lsm-error.js";
import type { ManifestState } from "./manifest-fold.js";
import { MANIFEST_DIRECTORY, ManifestLog } from "./manifest-log.js";
import { withKeysOf } from "./open-table.js";
import { checkKeys, checkWatching } from "./option-check.js";
import { hex } from "./sstable/table-file.js";
import { formatTableFileName } from "./table-file-name.js";
import type { TableFiles } from "./table-files.js";
import { UNFINISHED_BACKUP } from "./unfinished-backup.js";
import type { TableMeta } from "./version-edit.js";
import type { WorkSlices } from "./work-slices.js";
import { LOG_DIRECTORY } from "./write-path.js";

/**
 * A copy of a database that is open and goes on: all tables of one state of its manifest, and a manifest that says that state. In this order, each
 * durable before the next, and what a crash leaves of the target:
 *
 * 1. The name `UNFINISHED-BACKUP`, behind which nobody takes the target for a database, and the directories (B1): any of these, and the directories empty.
 * 2. The tables, each synced when it is a copy (B2): any of them, with any part of their bytes.
 * 3. The names of the tables (B3).
 * 4. The manifest, one snapshot of the state (B4): without it, or with any part of it. No manifest ever names a table that is not there.
 * 5. That the first name is gone (B5): an unfinished backup, or the whole one.
 *
 * Of an earlier backup that was not finished the manifest goes first, for good, and then the rest (B6).
 *
 * The target has no log: its state says that nothing of a log is in tables, so that the first open begins one.
 */

export interface BackupOptions {
  /** Ends it with `LSM_ABORTED`, and leaves an unfinished backup. */
  readonly signal?: AbortSignal;
  /** Hears how far it has come; what it throws ends the work. */
  readonly onProgress?: (progress: BackupProgress) => void;
  /**
   * Whether tables get a second name where the target is on the same file system, and the same `StoreFs` object or one with its root. That costs
   * no time and no room, and what damages one file then damages both. Default true.
   */
  readonly link?: boolean;
}

/** How far a backup is. */
export interface BackupProgress {
  /** Of tables that are there, and of the one that is copied. */
  readonly bytes: number;
  /** Of all tables that the copy will have. */
  readonly totalBytes: number;
}

/** What a backup is of. Plain data. */
export interface BackupReport {
  /** 32 hexadecimal digits: the copy has the id of the database. */
  readonly databaseId: string;
  /** The last write that it has. */
  readonly lastSeqno: number;
  /** Tables of the copy. */
  readonly tables: number;
  /** Bytes of their files. */
  readonly bytes: number;
  /** Tables that share their file with the source. */
  readonly linkedTables: number;
}

/** @throws `TypeError` and `RangeError` that name the argument. */
export function checkBackup(source: Directory, target: Directory, options: BackupOptions): void {
  if (typeof target?.syncNames !== "function") throw new TypeError("target must be a Directory of @holdfast/fs-seam");
  checkKeys(options, ["signal", "onProgress", "link"], "a backup");
  checkWatching(options);
  const { link = true } = options;
  if (typeof link !== "boolean") throw new TypeError("link must be a boolean");
  if (source.fs.namespaceId !== target.fs.namespaceId) return;
  const isWithin = (inner: string, outer: string): boolean =>
    inner === outer || inner.startsWith(outer === "/" ? "/" : `${outer}/`);
  if (!isWithin(target.path, source.path)) return;
  throw new RangeError(`target must not be the database's own directory, nor lie in it: ${target.path}`);
}

/**
 * Writes a state to the target, which is empty or holds an unfinished backup; durable when the promise resolves.
 *
 * @param state - its version is pinned by the caller for as long as this takes.
 * @throws {@link LsmError} `LSM_EXISTS` for a target that holds anything else, `LSM_LOCKED`, `LSM_ABORTED`, `LSM_NO_SPACE`, and what is wrong with
 * a table that is copied; what the file system says. The target is an unfinished backup then.
 */
export async function writeBackup(
  source: ResolvedEngineOptions,
  state: ManifestState,
  target: Directory,
  options: BackupOptions,
  slices: WorkSlices,
): Promise<BackupReport> {
  let lock: DirectoryLock | undefined;
  let report: BackupReport;
  try {
    lock = lockOf(target);
    refuseOthers(target);
    report = await new Backup(source, state, target, options, slices).run();
  } catch (error) {
    cleanUpAfter(error, () => lock && giveBack(lock));
    throw asLsmError(error);
  }
  try {
    giveBack(lock);
  } catch (error) {
    throw asLsmError(error);
  }
  return report;
}

class Backup {
  readonly #source: ResolvedEngineOptions;
  readonly #state: ManifestState;
  readonly #target: Directory;
  readonly #options: BackupOptions;
  readonly #slices: WorkSlices;
  readonly #tables: readonly TableMeta[];
  readonly #totalBytes: number;
  #bytes = 0;
  #linkedTables = 0;

  constructor(
    source: ResolvedEngineOptions,
    state: ManifestState,
    target: Directory,
    options: BackupOptions,
    slices: WorkSlices,
  ) {
    this.#source = source;
    this.#state = { ...state, flushedLsn: 0 };
    this.#target = target;
    this.#options = options;
    this.#slices = slices;
    this.#tables = [...state.version.tables()];
    this.#totalBytes = this.#tables.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  async run(): Promise<BackupReport> {
    const target = this.#target;
    this.#markUnfinished();
    await target.syncNames(); // before any other name, so that a crash leaves nothing or what the next backup may take away
    if (target.exists(MANIFEST_DIRECTORY)) {
      target.removeTree(MANIFEST_DIRECTORY);
      await target.syncNames(); // before the tables that it names go
    }
    for (const name of ownDirectories) {
      if (target.exists(name)) target.removeTree(name);
      await makeDirectoriesDurably(target, name);
    }
    await this.#takeTables();
    await target.syncNames(TABLES_DIRECTORY);
    await this.#writeManifest();
    this.#slices.check();
    try {
      await removeDurably(target, UNFINISHED_BACKUP);
    } catch (error) {
      // It may be gone, and come back with a power loss: until somebody knows, it is there.
      cleanUpAfter(error, () => this.#markUnfinished());
      throw error;
    }
    const { database, lastSeqno } = this.#state;
    return {
      ...{ databaseId: hex(database.databaseId), lastSeqno, tables: this.#tables.length },
      ...{ bytes: this.#totalBytes, linkedTables: this.#linkedTables },
    };
  }

  #markUnfinished(): void {
    this.#target.open(UNFINISHED_BACKUP, { mode: "write", create: "if-missing" }).close();
  }

  /** Each one is opened as the copy will open it, so that what is not the manifest's table does not pass for it. */
  async #takeTables(): Promise<void> {
    const directory = this.#target;
    const files = tableStoreOf({ ...this.#source, directory, cacheBytes: 0 }, this.#state.database);
    try {
      for (const table of this.#tables) {
        await this.#slices.pause();
        const isLinked = this.#options.link !== false && (await this.#link(table));
        if (isLinked) this.#tell(table.bytes);
        else await this.#copy(table);
        await this.#check(table, files, isLinked);
      }
    } finally {
      files.close();
    }
  }

  /** False where that is not possible. */
  async #link(table: TableMeta): Promise<boolean> {
    const [from, to] = this.#places(table.tableNumber);
    try {
      // Its bytes were durable before the manifest named it.
      await linkOrCopy(from, to, { method: "link" });
    } catch (error) {
      if (isFsError(error, "FS_UNSUPPORTED")) return false;
      throw isFsError(error, "FS_NOT_FOUND") ? withKeysOf(table, from.path, error) : error;
    }
    this.#linkedTables += 1;
    return true;
  }

  async #copy(table: TableMeta): Promise<void> {
    const [from, to] = this.#places(table.tableNumber);
    const fail = (error: unknown): unknown => withKeysOf(table, from.path, error);
    const reader = attempt(() => from.directory.open(from.path, { mode: "read" }), fail);
    try {
      const writer = to.directory.open(to.path, { mode: "append", create: "exclusive" });
      try {
        const buffer = new Uint8Array(CHUNK_BYTES);
        for (let offset = 0; ;) {
          const read = reader.readAtAsync(buffer, offset).catch((error: unknown) => {
            throw fail(error);
          });
          const count = await this.#slices.wait(read);
          if (count === 0) break;
          writer.append(buffer.subarray(0, count));
          offset += count;
          this.#tell(count);
          await this.#slices.pause();
        }
        await this.#slices.wait(writer.sync("data"));
      } finally {
        writer.close();
      }
    } finally {
      reader.close();
    }
  }

  /** Size, and the chain that its end states; of a copy every byte up to there. */
  async #check(table: TableMeta, files: TableFiles, isLinked: boolean): Promise<void> {
    const pin = files.pin(table);
    try {
      if (isLinked) return;
      const { file } = pin.reader;
      const cursor = new FrameCursor(file.source, file.header);
      while (cursor.next()) if (this.#slices.spend(cursor.endOffset - cursor.offset)) await this.#slices.pause();
      if (cursor.endOffset === table.bytes && cursor.chain === table.chain) return;
      const keys = { keysFrom: hex(table.smallest), keysUpTo: hex(table.largest) };
      throw file.corrupt("was damaged before it was copied, or while it was", cursor.endOffset, keys);
    } finally {
      pin.release();
    }
  }

  async #writeManifest(): Promise<void> {
    const { manifestBytes, now, turn, schedule } = this.#source;
    const directory = this.#target.directory(MANIFEST_DIRECTORY);
    const options = { directory, mode: "strict", manifestBytes, now, turn, schedule } as const;
    const manifest = await ManifestLog.open(options, this.#state);
    try {
      await manifest.close();
    } catch (error) {
      await Promise.allSettled([manifest.close()]); // its lock, if it can be given back another time
      throw error;
    }
  }

  #places(tableNumber: number): [FilePlace, FilePlace] {
    const path = formatTableFileName(tableNumber);
    return [
      { directory: this.#source.directory.directory(TABLES_DIRECTORY), path },
      { directory: this.#target.directory(TABLES_DIRECTORY), path },
    ];
  }

  #tell(bytes: number): void {
    this.#bytes += bytes;
    this.#options.onProgress?.({ bytes: this.#bytes, totalBytes: this.#totalBytes });
  }
}

const CHUNK_BYTES = 256 * 1024;
const ownDirectories: readonly string[] = [TABLES_DIRECTORY, LOG_DIRECTORY, MANIFEST_DIRECTORY];

function lockOf(target: Directory): DirectoryLock {
  try {
    return acquireDirectoryLock(target);
  } catch (error) {
    if (!isFsError(error, "FS_LOCKED")) throw error;
    throw new LsmError("LSM_LOCKED", "the target of the backup is in use", { file: "LOCK" }, { cause: error });
  }
}

/** A lock that could not be given back may be another time; it must not keep the next backup out. */
function giveBack(lock: DirectoryLock): void {
  try {
    lock.release();
  } catch {
    lock.release();
  }
}

function refuseOthers(target: Directory): void {
  const names = target.list().map(({ name }) => name);
  const ours = names.includes(UNFINISHED_BACKUP) ? [...ownDirectories, UNFINISHED_BACKUP, "LOCK"] : ["LOCK"];
  const other = names.find((name) => !ours.includes(name));
  if (other === undefined) return;
  const context = { file: other };
  throw new LsmError("LSM_EXISTS", `the target of a backup must be empty, and holds ${other}`, context);
}

function attempt<Result>(action: () => Result, failure: (error: unknown) => unknown): Result {
  try {
    return action();
  } catch (error) {
    throw failure(error);
  }
}
