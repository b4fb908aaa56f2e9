import { isFsError } from "@holdfast/fs-seam";
import { WalError } from "@holdfast/wal";

const codes: readonly string[] = ["WAL_SEGMENT_GONE", "WAL_CORRUPT", "WAL_LSN_OUT_OF_RANGE"];

/**
 * Whether an error may come of a place that has changed: an open of the writer has written the event again to another segment, or retention
 * its segment again under the same name. Damage looks the same: look again, and what is found decides.
 */
export function mayHaveMoved(error: unknown): boolean {
  return isFsError(error, "FS_NOT_FOUND") || (error instanceof WalError && codes.includes(error.code));
}
