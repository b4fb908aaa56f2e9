import { inspectSegmentHeader } from "@holdfast/segment-codec";
import { formatTableFileName, parseTableFileName, TABLE_CONTENT, type TableMeta } from "@holdfast/lsm-tree/format";
import { batchContent, batchDirectory } from "./batch-history.js";
import { DatabaseTables, keysOf, tablesDirectory } from "./database-tables.js";
import type { Folder } from "./file-format.js";
import { keyRangeText } from "./key-text.js";
import { damage, type Damage, type Line } from "./line.js";
import { manifestDirectory, readManifestOf, type ManifestReading } from "./manifest-reading.js";
import { WalDirectory } from "./wal-directory.js";

/** What is wrong with a database as a whole, and so with no file that is there. */

/** A name below the directory, and what there is to say about it. */
interface Finding {
  readonly file: string;
  readonly lines: readonly Line[];
}

const nowhere = { offset: 0, endOffset: 0 };

/** Said of a directory when all of its files were looked at; nothing of one that is no part of a database. */
export function* databaseFindings(folder: Folder): Generator<Finding, void, undefined> {
  if (folder.name === tablesDirectory) yield* missingTables(folder, "");
  const reading = readManifestOf(folder);
  if (reading?.state === undefined) {
    if (!holdsData(folder)) return;
    const reason = "there are tables or a log, and no complete manifest that says what they are";
    yield { file: manifestDirectory, lines: [damage("corrupt", nowhere, "LSM_CORRUPT", reason)] };
    return;
  }
  if (folder.directory?.(tablesDirectory) === undefined) {
    const empty = { name: tablesDirectory, siblings: [], parent: () => folder };
    yield* missingTables(empty, `${tablesDirectory}/`);
  }
  const gap = logGap(folder, reading);
  if (gap !== undefined) yield { file: batchDirectory, lines: [gap] };
}

/** Whether a name is one that the writer of a database gives in this directory, and takes away. */
export function isOfDatabase(name: string, folder: Folder): boolean {
  const home = folder.parent?.();
  if (home === undefined || readManifestOf(home) === undefined) return false;
  if (folder.name === tablesDirectory) return parseTableFileName(name) !== undefined;
  return folder.name === manifestDirectory || folder.name === batchDirectory;
}

function* missingTables(folder: Folder, prefix: string): Generator<Finding, void, undefined> {
  const tables = DatabaseTables.of(folder);
  for (const table of tables.missing()) {
    yield { file: `${prefix}${formatTableFileName(table.tableNumber)}`, lines: [missing(table, tables.manifest)] };
  }
}

function missing(table: TableMeta, reading: ManifestReading | undefined): Damage {
  const keys = keysOf(table);
  const about = `table ${table.tableNumber} of level ${table.level}, ${keyRangeText(keys)}`;
  const doubt = reading?.fault === undefined ? "" : `, as far as the manifest can be read: ${reading.fault}`;
  const reason = `${about}: the manifest names it, and it is not there${doubt}`;
  return damage("corrupt", nowhere, "LSM_MISSING_TABLE", reason, keys);
}

/** Whether there is anything that a manifest has to speak of. */
function holdsData(folder: Folder): boolean {
  const tables = folder.directory?.(tablesDirectory);
  const isTable = (name: string, head: () => Uint8Array): boolean => {
    if (parseTableFileName(name) === undefined) return false;
    const outcome = inspectSegmentHeader(head());
    return outcome.kind === "segment" && outcome.header.content === TABLE_CONTENT;
  };
  if (tables?.siblings.some((sibling) => isTable(sibling.name, () => sibling.head())) === true) return true;
  const log = folder.directory?.(batchDirectory);
  return log !== undefined && isBatchLog(log) && (WalDirectory.of(log).tail()?.lastLsn ?? 0) > 0;
}

function isBatchLog(log: Folder): boolean {
  return WalDirectory.of(log).headers[0]?.content === batchContent;
}

/** What is neither in a table nor in the log. The manifest was read before the log, which was durable up to where it says. */
function logGap(home: Folder, { state }: ManifestReading): Damage | undefined {
  const folder = home.directory?.(batchDirectory);
  const log = folder === undefined ? undefined : WalDirectory.of(folder);
  const tail = log?.tail();
  if (log?.logId !== undefined && (tail === undefined || tail.isDamaged)) return undefined; // its segments say so
  const [firstLsn, lastLsn] = [log?.firstLsn ?? 1, tail?.lastLsn ?? 0];
  // A flush meanwhile moves both the mark and the beginning of the log.
  const marks = [state?.flushedLsn ?? 0];
  if (firstLsn > (marks[0] ?? 0) + 1) marks.push(readManifestOf(home)?.state?.flushedLsn ?? 0);
  const isWhole = marks.some((flushedLsn) => lastLsn >= flushedLsn && firstLsn <= flushedLsn + 1);
  if (isWhole) return undefined;
  const reason = `the log has records ${firstLsn} to ${lastLsn}, and tables have all up to ${marks.at(-1)}: some are missing`;
  return damage("corrupt", nowhere, "LSM_CORRUPT", reason);
}
