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

/** One of `lsmErrorCodes`. Codes change only in a major version; the README says for each what to do. */
export type LsmErrorCode = (typeof lsmErrorCodes)[number];

/** What an error is about: whichever fields apply. Plain data, safe to log. */
export interface LsmErrorContext {
  /** Name of the file, where whoever opened it gave one. */
  readonly file?: string | undefined;
  /** Number of the table. */
  readonly tableNumber?: number | undefined;
  /** Byte offset in the file; in a block, a log record or an edit that was decoded alone, in its own bytes. */
  readonly offset?: number | undefined;
  /** Ordinal of the data block, from 0. */
  readonly block?: number | undefined;
  /** The user keys that are concerned, in hex: from `keysFrom` on, inclusive, or above `keysAfter`, exclusive, and up to `keysUpTo`, inclusive. Absent without a bound. */
  readonly keysFrom?: string | undefined;
  /** In place of `keysFrom`: keys above this one, exclusive. */
  readonly keysAfter?: string | undefined;
  /** Up to this one, inclusive. */
  readonly keysUpTo?: string | undefined;
  /** What should have been there. */
  readonly expected?: number | string | undefined;
  /** What was. */
  readonly actual?: number | string | undefined;
  /** Name of the option or field. */
  readonly field?: string | undefined;
}

/**
 * The only error class the engine throws on purpose, besides `FsError`, which is passed on, and `TypeError` and
 * `RangeError` for wrong arguments.
 */
export class LsmError extends Error {
  override readonly name: string = "LsmError";
  /** What happened; stable. */
  readonly code: LsmErrorCode;
  /** Where it happened. */
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
