import type { DroppedBytes } from "./tail-scan.js";
import type { RecoveryMode } from "./wal-options.js";

/** What an open found and did. Plain data. */
export interface RecoveryReport {
  /** As the log was opened. */
  readonly mode: RecoveryMode | "read-only";
  /** True when there was no log before. */
  readonly created: boolean;
  /** LSN of the first record that is kept; `lastLsn + 1` when there is none. */
  readonly firstLsn: number;
  /** LSN of the last record that was recovered, 0 when there never was one. */
  readonly lastLsn: number;
  /** Highest LSN that the log itself could prove durable before this open. */
  readonly provenLsn: number;
  /** Records that were written once more into the new segment, because they were not proven or lay in small segments. */
  readonly rewrittenRecords: number;
  /** Bytes that were written for them. */
  readonly rewrittenBytes: number;
  /** Bytes that are no records of this log, other than zeros. None of them was ever stated as durable, unless `damage` says so. */
  readonly dropped: readonly DroppedBytes[];
  /** Segment files that the new one replaces. */
  readonly removedFiles: readonly string[];
  /** Of those, the ones kept in `aside` because they hold dropped bytes. */
  readonly asideFiles: readonly string[];
  /** In mode `salvage`: what any other mode refuses. Damage that keeps no mode from opening the log is not looked for: `verify`. */
  readonly damage: string | undefined;
  /** Segments that count, the one of this open included. */
  readonly segmentCount: number;
  /** Bytes of segments that were read. */
  readonly scannedBytes: number;
}

/** What an open reports that found nothing and created a log. */
export function createdReport(mode: RecoveryMode, firstLsn = 1): RecoveryReport {
  return {
    mode,
    created: true,
    firstLsn,
    lastLsn: firstLsn - 1,
    provenLsn: firstLsn - 1,
    rewrittenRecords: 0,
    rewrittenBytes: 0,
    dropped: [],
    removedFiles: [],
    asideFiles: [],
    damage: undefined,
    segmentCount: 1,
    scannedBytes: 0,
  };
}
