import { sizeOf, type ByteSource } from "./byte-source.js";
import { ByteWindow } from "./byte-window.js";
import { CodecError, type CodecErrorCode } from "./codec-error.js";
import { malformed } from "./envelope-reader.js";
import { checkFbatEvent, FbatBatches, type FbatFrame } from "./fbat-batch.js";
import { FbatEventView } from "./fbat-event-view.js";
import { decodeFbatFrame, uint32At, type FbatFrameOutcome } from "./fbat-frame.js";
import { decodeFbatHeader, type FbatHeader } from "./fbat-header.js";
import {
  FBAT_FRAME_HEADER_BYTES,
  FBAT_MAX_HEADER_BYTES,
  FBAT_MAX_PAYLOAD_BYTES,
  FBAT_PREAMBLE_BYTES,
} from "./fbat-layout.js";
import { findFbatFrame } from "./fbat-probe.js";
import { checkKeys, checkWhole } from "./option-check.js";

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

/** How the last frame of a segment was cut short. */
export type FbatTornReason = Exclude<FbatFrameOutcome["kind"], "frame"> | "empty-frame";

/** What is known of a segment before it is read. */
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

/** The same, and what hears of its frames. */
export interface FbatWalkOptions extends FbatScanOptions {
  /** How much is read at once, from 64 bytes; a larger frame is read whole. Bytes, default 256 KiB. */
  readonly windowBytes?: number;
  /**
   * Called for every sound frame, in file order; a batch is handed out once it is known whether it was committed. Frames come
   * before the verdict: on `corrupt` they are for salvage only. The event is lent until the call returns; its
   * {@link FbatEventView.toEvent} is what outlives it.
   */
  readonly onFrame?: (frame: FbatFrame<FbatEventView>) => void;
}

/** What a segment holds, its frames apart. */
export interface FbatWalk {
  /** With the place of the first frame. */
  readonly header: FbatHeader & { readonly framesStart: number };
  /** Sound frames up to the end. */
  readonly frameCount: number;
  /** Why reading ended. */
  readonly end: FbatScanEnd;
}

/**
 * Reads a batpak segment of any size and judges it by the strictest law of its readers: a damaged frame with a sound frame
 * behind it is corruption everywhere, a tail without one is torn in the newest segment and corruption in any other. Batches are
 * looked at within one segment, since none is ever split.
 *
 * Any bytes give an outcome in linear time. Memory: the window, or one frame where that is larger (256 MiB at most, and never
 * more than the source has left); 16 bytes for each item of an open batch, which is then read twice; behind damage what
 * {@link findFbatFrame} takes.
 *
 * @throws {@link CodecError} as {@link decodeFbatHeader} does when the header is not one; `CODEC_SHORT_SOURCE` when the source
 * shrinks; `CODEC_CHECKSUM_MISMATCH` when an item of a batch is damaged only the second time it is read; what the source or
 * `onFrame` throws; and nothing else about bytes.
 */
