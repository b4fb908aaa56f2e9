/**
 * One error class for what a log itself has to say. Codes are API and change only in a major version; messages may improve any
 * day. What the file system says (`FsError` of `@holdfast/fs-seam`) is passed on as it is, or is the `cause` of one of these.
 */

/** Every code a {@link WalError} may carry. The README table says what to do about each. */
export const walErrorCodes = [
  "WAL_INVALID_OPTION",
  "WAL_CLOSED",
  "WAL_POISONED",
  "WAL_BUSY",
  "WAL_NO_SPACE",
  "WAL_NOT_FOUND",
  "WAL_RECORD_TOO_LARGE",
  "WAL_LSN_OUT_OF_RANGE",
  "WAL_PRUNED",
  "WAL_SEGMENT_GONE",
  "WAL_ABORTED",
  "WAL_CHECKPOINT_MISSING",
  "WAL_CHECKPOINT_TOO_LARGE",
  "WAL_CORRUPT",
  "WAL_TORN",
  "WAL_FOREIGN_SEGMENT",
  "WAL_UNSUPPORTED",
] as const;

/** One of `walErrorCodes`. Codes change only in a major version; the README says for each what to do. */
export type WalErrorCode = (typeof walErrorCodes)[number];

/** What an error is about: whichever fields apply. Plain data, safe to log. */
export interface WalErrorContext {
  /** Name of the file in the log's directory. */
  readonly file?: string | undefined;
  /** Number of the segment in its log. */
  readonly segmentId?: number | undefined;
  /** Byte offset in that file. */
  readonly offset?: number | undefined;
  /** The record it is about. */
  readonly lsn?: number | undefined;
  /** Highest LSN that is known to have been durable. */
  readonly durableLsn?: number | undefined;
  /** What should have been there. */
  readonly expected?: number | string | undefined;
  /** What was. */
  readonly actual?: number | string | undefined;
  /** Name of the option. */
  readonly option?: string | undefined;
}

/** The only error class this package throws on purpose, besides `FsError`, which is passed on as it is. */
export class WalError extends Error {
  override readonly name: string = "WalError";
  /** What happened; stable. */
  readonly code: WalErrorCode;
  /** Where it happened. */
  readonly context: WalErrorContext;

  constructor(code: WalErrorCode, message: string, context: WalErrorContext = {}, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.context = context;
  }
}
