/**
 * One error class for every encoder and decoder of this package. Codes are API and change only in a major version; messages
 * may improve any day. Wrong arguments are `TypeError` and `RangeError` that name the option, never one of these.
 */

/** Every code a {@link CodecError} may carry. The README table says what to do about each. */
export const codecErrorCodes = [
  "CODEC_NOT_A_SEGMENT",
  "CODEC_UNSUPPORTED_VERSION",
  "CODEC_UNSUPPORTED_ALGORITHM",
  "CODEC_TRUNCATED",
  "CODEC_CHECKSUM_MISMATCH",
  "CODEC_LENGTH_OUT_OF_RANGE",
  "CODEC_UINT64_OUT_OF_RANGE",
  "CODEC_MALFORMED_HEADER",
  "CODEC_MALFORMED_FRAME",
  "CODEC_MALFORMED_ENVELOPE",
  "CODEC_MALFORMED_BATCH",
  "CODEC_DURABLE_DATA_MISSING",
  "CODEC_MID_STREAM_CORRUPTION",
  "CODEC_PAYLOAD_REFUSED",
  "CODEC_PAYLOAD_MALFORMED",
  "CODEC_SHORT_SOURCE",
] as const;

/** One of `codecErrorCodes`. Codes change only in a major version; the README says for each what to do. */
export type CodecErrorCode = (typeof codecErrorCodes)[number];

/** What an error is about: whichever fields apply. Plain data, safe to log. */
export interface CodecErrorContext {
  /** Byte offset in the decoded bytes or file at which the trouble begins. */
  readonly offset?: number | undefined;
  /** What the bytes should have held. */
  readonly expected?: number | string | undefined;
  /** What they hold. */
  readonly actual?: number | string | undefined;
  /** Name of the field, or path to the value inside a payload, for example `$.items[3].at`. */
  readonly field?: string | undefined;
}

/** The only error class this package throws about bytes and values. */
export class CodecError extends Error {
  override readonly name: string = "CodecError";
  /** What happened; stable. */
  readonly code: CodecErrorCode;
  /** Where it happened. */
  readonly context: CodecErrorContext;

  constructor(code: CodecErrorCode, message: string, context: CodecErrorContext = {}, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.context = context;
  }
}
