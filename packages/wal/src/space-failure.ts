import { CodecError } from "@holdfast/segment-codec";
import { baseName, isFsError } from "@holdfast/fs-seam";
import { WalError } from "./wal-error.js";

/**
 * What is thrown for an error of a call that a full disk leaves without effect: `WAL_NO_SPACE` where it is one, the error itself
 * otherwise. A barrier that fails is no such call, whatever it says: it is final.
 *
 * @param file - in the log's directory; default the one that the error names.
 */
export function spaceFailure(error: unknown, file?: string): unknown {
  if (!isFsError(error, "FS_NO_SPACE") && !isFsError(error, "FS_QUOTA_EXCEEDED")) return error;
  const name = file ?? baseName(error.path ?? "");
  const message = `${name}: the disk is full; nothing is lost, try again when there is room`;
  return new WalError("WAL_NO_SPACE", message, { file: name }, { cause: error });
}

/** Whether everything is as it was before the call that threw this. Only the log itself knows that of its errors; a barrier's never are. */
export function isHarmless(error: unknown): boolean {
  return error instanceof WalError || error instanceof CodecError;
}
