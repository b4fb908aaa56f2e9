import type { Directory } from "@holdfast/fs-seam";
import { LsmError } from "./lsm-error.js";

/** A file that a backup makes first and removes last: where it is, there is no database yet, whatever else there is. */
export const UNFINISHED_BACKUP = "UNFINISHED-BACKUP";

/** @throws {@link LsmError} `LSM_UNFINISHED_BACKUP`. */
export function refuseUnfinished(directory: Directory): void {
  if (!directory.exists(UNFINISHED_BACKUP)) return;
  const message = "a backup into this directory was not finished; make it again";
  throw new LsmError("LSM_UNFINISHED_BACKUP", message, { file: UNFINISHED_BACKUP });
}
