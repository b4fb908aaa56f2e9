import { LsmError } from "@holdfast/lsm-tree";
import {
  formatTableFileName,
  LogRecordCursor,
  parseTableFileName,
  type ManifestState,
} from "@holdfast/lsm-tree/format";
import { CliError, messageOf } from "../cli-error.js";
import { batchContent, batchDirectory } from "../inspect/batch-history.js";
import { databaseFindings } from "../inspect/database-findings.js";
import { DatabaseTables, keysOf, tablesDirectory } from "../inspect/database-tables.js";
import type { Folder, Sibling } from "../inspect/file-format.js";
import { isDamage, type KeyRange } from "../inspect/line.js";
import { eachRecord } from "../inspect/log-walk.js";
import { totalsOf } from "../inspect/manifest-history.js";
import { manifestDirectory, readManifestOf } from "../inspect/manifest-reading.js";
import { WalDirectory } from "../inspect/wal-directory.js";
import { DamageList } from "./damage-list.js";

/** Of tables, as the manifest has them. */
export type TableTotals = ReturnType<typeof totalsOf>;

export interface BatchLogStats {
  readonly segments: number;
  readonly fileBytes: number;
  /** LSNs; the last is 0 without a record. */
  readonly firstLsn: number;
  readonly lastLsn: number;
  /** What is in no table: records, their operations, and clears among them. */
  readonly pendingRecords: number;
  readonly pendingOperations: number;
  readonly pendingClears: number;
}

/** What there is to say about a database in numbers. Plain data. */
export interface DatabaseStats {
  readonly state: ManifestState;
  readonly totals: TableTotals;
  /** Of levels that have tables. */
  readonly levels: readonly (TableTotals & { readonly level: number })[];
  readonly log: BatchLogStats;
  /** Table files that no edit names: being written, or left by a crash. */
  readonly orphans: readonly { readonly file: string; readonly fileBytes: number }[];
  /** Tables that are not there, and their keys. */
  readonly missing: readonly ({ readonly file: string; readonly level: number } & KeyRange)[];
  /** What is wrong, a sentence each. */
  readonly damage: readonly string[];
}

/** Whether a directory is that of a database, as far as names and headers say. */
export function isDatabase(home: Folder): boolean {
  return readManifestOf(home) !== undefined;
}

/**
 * Counts what the manifest says, what lies beside it, and what the log has besides. Opens no table: what is in them is for `verify`. Reads beside a
 * writer, and changes nothing. Memory: that of the set of tables, and one record.
 *
 * @throws {@link CliError} `CLI_NOT_A_STORE` where the manifest says nothing.
 */
export function readDatabaseStats(path: string, home: Folder): DatabaseStats {
  const damage = new DamageList();
  const listed = home.directory?.(tablesDirectory);
  const folder = listed ?? { name: tablesDirectory, siblings: [], parent: () => home };
  const tables = DatabaseTables.of(folder);
  const { state, fault } = tables.manifest ?? {};
  if (state === undefined) {
    const why = fault === undefined ? "" : `: ${fault}`;
    throw new CliError("CLI_NOT_A_STORE", `${path} has a manifest without a complete snapshot${why}`);
  }
  if (fault !== undefined) damage.add(`${manifestDirectory}: ${fault}`);
  addFindings(home, "", damage);
  if (listed !== undefined) addFindings(listed, `${tablesDirectory}/`, damage);
  const orphans: { readonly file: string; readonly fileBytes: number }[] = [];
  for (const sibling of folder.siblings) {
    const place = tables.placeOf(parseTableFileName(sibling.name));
    const fileBytes = place.kind === "unknown" ? undefined : sizeOf(sibling);
    if (fileBytes === undefined) continue;
    const file = `${tablesDirectory}/${sibling.name}`;
    if (place.kind === "orphan") orphans.push({ file, fileBytes });
    if (place.kind === "named" && place.table.bytes !== fileBytes) {
      damage.add(`${file}: it has ${fileBytes} bytes, and the manifest says ${place.table.bytes}`);
    }
  }
  const { levels } = state.version;
  return {
    state,
    totals: totalsOf([...state.version.tables()]),
    levels: levels.flatMap((each, level) => (each.length === 0 ? [] : [{ level, ...totalsOf(each) }])),
    log: logStats(home, state, damage),
    orphans,
    missing: tables.missing().map((table) => {
      const file = `${tablesDirectory}/${formatTableFileName(table.tableNumber)}`;
      return { file, level: table.level, ...keysOf(table) };
    }),
    damage: damage.sentences(),
  };
}

function addFindings(folder: Folder, prefix: string, damage: DamageList): void {
  for (const { file, lines } of databaseFindings(folder)) {
    for (const line of lines) if (isDamage(line)) damage.add(`${prefix}${file}: ${line.fields.reason}`);
  }
}

function logStats(home: Folder, { flushedLsn }: ManifestState, damage: DamageList): BatchLogStats {
  const folder = home.directory?.(batchDirectory);
  const log = folder === undefined ? undefined : WalDirectory.of(folder);
  const pending = { pendingRecords: 0, pendingOperations: 0, pendingClears: 0 };
  if (folder === undefined || log?.headers[0]?.content !== batchContent) {
    return { segments: 0, fileBytes: 0, firstLsn: 1, lastLsn: 0, ...pending };
  }
  const record = new LogRecordCursor();
  const tail = log.tail();
  if (tail === undefined || tail.isDamaged) damage.add(`${batchDirectory}: its end is damaged`);
  try {
    eachRecord(log, Math.max(flushedLsn + 1, log.firstLsn), (lsn, bytes) => {
      pending.pendingRecords += 1;
      try {
        record.load(bytes);
      } catch (error) {
        if (!(error instanceof LsmError)) throw error;
        damage.add(`${batchDirectory}: record ${lsn}: ${error.message}`);
        return;
      }
      if (record.recordKind === "clear") pending.pendingClears += 1;
      else pending.pendingOperations += record.operationCount;
    });
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    damage.add(`${batchDirectory}: ${messageOf(error)}`);
  }
  const live = new Set(log.live.map(({ file }) => file));
  const sizes = folder.siblings.filter(({ name }) => live.has(name)).map((sibling) => sizeOf(sibling) ?? 0);
  return {
    segments: sizes.length,
    fileBytes: sizes.reduce((sum, size) => sum + size, 0),
    firstLsn: log.firstLsn,
    lastLsn: tail?.lastLsn ?? 0,
    ...pending,
  };
}

/** Undefined for a file that the writer has removed meanwhile. */
function sizeOf(sibling: Sibling): number | undefined {
  try {
    const source = sibling.open();
    source.close();
    return source.sizeBytes;
  } catch (error) {
    if (error instanceof CliError && error.code === "CLI_FILE_NOT_FOUND") return undefined;
    throw error;
  }
}
