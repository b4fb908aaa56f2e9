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

export type StoreErrorCode = (typeof storeErrorCodes)[number];

/** What an error is about: whichever fields apply. Plain data, safe to log. */
export interface StoreErrorContext {
  readonly file?: string | undefined;
  readonly offset?: number | undefined;
  readonly sequence?: number | undefined;
  /** Segment and offset of the frame that holds it. */
  readonly segmentId?: number | undefined;
  readonly frameOffset?: number | undefined;
  readonly expected?: number | string | undefined;
  readonly actual?: number | string | undefined;
  /** Name of the option or field. */
  readonly field?: string | undefined;
  /** What a schema has against the data. */
  readonly issues?: readonly SchemaIssue[] | undefined;
}

export class StoreError extends Error {
  override readonly name: string = "StoreError";
  readonly code: StoreErrorCode;
  readonly context: StoreErrorContext;

  constructor(code: StoreErrorCode, message: string, context: StoreErrorContext = {}, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.context = context;
  }
}
