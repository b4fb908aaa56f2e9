import type { Directory } from "@holdfast/fs-seam";
import { StoreError } from "./store-error.js";

/**
 * The first segment of a backup until all others are there. Its rename to the name of a segment is what makes a store of the directory, so
 * where this name is, there is none.
 */
export const UNFINISHED_BACKUP = "UNFINISHED-BACKUP";

/**
 * What is no directory at all is for the log to refuse.
 *
 * @throws {@link StoreError} `STORE_UNFINISHED`.
 */
export function refuseUnfinished(directory: Directory | undefined): void {
  if (directory?.exists?.(UNFINISHED_BACKUP) !== true) return;
  const message = "a backup into this directory was not finished; make it again";
  throw new StoreError("STORE_UNFINISHED", message, { file: UNFINISHED_BACKUP });
}
