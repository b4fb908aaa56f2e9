/**
 * One error class for what tables, log records and manifest edits turn out to be. Codes are API; messages may improve any day. Wrong
 * arguments are `TypeError` and `RangeError` that name the option, never one of these.
 */

/** Every code an {@link LsmError} may carry. The README table says what to do about each. */
export const lsmErrorCodes = [
  "LSM_NOT_A_TABLE",
  "LSM_WRONG_TABLE",
  "LSM_CORRUPT",
  "LSM_UNSUPPORTED",
  "LSM_UNSUPPORTED_CODEC",
  "LSM_OUT_OF_ORDER",
  "LSM_MISSING_TABLE",
  "LSM_READ_FAILED",
  "LSM_WRITE_FAILED",
  "LSM_NO_SPACE",
  "LSM_CLOSED",
  "LSM_ABORTED",
  "LSM_LOCKED",
  "LSM_NOT_FOUND",
  "LSM_EXISTS",
  "LSM_UNFINISHED_BACKUP",
  "LSM_READ_ONLY",
  "LSM_POISONED",
  "LSM_SNAPSHOT_RELEASED",
] as const;

export type LsmErrorCode = (typeof lsmErrorCodes)[number];

/** What an error is about: whichever fields apply. Plain data, safe to log. */
export interface LsmErrorContext {
  /** Name of the file, where whoever opened it gave one. */
  readonly file?: string | undefined;
  readonly tableNumber?: number | undefined;
  /** Byte offset in the file; in a block, a log record or an edit that was decoded alone, in its own bytes. */
  readonly offset?: number | undefined;
  /** Ordinal of the data block, from 0. */
  readonly block?: number | undefined;
  /** The user keys that are concerned, in hex: from `keysFrom` on, inclusive, or above `keysAfter`, exclusive, and up to `keysUpTo`, inclusive. Absent without a bound. */
  readonly keysFrom?: string | undefined;
  readonly keysAfter?: string | undefined;
  readonly keysUpTo?: string | undefined;
  readonly expected?: number | string | undefined;
  readonly actual?: number | string | undefined;
  readonly field?: string | undefined;
}

export class LsmError extends Error {
  override readonly name: string = "LsmError";
  readonly code: LsmErrorCode;
  readonly context: LsmErrorContext;

  constructor(code: LsmErrorCode, message: string, context: LsmErrorContext = {}, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.context = context;
  }
}

/** Bytes that no encoder writes, although their checksum may be right. */
export function corrupt(message: string, context: LsmErrorContext, cause?: unknown): LsmError {
  return new LsmError("LSM_CORRUPT", message, context, cause === undefined ? undefined : { cause });
}
