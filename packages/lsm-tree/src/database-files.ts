import { isFsError, type Directory } from "@holdfast/fs-seam";
import { openWalReader, WalError } from "@holdfast/wal";
import { ofLog } from "./log-failure.js";
import { corrupt, LsmError } from "./lsm-error.js";
import { MANIFEST_DIRECTORY, readManifest } from "./manifest-log.js";
import type { ManifestState } from "./manifest-fold.js";
import { hex } from "./sstable/table-file.js";
import { formatTableFileName, parseTableFileName } from "./table-file-name.js";
import { refuseUnfinished } from "./unfinished-backup.js";
import type { Version } from "./version.js";
import { LOG_DIRECTORY } from "./write-path.js";

/** What lies in the directory of a database, and what may be made of it. Nothing here changes anything. */

/** The directory of the tables in that of the database. */
export const TABLES_DIRECTORY = "tables";
/** Version of the format of the whole directory. */
export const DATABASE_VERSION = 1;
/** Keys are compared as unsigned bytes. */
export const BYTEWISE_COMPARATOR = 1;

export interface FoundTable {
  readonly tableNumber: number;
  readonly bytes: number;
}

/**
 * The state that the manifest of a database says; undefined where there is no database, or one whose creation was interrupted: that has neither a
 * table nor a record in its log (C12).
 *
 * @param salvage - hears of damage that it does without, as `readManifest` has it.
 * @throws {@link LsmError} `LSM_CORRUPT` where there is data without a manifest, `LSM_UNSUPPORTED` for another format, `LSM_UNFINISHED_BACKUP`; what
 * reading throws.
 */
export function findDatabase(directory: Directory, salvage?: (problem: LsmError) => void): ManifestState | undefined {
  refuseUnfinished(directory);
  const state = directory.exists(MANIFEST_DIRECTORY)
    ? readManifest(directory.directory(MANIFEST_DIRECTORY), salvage)
    : undefined;
  if (state !== undefined) {
    checkIdentity(state);
    return state;
  }
  if (findTables(directory).length > 0 || hasRecords(directory)) {
    const message =
      "there are tables or a log without a manifest that says what they are; nothing is changed, restore it from a backup";
    throw corrupt(message, { file: MANIFEST_DIRECTORY });
  }
  return undefined;
}

/** Files whose names are those of tables. */
export function findTables(directory: Directory): FoundTable[] {
  if (!directory.exists(TABLES_DIRECTORY)) return [];
  const found: FoundTable[] = [];
  for (const { name, kind } of directory.list(TABLES_DIRECTORY)) {
    const tableNumber = kind === "file" ? parseTableFileName(name) : undefined;
    if (tableNumber === undefined) continue;
    const bytes = sizeOf(directory, `${TABLES_DIRECTORY}/${name}`);
    if (bytes !== undefined) found.push({ tableNumber, bytes });
  }
  return found;
}

/** @throws {@link LsmError} `LSM_MISSING_TABLE`, `LSM_CORRUPT` for the first table of the version that is not there with the size it has to have. */
export function checkTables(version: Version, found: readonly FoundTable[]): void {
  const [problem] = tableProblems(version, found);
  if (problem !== undefined) throw problem;
}

/** What is wrong with each table of the version that is not there with the size it has to have. */
export function tableProblems(version: Version, found: readonly FoundTable[]): LsmError[] {
  const sizes = new Map(found.map(({ tableNumber, bytes }) => [tableNumber, bytes]));
  const problems: LsmError[] = [];
  for (const { tableNumber, bytes, smallest, largest } of version.tables()) {
    const actual = sizes.get(tableNumber);
    if (actual === bytes) continue;
    const file = formatTableFileName(tableNumber);
    const context = { file, tableNumber, keysFrom: hex(smallest), keysUpTo: hex(largest), expected: bytes, actual };
    if (actual === undefined) problems.push(new LsmError("LSM_MISSING_TABLE", `${file} is not there`, context));
    else problems.push(corrupt(`${file} has ${actual} bytes, not ${bytes}`, context));
  }
  return problems;
}

function checkIdentity({ database: { formatVersion, comparator } }: ManifestState): void {
  for (const [field, actual, expected] of [
    ["formatVersion", formatVersion, DATABASE_VERSION],
    ["comparator", comparator, BYTEWISE_COMPARATOR],
  ] as const) {
    if (actual === expected) continue;
    throw new LsmError("LSM_UNSUPPORTED", `${field} ${actual} of a database is not known`, { field, expected, actual });
  }
}

function hasRecords(directory: Directory): boolean {
  if (!directory.exists(LOG_DIRECTORY)) return false;
  try {
    using reader = openWalReader({ directory: directory.directory(LOG_DIRECTORY) });
    return reader.lastLsn > 0;
  } catch (error) {
    if (error instanceof WalError && error.code === "WAL_NOT_FOUND") return false;
    throw ofLog(error, LOG_DIRECTORY);
  }
}

/** Undefined for a file that is gone meanwhile, as beside a writer. */
function sizeOf(directory: Directory, path: string): number | undefined {
  try {
    return directory.stat(path).size;
  } catch (error) {
    if (isFsError(error, "FS_NOT_FOUND")) return undefined;
    throw error;
  }
}
