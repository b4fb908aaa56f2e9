import { isFsError, type Directory } from "@holdfast/fs-seam";
import { checkpointedLsn, listCheckpoints, lostLog } from "./checkpoint-files.js";
import type { RecoveryReport } from "./recovery-report.js";
import { liveSegments, surveySegments, type SoundSegment } from "./segment-survey.js";
import { finish, type Steps } from "./sliced-work.js";
import { scanTail, type TailScan } from "./tail-scan.js";
import { WalError } from "./wal-error.js";
import type { ReaderOptions } from "./wal-options.js";

/** A log as it lies there, looked at without changing anything; a writer may be at work on it meanwhile. */
export interface LogView {
  readonly live: readonly SoundSegment[];
  readonly tail: TailScan;
}

/** Attempts at a look that the writer's work did not come between. */
export const MAX_ATTEMPTS = 100;

export interface LookOptions {
  readonly maxRecordBytes: number;
  /** Highest LSN known durable from elsewhere. Default 0. */
  readonly durableLsn?: number;
}

/**
 * Looks at a log, and refuses one that is damaged, but for its end in `salvage`.
 *
 * @throws {@link WalError} `WAL_NOT_FOUND` without a segment, `WAL_CORRUPT`, `WAL_FOREIGN_SEGMENT`, `WAL_UNSUPPORTED`.
 */
export function viewLog(directory: Directory, options: LookOptions & Pick<ReaderOptions, "mode">): LogView {
  const view = finish(lookAtLog(directory, options));
  if (view.tail.damage !== undefined && options.mode !== "salvage") throw view.tail.damage;
  return view;
}

/**
 * The same, and damage to the tail is in the view. Where a writer removes a file between the list and the read, or writes behind
 * what was read before what is stated there was seen, the look is taken again: real damage stays where it is, and a writer
 * moves on. Pauses behind every file.
 */
export function* lookAtLog(directory: Directory, options: LookOptions): Steps<LogView> {
  let damageAt = -1;
  for (let attempt = 1; ; attempt += 1) {
    try {
      const view = yield* lookOnce(directory, options);
      const { damage, lastLsn } = view.tail;
      if (damage === undefined || lastLsn === damageAt || attempt === MAX_ATTEMPTS) return view;
      damageAt = lastLsn;
    } catch (error) {
      if (!isFsError(error, "FS_NOT_FOUND") || attempt === MAX_ATTEMPTS) throw error;
    }
  }
}

function* lookOnce(directory: Directory, { maxRecordBytes, durableLsn = 0 }: LookOptions): Steps<LogView> {
  const checkpoint = listCheckpoints(directory)[0]; // before the segments, which are there before any checkpoint is
  const survey = surveySegments(directory);
  const live = liveSegments(survey.sound);
  if (live.length === 0) {
    throw lostLog(survey, checkpoint) ?? new WalError("WAL_NOT_FOUND", `there is no log in ${directory.path}`);
  }
  const checkpointed = checkpointedLsn(directory, (live[0] as SoundSegment).header.logId); // not empty
  const proven = Math.max(durableLsn, checkpointed);
  const tail = yield* scanTail(directory, survey, live, { maxPayloadBytes: maxRecordBytes, durableLsn: proven });
  return { live, tail };
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
    damage: tail.damage?.message,
    segmentCount: live.length,
    scannedBytes: tail.scannedBytes,
  };
}
