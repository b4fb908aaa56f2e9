import type { RecordLogScan } from "./record-log-scan.js";
import type { RecoveryReport } from "./recovery-report.js";

/** What a scan found, in the words of an open that changed nothing. */
export function reportOfScan({
  lastLsn,
  durableLsn,
  dropped,
  damage,
  sections,
  sizeBytes,
}: RecordLogScan): RecoveryReport {
  return {
    mode: "read-only",
    created: false,
    firstLsn: 1,
    lastLsn,
    provenLsn: durableLsn,
    rewrittenRecords: 0,
    rewrittenBytes: 0,
    dropped: dropped === undefined ? [] : [dropped],
    removedFiles: [],
    asideFiles: [],
    damage: damage?.message,
    segmentCount: sections.length,
    scannedBytes: sizeBytes,
  };
}