export function walkFbatSegment(source: ByteSource | Uint8Array, options: FbatWalkOptions = {}): FbatWalk {
  checkKeys(options, ["newest", "footer", "windowBytes", "onFrame"], "walkFbatSegment");
  const { newest = false, footer, windowBytes = 0x4_0000, onFrame } = options;
  if (footer !== undefined) checkWhole(footer.offset, "footer.offset", 0, Number.MAX_SAFE_INTEGER);
  const sizeBytes = sizeOf(source);
  const window = new ByteWindow(source, windowBytes);
  const header = headerOf(window);
  const trusted = footer?.trusted === true;
  const limit = trusted ? footer.offset : sizeBytes;
  if (limit > sizeBytes || limit < header.framesStart) {
    const message = "the footer's offset lies outside the frames";
    return { header, frameCount: 0, end: corrupt(header.framesStart, "CODEC_LENGTH_OUT_OF_RANGE", message) };
  }
  let frameCount = 0;
  let again: ByteWindow | undefined;
  const view = new FbatEventView();
  const itemView = new FbatEventView();
  const batches = new FbatBatches(
    (frame) => {
      frameCount++;
      onFrame?.(frame);
    },
    (offset, length) => {
      again ??= new ByteWindow(source, windowBytes);
      // What is handed out is covered by a checksum of this very read.
      const { kind } = frameAt(again, offset, offset + length);
      if (kind !== "frame") {
        const message = `the frame at ${offset} was sound, and is not when it is read again (${kind})`;
        throw new CodecError("CODEC_CHECKSUM_MISMATCH", message, { offset });
      }
      loadEvent(itemView, again, offset, length);
      return itemView;
    },
  );
  const finish = (end: FbatScanEnd): FbatWalk => {
    batches.discard();
    return { header, frameCount, end };
  };
  let at = header.framesStart;
  let stop: FbatTornReason | undefined;
  while (at < limit) {
    const outcome = frameAt(window, at, limit);
    if (outcome.kind !== "frame" || outcome.payloadStart === outcome.endOffset) {
      stop = outcome.kind === "frame" ? "empty-frame" : outcome.kind;
      break;
    }
    const length = FBAT_FRAME_HEADER_BYTES + outcome.endOffset - outcome.payloadStart;
    try {
      loadEvent(view, window, at, length);
      checkFbatEvent(view, at);
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
      return finish(corrupt(at, error.code, error.message, error.context.field));
    }
    batches.take(view, at, length);
    at += length;
  }
  // Frames that reach the very end leave nothing a footer could be: a content that ends in its magic is no claim.
  if (stop === undefined) return finish({ kind: "clean", endOffset: at });
  const next = findFbatFrame(source, at + 1, limit);
  if (next !== -1) {
    const message = `the frame at ${at} is damaged (${stop}), and a sound one follows at ${next}`;
    return finish(corrupt(at, "CODEC_MID_STREAM_CORRUPTION", message));
  }
  if (trusted) {
    return finish(corrupt(at, codeOf(stop), `the frame at ${at} is damaged (${stop}), before a sound footer`));
  }
  if (newest) {
    const claimed = footer !== undefined && footer.offset > at && footer.offset <= sizeBytes - 16;
    const claimedOffset = claimed ? footer.offset : undefined;
    return finish({ kind: "torn", endOffset: at, tornBytes: sizeBytes - at, reason: stop, claimedOffset });
  }
  const message = `nothing sound follows the frame at ${at} (${stop}), and the segment is not the newest`;
  return finish(corrupt(at, codeOf(stop), message));
}

/** Decodes the header, whose length is read first: it may have 64 KiB, and has 49 bytes. */
function headerOf(window: ByteWindow): FbatWalk["header"] {
  let headerBytes = Math.min(window.limit, FBAT_PREAMBLE_BYTES);
  let local = window.at(0, headerBytes);
  if (headerBytes === FBAT_PREAMBLE_BYTES) {
    headerBytes += Math.min(uint32At(window.bytes, local + 4), FBAT_MAX_HEADER_BYTES, window.limit - headerBytes);
    local = window.at(0, headerBytes);
  }
  return decodeFbatHeader(window.bytes.subarray(local, local + headerBytes));
}

/** {@link decodeFbatFrame} in the window's bytes. A payload is read only once its length is known to fit. */
function frameAt(window: ByteWindow, at: number, limit: number): FbatFrameOutcome {
  const left = limit - at;
  let local = window.at(at, Math.min(left, FBAT_FRAME_HEADER_BYTES));
  if (left >= FBAT_FRAME_HEADER_BYTES) {
    const payloadBytes = uint32At(window.bytes, local);
    const size = FBAT_FRAME_HEADER_BYTES + payloadBytes;
    if (payloadBytes <= FBAT_MAX_PAYLOAD_BYTES && size <= left) local = window.at(at, size);
  }
  return decodeFbatFrame(window.bytes, local, local + left);
}

/** Loads the event of a sound frame; errors state their offset in the source. */
function loadEvent(view: FbatEventView, window: ByteWindow, offset: number, length: number): void {
  const local = window.at(offset, length);
  try {
    view.load(window.bytes, local + FBAT_FRAME_HEADER_BYTES, local + length);
  } catch (error) {
    if (!(error instanceof CodecError) || error.context.offset === undefined) throw error;
    throw malformed(error.context.field ?? "frame", window.start + error.context.offset, error.cause);
  }
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
