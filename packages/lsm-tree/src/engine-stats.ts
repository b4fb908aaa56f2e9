import type { CompactionStats } from "./compaction/compactor.js";
import type { EngineTables } from "./engine-tables.js";
import type { JobStats } from "./job-scheduler.js";
import type { LiveTree } from "./live-tree.js";
import type { LsmError } from "./lsm-error.js";
import type { WalStats } from "@holdfast/wal";
import type { StallStats } from "./write-stalls.js";

/** What one level holds. */
export interface LevelStats {
  /** Tables of the level. */
  readonly tables: number;
  /** Bytes of their files. */
  readonly bytes: number;
  /** Their entries, deletes included. */
  readonly entries: number;
}

/** What there is to read, what reading has cost since the open, and what a writer does. Plain data but for errors. */
export interface EngineStats {
  /** By level, from 0. */
  readonly levels: readonly LevelStats[];
  /** Tables of all levels. */
  readonly tables: number;
  /** Bytes of their files. */
  readonly tableBytes: number;
  /** What is in memory and in no table yet. */
  readonly memtables: { readonly count: number; readonly entries: number; readonly bytes: number };
  /** The last write that reads see. */
  readonly visibleSeqno: number;
  /** Snapshots that are not released. */
  readonly snapshots: number;
  /** Tables that could not be opened, or were not there, when the open or the last `refresh` looked at them; each with its file and keys. */
  readonly unreadable: readonly LsmError[];
  /** Files of tables that are open, and bytes of their indexes and filters. */
  readonly openTables: number;
  /** Bytes in memory of indexes and filters of open tables. */
  readonly indexBytes: number;
  /** Reads of files of tables. */
  readonly reads: number;
  /** Blocks in memory: bytes, their limit, and how often a block was there. */
  readonly cache: {
    readonly bytes: number;
    readonly maxBytes: number;
    readonly hits: number;
    readonly misses: number;
  };
  /** Undefined for a database that is open for reading only. */
  readonly writer: WriterStats | undefined;
}

/** What is done for writes, and was done since the open. */
export interface WriterStats {
  /** The last record of the log, the last one that a barrier covers, and the last one that is in tables. */
  readonly lastLsn: number;
  /** The last record that a barrier covers. */
  readonly durableLsn: number;
  /** The last record that is in tables. */
  readonly flushedLsn: number;
  /** Of the log: segments, barriers and how long they took. */
  readonly log: Omit<WalStats, "observerFailure">;
  /** Bytes by what they were written for. */
  readonly written: {
    /** Bytes of records of the log: keys, values, and some bytes for each. */
    readonly logBytes: number;
    readonly flushBytes: number;
    readonly compactionBytes: number;
  };
  /**
   * `write`: bytes written for each byte of the log's records; undefined before the first one. `space`: bytes of all tables for each byte of the deepest level,
   * which is about what is live; undefined without tables.
   */
  readonly amplification: { readonly write: number | undefined; readonly space: number | undefined };
  /** How long writes were kept from their acknowledgement. */
  readonly stalls: StallStats;
  /** Bytes that compactions have still to rewrite before all levels are in shape. */
  readonly debtBytes: number;
  /** Flushes and compactions as pieces of work. */
  readonly jobs: JobStats;
  /** What compactions did. */
  readonly compactions: CompactionStats;
  /** Tables that nothing names and that somebody still reads, and files that could not be removed: the next open removes them. */
  readonly obsoleteTables: number;
  /** Files that could not be removed. */
  readonly removalFailures: number;
  /** What the observer threw; undefined while it has thrown nothing. */
  readonly observerFailure: unknown;
}

/** What flushes and compactions have done. */
export interface MaintenanceStats {
  readonly flushBytes: number;
  readonly debtBytes: number;
  readonly jobs: JobStats;
  readonly compactions: CompactionStats;
}

/** All of them but those of the writer. */
export function readStats(
  tree: LiveTree,
  files: EngineTables,
  unreadable: readonly LsmError[],
): Omit<EngineStats, "writer"> {
  const { version } = tree;
  const levels = version.levels.map((tables, level) => ({
    tables: tables.length,
    bytes: version.bytes(level),
    entries: tables.reduce((sum, { entryCount }) => sum + entryCount, 0),
  }));
  const memtables = [tree.active, ...tree.sealed.map(({ memtable }) => memtable)];
  const { bytes, maxBytes, hits, misses } = files.cache;
  return {
    levels,
    tables: version.tableCount,
    tableBytes: levels.reduce((sum, level) => sum + level.bytes, 0),
    memtables: {
      count: memtables.length,
      entries: memtables.reduce((sum, { entryCount }) => sum + entryCount, 0),
      bytes: memtables.reduce((sum, memtable) => sum + memtable.bytes, 0),
    },
    ...{ visibleSeqno: tree.visibleSeqno, snapshots: tree.snapshots.count, unreadable },
    ...{ openTables: files.openCount, indexBytes: files.residentBytes, reads: files.readCount },
    cache: { bytes, maxBytes, hits, misses },
  };
}

export function amplificationOf(
  { levels, tableBytes }: Pick<EngineStats, "levels" | "tableBytes">,
  { logBytes, flushBytes, compactionBytes }: WriterStats["written"],
): WriterStats["amplification"] {
  const deepest = levels.findLast(({ bytes }) => bytes > 0);
  return {
    write: logBytes === 0 ? undefined : (logBytes + flushBytes + compactionBytes) / logBytes,
    space: deepest === undefined ? undefined : tableBytes / deepest.bytes,
  };
}
