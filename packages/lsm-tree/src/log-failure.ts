import { isFsError } from "@holdfast/fs-seam";
import { WalError, type WalErrorCode } from "@holdfast/wal";
import { corrupt, LsmError, type LsmErrorCode, type LsmErrorContext } from "./lsm-error.js";

/** What a log says, in this package's words; the log's own error is the cause. */

const codes: Partial<Record<WalErrorCode, LsmErrorCode>> = {
  WAL_NO_SPACE: "LSM_NO_SPACE",
  WAL_POISONED: "LSM_POISONED",
  WAL_CLOSED: "LSM_CLOSED",
  WAL_CORRUPT: "LSM_CORRUPT",
  WAL_TORN: "LSM_CORRUPT",
  WAL_FOREIGN_SEGMENT: "LSM_CORRUPT",
  WAL_PRUNED: "LSM_CORRUPT",
  WAL_RECORD_TOO_LARGE: "LSM_CORRUPT",
  WAL_UNSUPPORTED: "LSM_UNSUPPORTED",
  WAL_ABORTED: "LSM_ABORTED",
};

/** @param name - of the log's directory: `wal` or `manifest`. */
export function ofLog(error: unknown, name: string): unknown {
  if (isFsError(error, "FS_LOCKED")) {
    return new LsmError("LSM_LOCKED", "the database is open elsewhere", { file: `${name}/LOCK` }, { cause: error });
  }
  if (!(error instanceof WalError)) return error;
  const code = codes[error.code];
  if (code === undefined) return error;
  const { file, offset } = error.context;
  const context: LsmErrorContext = { file: file === undefined ? name : `${name}/${file}`, offset };
  return new LsmError(code, `${name}: ${error.message}`, context, { cause: error });
}

/** The log was durable up to what the tables have before the manifest said so: records are gone that a crash does not take. */
export function recordsMissing(firstLsn: number, lastLsn: number, flushedLsn: number, cause?: unknown): LsmError {
  const message = `the log has records ${firstLsn} to ${lastLsn}, and the tables have all up to ${flushedLsn}: some are missing`;
  return corrupt(message, { file: "wal", expected: flushedLsn, actual: lastLsn }, cause);
}

/** Whether a write was refused for want of room, and has left everything as it was. */
export function isOutOfSpace(error: unknown): boolean {
  return error instanceof LsmError && error.code === "LSM_NO_SPACE";
}

/** Nothing is written any more behind a failure whose outcome nobody knows; reads go on. */
export function poisonedBy(cause: unknown): LsmError {
  const message = "the database has failed before and takes nothing more; close it and open it again";
  return new LsmError("LSM_POISONED", message, {}, { cause });
}

/** A full disk as an error of this package; everything else as it is. */
export function ofSpace(error: unknown): unknown {
  if (!isFsError(error, "FS_NO_SPACE", "FS_QUOTA_EXCEEDED")) return error;
  const message = "the disk is full; nothing is lost, try again when there is room";
  return new LsmError("LSM_NO_SPACE", message, {}, { cause: error });
}

/** What the system is asked without anything being changed, whoever asks. */
const readings: ReadonlySet<string> = new Set(["read", "stat", "list"]);

/**
 * What leaves the engine: whatever a log or the system said becomes the cause of an error of this package. Everything else is as it is, wrong arguments too.
 *
 * @param isReading - whether nothing was to be changed.
 */
export function asLsmError(error: unknown, isReading = false): unknown {
  if (error instanceof WalError) {
    // No log is told anything by users, so this is a mistake of whoever told it, never of the disk.
    if (error.code === "WAL_INVALID_OPTION") return new RangeError(error.message, { cause: error });
    return new LsmError(codes[error.code] ?? "LSM_READ_FAILED", error.message, {}, { cause: error });
  }
  const told = ofSpace(error);
  if (told !== error || !isFsError(error)) return told;
  const file = error.path?.replace(/^\//, "");
  if (error.code === "FS_READ_ONLY") {
    return new LsmError("LSM_READ_ONLY", "the file system takes no changes", { file }, { cause: error });
  }
  const didRead = isReading || readings.has(error.operation);
  return new LsmError(didRead ? "LSM_READ_FAILED" : "LSM_WRITE_FAILED", error.message, { file }, { cause: error });
}

/**
 * What the system said to a write or a barrier as an error of this package; everything else as it is.
 *
 * @param file - what was written, by its name in the database.
 */
export function ofWrite(error: unknown, file: string): unknown {
  const told = ofSpace(error);
  return told === error && isFsError(error) ? writeFailure(error, file) : told;
}

/** The same whatever it was, for a barrier: a full disk is no excuse for one that failed. */
export function writeFailure(cause: Error, file: string): LsmError {
  return new LsmError("LSM_WRITE_FAILED", `${file}: ${cause.message}`, { file }, { cause });
}

/** The same for what could not be given back at the end: whoever hears of a full disk takes a database for open that is not. */
export function ofRelease(error: unknown, file: string): unknown {
  const told = ofWrite(ofLog(error, file), file);
  return isOutOfSpace(told) ? writeFailure(told as LsmError, file) : told;
}
