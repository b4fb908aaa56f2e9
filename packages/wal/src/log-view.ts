import { isFsError, type Directory } from "@holdfast/fs-seam";
import { checkpointedLsn } from "./checkpoint-files.js";
import type { RecoveryReport } from "./recovery-report.js";
import { liveSegments, surveySegments, type SoundSegment } from "./segment-survey.js";
import { scanTail, type TailScan } from "./tail-scan.js";
import { WalError } from "./wal-error.js";

/** A log as it lies there, looked at without changing anything; a writer may be at work on it meanwhile. */
export interface LogView {
  readonly live: readonly SoundSegment[];
  readonly tail: TailScan;
}

/** Attempts at a look that the writer's work did not come between. */
const MAX_ATTEMPTS = 100;

/**
 * Looks at a log. Where a writer removes a file between the list and the read, or writes behind what was read before what is
 * stated there was seen, the look is taken again: real damage stays where it is, and a writer moves on.
 *
 * @throws {@link WalError} `WAL_NOT_FOUND` without a segment, `WAL_CORRUPT`, `WAL_FOREIGN_SEGMENT`, `WAL_UNSUPPORTED`.
 */
export function viewLog(directory: Directory, maxRecordBytes: number): LogView {
  let damageAt = -1;
  for (let attempt = 1; ; attempt += 1) {
    try {
      const survey = surveySegments(directory);
      const live = liveSegments(survey.sound);
      if (live.length === 0) throw noLog(directory, survey.headerless[0]?.file);
      const durableLsn = checkpointedLsn(directory, (live[0] as SoundSegment).header.logId); // not empty
      const tail = scanTail(directory, survey, live, { maxPayloadBytes: maxRecordBytes, durableLsn });
      if (tail.damage === undefined) return { live, tail };
      if (tail.lastLsn === damageAt || attempt === MAX_ATTEMPTS) throw tail.damage;
      damageAt = tail.lastLsn;
    } catch (error) {
      if (!isFsError(error, "FS_NOT_FOUND") || attempt === MAX_ATTEMPTS) throw error;
    }
  }
}

function noLog(directory: Directory, headerless: string | undefined): WalError {
  if (headerless === undefined) return new WalError("WAL_NOT_FOUND", `there is no log in ${directory.path}`);
  const message = `no segment of the log has a sound header; that of ${headerless} is not`;
  return new WalError("WAL_CORRUPT", message, { file: headerless, offset: 0 });
}

/** What a look found, in the words of an open that changed nothing. */
export function reportOf({ live, tail }: LogView): RecoveryReport {
  return {
    mode: "read-only",
    created: false,
    firstLsn: live[0]?.header.baseLsn ?? 1,
    lastLsn: tail.lastLsn,
    provenLsn: tail.durableLsn,
    rewrittenRecords: 0,
    rewrittenBytes: 0,
    dropped: tail.dropped,
    removedFiles: [],
    asideFiles: [],
    damage: undefined,
    segmentCount: live.length,
    scannedBytes: tail.scannedBytes,
  };
}
