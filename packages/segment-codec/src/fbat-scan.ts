import { CodecError, type CodecErrorCode } from "./codec-error.js";
import { decodeFbatEvent, type FbatEvent } from "./fbat-event.js";
import { decodeFbatFrame, type FbatFrameOutcome } from "./fbat-frame.js";
import { decodeFbatHeader, type FbatHeader } from "./fbat-header.js";
import { FBAT_MAX_BATCH_ITEMS, fbatKinds } from "./fbat-layout.js";
import { isFbatName } from "./fbat-names.js";
import { findFbatFrame } from "./fbat-probe.js";
import { checkKeys, checkWhole } from "./option-check.js";

/** A frame of a batpak segment. */
export interface FbatFrame {
  readonly offset: number;
  /** With the 8 bytes of its header. */
  readonly length: number;
  readonly event: FbatEvent;
  readonly role: "event" | "batch-begin" | "batch-commit";
  /** False for the items of a batch that never committed, and for markers without effect. */
  readonly committed: boolean;
}

/** Why a scan of a batpak segment stopped. */
export type FbatScanEnd =
  | { readonly kind: "clean"; readonly endOffset: number }
  /**
   * No sound frame follows, and the segment is the newest: what a crash leaves. `claimedOffset` is where an untrusted footer
   * says that frames end, when that lies behind: the sign of frames that were there once.
   */
  | {
      readonly kind: "torn";
      readonly endOffset: number;
      readonly tornBytes: number;
      readonly reason: FbatTornReason;
      readonly claimedOffset?: number | undefined;
    }
  | {
      readonly kind: "corrupt";
      readonly endOffset: number;
      readonly code: CodecErrorCode;
      readonly message: string;
      readonly field?: string | undefined;
    };

export type FbatTornReason = Exclude<FbatFrameOutcome["kind"], "frame"> | "empty-frame";

export interface FbatScan {
  readonly header: FbatHeader & { readonly framesStart: number };
  /** All sound frames up to the end, in file order. On `corrupt` they are for salvage only. */
  readonly frames: readonly FbatFrame[];
  readonly end: FbatScanEnd;
}

export interface FbatScanOptions {
  /** The newest segment of its directory may end in a torn tail; an older one may not. Default false. */
  readonly newest?: boolean;
  /**
   * Where the frames end and the footer begins. `trusted` when a checksum covers the footer: frames then reach exactly to
   * there. Untrusted, the claim is worth nothing: in the newest segment frames are followed as far as they go, an older one is
   * refused. Without a footer leave it out.
   */
  readonly footer?: { readonly offset: number; readonly trusted: boolean };
}

/**
 * Scans a whole batpak segment by the strictest law of its readers: a damaged frame with a sound frame behind it is corruption
 * everywhere, a tail without one is torn in the newest segment and corruption in any other. Batches are looked at within one
 * segment, since none is ever split. Any bytes give an outcome in linear time.
 *
 * @param bytes - the segment, borrowed until the call returns; what is handed out owns its memory.
 * @throws {@link CodecError} as {@link decodeFbatHeader} does when the header is not one; and nothing else about bytes.
 */
export function scanFbatSegment(bytes: Uint8Array, options: FbatScanOptions = {}): FbatScan {
  checkKeys(options, ["newest", "footer"], "scanFbatSegment");
  const { newest = false, footer } = options;
  if (footer !== undefined) checkWhole(footer.offset, "footer.offset", 0, Number.MAX_SAFE_INTEGER);
  const header = decodeFbatHeader(bytes);
  const trusted = footer?.trusted === true;
  const limit = trusted ? footer.offset : bytes.length;
  if (limit > bytes.length || limit < header.framesStart) {
    return {
      header,
      frames: [],
      end: corrupt(header.framesStart, "CODEC_LENGTH_OUT_OF_RANGE", "the footer's offset lies outside the frames"),
    };
  }
  const batch = new BatchState();
  let at = header.framesStart;
  let stop: FbatTornReason | undefined;
  let broken: FbatScanEnd | undefined;
  while (at < limit && broken === undefined) {
    const outcome = decodeFbatFrame(bytes, at, limit);
    if (outcome.kind !== "frame" || outcome.endOffset === outcome.payloadStart) {
      stop = outcome.kind === "frame" ? "empty-frame" : outcome.kind;
      break;
    }
    try {
      batch.take(decodeFbatEvent(bytes, outcome.payloadStart, outcome.endOffset), at, outcome.endOffset - at);
      at = outcome.endOffset;
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
      broken = corrupt(at, error.code, error.message, error.context.field);
    }
  }
  batch.discard();
  const { frames } = batch;
  if (broken !== undefined) return { header, frames, end: broken };
  if (stop !== undefined) {
    const next = findFbatFrame(bytes, at + 1, limit);
    if (next !== -1) {
      const message = `the frame at ${at} is damaged (${stop}), and a sound one follows at ${next}`;
      return { header, frames, end: corrupt(at, "CODEC_MID_STREAM_CORRUPTION", message) };
    }
  }
  if (trusted) {
    if (stop === undefined) return { header, frames, end: { kind: "clean", endOffset: at } };
    return {
      header,
      frames,
      end: corrupt(at, codeOf(stop), `the frame at ${at} is damaged (${stop}), before a sound footer`),
    };
  }
  // Frames that reach the very end leave nothing a footer could be: a content that ends in its magic is no claim.
  if (stop === undefined) return { header, frames, end: { kind: "clean", endOffset: at } };
  if (newest) {
    const claimed = footer !== undefined && footer.offset > at && footer.offset <= bytes.length - 16;
    const claimedOffset = claimed ? footer.offset : undefined;
    const tornBytes = bytes.length - at;
    return { header, frames, end: { kind: "torn", endOffset: at, tornBytes, reason: stop, claimedOffset } };
  }
  const message = `nothing sound follows the frame at ${at} (${stop}), and the segment is not the newest`;
  return { header, frames, end: corrupt(at, codeOf(stop), message) };
}

