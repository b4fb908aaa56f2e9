/**
 * One error class for every reader and writer of this package. Codes are API and change only in a major version; messages
 * may improve any day. Wrong arguments are `TypeError` and `RangeError` that name the option, never one of these.
 *
 * A footer is derived data: whatever the code, a caller that still has the frames drops the footer and reads them.
 */

/** Every code a {@link SidxError} may carry. The README table says what to do about each. */
export const sidxErrorCodes = [
  "SIDX_OUT_OF_BOUNDS",
  "SIDX_CHECKSUM_MISMATCH",
  "SIDX_MALFORMED",
  "SIDX_UNSUPPORTED_VERSION",
  "SIDX_FOREIGN",
  "SIDX_TOO_LARGE",
] as const;

/** One of `sidxErrorCodes`. Codes change only in a major version; the README says for each what to do. */
export type SidxErrorCode = (typeof sidxErrorCodes)[number];

/** What an error is about: whichever fields apply. Plain data, safe to log. */
export interface SidxErrorContext {
  /** Byte offset in the file at which the trouble begins. */
  readonly offset?: number | undefined;
  /** What the bytes should have held. */
  readonly expected?: number | string | undefined;
  /** What they hold. */
  readonly actual?: number | string | undefined;
  /** Name of the field or column. */
  readonly field?: string | undefined;
  /** Which entry, counted from 0. */
  readonly entry?: number | undefined;
}

/** The only error class this package throws about bytes. A source that fails keeps its own error. */
export class SidxError extends Error {
  override readonly name: string = "SidxError";
  /** What happened; stable. */
  readonly code: SidxErrorCode;
  /** Where it happened. */
  readonly context: SidxErrorContext;

  constructor(code: SidxErrorCode, message: string, context: SidxErrorContext = {}, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.context = context;
  }
}

/** The error of a place whose checksum is sound and whose `field` holds what no writer writes. */
export function malformed(what: string, offset: number, field: string, more: SidxErrorContext = {}): SidxError {
  return new SidxError("SIDX_MALFORMED", `the ${what} at ${offset} has an impossible ${field}`, {
    offset,
    field,
    ...more,
  });
}
