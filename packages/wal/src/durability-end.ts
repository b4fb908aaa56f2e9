import type { ByteSource } from "@holdfast/segment-codec";
import type { DurabilityStop } from "./durability-cursor.js";
import type { FrameGrammar } from "./durability-layout.js";
import { findLaterFrame } from "./durability-search.js";
import type { WalErrorCode } from "./wal-error.js";

/** How a tail looks: why the cursor stopped there, or that the file's own header was never written. */
export type DurabilityTornReason = Exclude<DurabilityStop, "end" | "zeros" | "too-large"> | "unwritten-header";

/** Why reading a file of durability ended where it did. Plain data. */
export type DurabilityEnd =
  /** The bytes end where a frame ends. */
  | { readonly kind: "clean"; readonly endOffset: number }
  /** Zeros up to the end: space that was reserved, frames that never reached the disk, or in a record log empty records. */
  | { readonly kind: "zeros"; readonly endOffset: number; readonly zeroBytes: number }
  /** No sound frame follows: the tail of a crash, or damage to the very last frame, which these formats cannot tell apart. */
  | {
      readonly kind: "torn";
      readonly endOffset: number;
      readonly tornBytes: number;
      readonly reason: DurabilityTornReason;
    }
  /** Something that was appended is damaged or missing, or the bytes are not what their place says. */
  | {
      readonly kind: "corrupt";
      readonly endOffset: number;
      readonly code: WalErrorCode;
      readonly message: string;
      /** Where a sound frame was found, at or behind the end. */
      readonly laterOffset?: number | undefined;
      readonly expected?: number | string | undefined;
      readonly actual?: number | string | undefined;
    };

export type CorruptEnd = Extract<DurabilityEnd, { readonly kind: "corrupt" }>;

export interface StopToJudge {
  readonly sizeBytes: number;
  readonly offset: number;
  readonly reason: DurabilityStop | "unwritten-header";
  /** Where what can be trusted ends, when that is before the offset. */
  readonly endOffset?: number;
  /** The grammar that was read by comes first. */
  readonly grammars: readonly FrameGrammar[];
  readonly maxPayloadBytes: number;
  readonly nextEntryId?: number | undefined;
}

/** The law of these files: damage with a sound frame behind it is an error, and a tail without one is torn. */
export function judgeStop(source: ByteSource | Uint8Array, stop: StopToJudge): DurabilityEnd {
  const { sizeBytes, offset, reason, endOffset = offset, grammars, maxPayloadBytes, nextEntryId } = stop;
  switch (reason) {
    case "end":
      return { kind: "clean", endOffset };
    case "zeros":
      return { kind: "zeros", endOffset, zeroBytes: sizeBytes - endOffset };
    case "too-large": {
      const message = `the frame at ${offset} is sound and longer than ${maxPayloadBytes} bytes; raise maxPayloadBytes to read it`;
      return { kind: "corrupt", endOffset, code: "WAL_RECORD_TOO_LARGE", message, expected: maxPayloadBytes };
    }
    default: {
      const longest = Math.max(maxPayloadBytes, grammars[0]?.longestBytes ?? 0);
      const search = { from: offset, endOffset: sizeBytes, grammars, maxPayloadBytes: longest, nextEntryId };
      const later = findLaterFrame(source, search);
      if (later === undefined) return { kind: "torn", endOffset, tornBytes: sizeBytes - endOffset, reason };
      return {
        kind: "corrupt",
        endOffset,
        code: "WAL_CORRUPT",
        message: `${describe(reason, offset)}, and a sound ${later.grammar.noun} ${later.offset === offset ? "stands there" : `follows at ${later.offset}`}. A crash may leave that when sectors reach the disk out of order, which this format cannot tell from damage; mode salvage reads what comes before`,
        laterOffset: later.offset,
      };
    }
  }
}

/** What is wrong at an offset, as the beginning of a sentence. */
export function describe(reason: DurabilityTornReason, offset: number): string {
  switch (reason) {
    case "unwritten-header":
      return "the header was never written";
    case "short-header":
      return `the header of the frame at ${offset} is cut`;
    case "bad-length":
      return `the frame at ${offset} has an impossible length`;
    case "short-payload":
      return `the frame at ${offset} runs past the end`;
    case "bad-checksum":
      return `the checksum of the frame at ${offset} does not hold`;
  }
}