function codeOf(stop: FbatTornReason): CodecErrorCode {
  switch (stop) {
    case "short-header":
    case "short-payload":
      return "CODEC_TRUNCATED";
    case "too-long":
      return "CODEC_LENGTH_OUT_OF_RANGE";
    case "bad-checksum":
      return "CODEC_CHECKSUM_MISMATCH";
    case "empty-frame":
      return "CODEC_MALFORMED_ENVELOPE";
  }
}

function corrupt(endOffset: number, code: CodecErrorCode, message: string, field?: string): FbatScanEnd {
  return { kind: "corrupt", endOffset, code, message, field };
}

/** Which events a reader may see: all that stand alone, and the items of a batch once its commit marker has been seen. */
class BatchState {
  readonly frames: FbatFrame[] = [];
  /** Index in `frames` of the marker that began the open batch, or -1. */
  #begin = -1;
  #remaining = 0;

  take(event: FbatEvent, offset: number, length: number): void {
    const { kind } = event;
    if (kind === fbatKinds.batchBegin) this.#open(event, offset, length);
    else if (kind === fbatKinds.batchCommit) this.#close(event, offset, length);
    else this.#add(event, offset, length);
  }

  /** An open batch that ends here never committed. */
  discard(): void {
    this.#begin = -1;
    this.#remaining = 0;
  }

  #open(event: FbatEvent, offset: number, length: number): void {
    const count = event.payloadSize;
    if (count === 0 || count > FBAT_MAX_BATCH_ITEMS) {
      throw new CodecError("CODEC_MALFORMED_BATCH", `a batch of ${count} items`, {
        offset,
        field: "payload_size",
        actual: count,
      });
    }
    this.#begin = this.frames.length; // a batch that was open is discarded with this
    this.#remaining = count;
    this.frames.push({ offset, length, event, role: "batch-begin", committed: false });
  }

  #close(event: FbatEvent, offset: number, length: number): void {
    const committed = this.#begin !== -1 && this.#remaining === 0;
    if (committed) {
      for (let index = this.#begin; index < this.frames.length; index++) {
        this.frames[index] = { ...this.frames[index]!, committed: true }; // index is below the length
      }
    }
    this.frames.push({ offset, length, event, role: "batch-commit", committed });
    this.discard();
  }

  #add(event: FbatEvent, offset: number, length: number): void {
    if (event.chain === undefined) {
      const message = "an event without a hash chain, which only batch markers lack";
      throw new CodecError("CODEC_MALFORMED_ENVELOPE", message, { offset, field: "hash_chain" });
    }
    for (const field of ["entity", "scope"] as const) {
      if (isFbatName(event[field])) continue;
      const message = `a ${field} that no store may hold: ${JSON.stringify(event[field])}`;
      throw new CodecError("CODEC_MALFORMED_ENVELOPE", message, { offset, field });
    }
    const inBatch = this.#begin !== -1;
    this.frames.push({ offset, length, event, role: "event", committed: !inBatch });
    if (!inBatch) return;
    // One item too many: whatever was staged, and this one, is not a batch that anybody committed.
    if (this.#remaining === 0) this.discard();
    else this.#remaining--;
  }
}
