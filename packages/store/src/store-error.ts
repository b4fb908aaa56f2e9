import type { SchemaIssue } from "./standard-schema.js";

/** One error class for what a store itself has to say. Codes are API; messages may improve any day. */

/** Every code a {@link StoreError} may carry. The README table says what to do about each. */
export const storeErrorCodes = [
  "STORE_INVALID_NAME",
  "STORE_INVALID_ID",
  "STORE_INVALID_DEFINITION",
  "STORE_UNKNOWN_EVENT",
  "STORE_INVALID_DATA",
  "STORE_ASYNC_SCHEMA",
  "STORE_INVALID_OPTION",
  "STORE_INVALID_TOKEN",
  "STORE_CURSOR_CORRUPT",
  "STORE_CURSOR_MISMATCH",
  "STORE_OVERFLOW",
  "STORE_REACTION_FAILED",
  "STORE_KEY_REUSED",
  "STORE_FULL",
  "STORE_ABORTED",
  "STORE_BUSY",
  "STORE_CLOSED",
  "STORE_POISONED",
  "STORE_CORRUPT",
  "STORE_UNFINISHED",
  "STORE_UNSUPPORTED",
  "STORE_UNREADABLE",
] as const;

/** One of `storeErrorCodes`. Codes change only in a major version; the README says for each what to do. */
export type StoreErrorCode = (typeof storeErrorCodes)[number];

/** What an error is about: whichever fields apply. Plain data, safe to log. */
export interface StoreErrorContext {
  /** Name in the store's directory. */
  readonly file?: string | undefined;
  /** Byte offset in that file, or in the record. */
  readonly offset?: number | undefined;
  /** The event it is about. */
  readonly sequence?: number | undefined;
  /** Segment and offset of the frame that holds it. */
  readonly segmentId?: number | undefined;
  /** Byte offset of that frame. */
  readonly frameOffset?: number | undefined;
  /** What should have been there. */
  readonly expected?: number | string | undefined;
  /** What was. */
  readonly actual?: number | string | undefined;
  /** Name of the option or field. */
  readonly field?: string | undefined;
  /** What a schema has against the data. */
  readonly issues?: readonly SchemaIssue[] | undefined;
}

/**
 * What a store refuses and finds. What the log says is a `WalError`, what files say an `FsError`; both are passed on
 * as they are.
 */
export class StoreError extends Error {
  override readonly name: string = "StoreError";
  /** What happened; stable. */
  readonly code: StoreErrorCode;
  /** Where it happened. */
  readonly context: StoreErrorContext;

  constructor(code: StoreErrorCode, message: string, context: StoreErrorContext = {}, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.context = context;
  }
}
