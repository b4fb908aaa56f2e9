import { isFsError, type Directory } from "@holdfast/fs-seam";
import type { LookOptions } from "./log-view.js";
import { scanRecordLog, type RecordLogScan } from "./record-log-scan.js";
import { finish, type Steps } from "./sliced-work.js";
import { WalError } from "./wal-error.js";

/** A record log as a reader beside its writer sees it. */

/** Attempts at a look that the writer's work did not come between. */
const MAX_ATTEMPTS = 100;

/** Which file, and how. */
export interface RecordLogPlace extends LookOptions {
  readonly directory: Directory;
  readonly name: string;
}

/**
 * Looks at a whole log, and refuses one that is damaged.
 *
 * @throws {@link WalError} `WAL_NOT_FOUND` without the file, and as {@link scanRecordLog} does.
 */
export function viewRecordLog(place: RecordLogPlace): RecordLogScan {
  const scan = finish(lookAtRecordLog(place));
  if (scan.damage !== undefined) throw scan.damage;
  return scan;
}

/**
 * The same, and damage is in the scan. Where a writer adds to the log behind what was read before what is stated there was seen,
 * or cuts it, the look is taken again: real damage stays where it is, and a writer moves on.
 */
export function* lookAtRecordLog({ directory, name, ...options }: RecordLogPlace): Steps<RecordLogScan> {
  try {
    let damageAt = -1;
    for (let attempt = 1; ; attempt += 1) {
      const scan = yield* scanRecordLog(directory, name, options);
      if (scan.damage === undefined || scan.lastLsn === damageAt || attempt === MAX_ATTEMPTS) return scan;
      damageAt = scan.lastLsn;
    }
  } catch (error) {
    if (!isFsError(error, "FS_NOT_FOUND")) throw error;
    throw new WalError("WAL_NOT_FOUND", `there is no record log ${name} in ${directory.path}`, { file: name });
  }
}
