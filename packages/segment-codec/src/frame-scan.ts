import type { ByteSource } from "./byte-source.js";
import type { CodecErrorCode } from "./codec-error.js";
import { FrameCursor, type FrameCursorOptions, type FrameStop } from "./frame-cursor.js";
import { findLaterFrames, type LaterFrames } from "./later-frames.js";
import { checkKeys, checkWhole } from "./option-check.js";
import type { SegmentHeader } from "./segment-header.js";
import { sameLog, successorAt } from "./segment-succession.js";

/**
 * The longest valid prefix of a segment, and why it ends. The verdict on damage follows one law: let G be the last accepted
 * LSN and W the highest LSN that anything sound states as durable. If W > G, something that was durable is gone: corruption.
 * Otherwise nothing beyond G was known durable, and whatever lies there, zeros, garbage, halves of frames or frames that
 * persisted ahead of earlier ones, is a legal tail of a crash.
 */

/** How a tail looks: the reason why the cursor stopped, or `zeros` where nothing but zeros follows. */
export type TornReason = Exclude<FrameStop, "end" | "malformed"> | "zeros";

/** Why a scan stopped. Only `torn` may be repaired, and only where the log's last frames are. */
export type ScanEnd =
  /** The bytes end where a frame ends. */
  | { readonly kind: "clean"; readonly endOffset: number }
  /** A later segment goes on here; what is left of this one is dead, sound or not. */
  | {
      readonly kind: "continued";
      readonly endOffset: number;
      readonly successor: SegmentHeader;
      readonly deadBytes: number;
    }
  /** The tail of a crash: nothing in it was known durable. */
  | {
      readonly kind: "torn";
      readonly endOffset: number;
      readonly tornBytes: number;
      readonly reason: TornReason;
      readonly later: LaterFrames;
    }
  /** Data that was durable is missing or damaged, or bytes that no encoder writes are under a sound checksum. */
  | {
      readonly kind: "corrupt";
      readonly endOffset: number;
      readonly code: Extract<CodecErrorCode, "CODEC_DURABLE_DATA_MISSING" | "CODEC_MALFORMED_FRAME">;
      readonly reason: FrameStop | "zeros";
      /** W: the highest LSN that is stated as durable. */
      readonly durableLsn: number;
      readonly later: LaterFrames;
    };

/** What a segment holds: the longest prefix of sound frames, and the verdict on what lies behind it. */
export interface SegmentScan {
  /** Frames that were accepted. */
  readonly frameCount: number;
  /** LSN that the next record would get: G + 1. */
  readonly nextLsn: number;
  /** Chain at `end.endOffset`; in a segment without a frame, the one that it continues from. */
  readonly chain: number;
  /** W as far as the accepted frames, the headers and the option say it. */
  readonly durableLsn: number;
  /** Why the scan ended, and whether a crash may have left that. */
  readonly end: ScanEnd;
}

/** What is known beside the segment, and what hears of its frames. */
export interface SegmentScanOptions extends FrameCursorOptions {
  /** Headers of the other segments of the directory; those of another log and earlier ones are ignored. */
  readonly successors?: readonly SegmentHeader[];
  /** Highest LSN known durable from elsewhere: a checkpoint, a marker, another disk. Default 0. */
  readonly durableLsn?: number;
  /**
   * Called for every accepted frame, in order; the cursor's payload is lent until it returns. Frames are handed out before
   * the verdict is known: on `corrupt` the caller must drop what it got, or be salvaging.
   */
  readonly onFrame?: (cursor: FrameCursor) => void;
}

const optionKeys: readonly string[] = [
  "successors",
  "durableLsn",
  "onFrame",
  "from",
  "endOffset",
  "maxPayloadBytes",
  "windowBytes",
];

const nothingLater: LaterFrames = { headerCount: 0, durableLsn: 0, lastLsn: 0, zeros: false };

/**
 * Reads the frames of one segment up to the first that is not acceptable and judges what is left. Any bytes give an outcome,
 * in time linear in their number.
 *
 * @throws {@link CodecError} `CODEC_LENGTH_OUT_OF_RANGE` and `CODEC_SHORT_SOURCE` as {@link FrameCursor.next} does, and what
 * the source or `onFrame` throws.
 */
export function scanSegment(
  source: ByteSource | Uint8Array,
  segment: SegmentHeader,
  options: SegmentScanOptions = {},
): SegmentScan {
  checkKeys(options, optionKeys, "scanSegment");
  const { successors = [], durableLsn = 0, onFrame, ...cursorOptions } = options;
  checkWhole(durableLsn, "durableLsn", 0, Number.MAX_SAFE_INTEGER);
  const sizeBytes = source instanceof Uint8Array ? source.length : source.sizeBytes;
  const limit = cursorOptions.endOffset ?? sizeBytes;
  const candidates = successors.filter(
    (header) => header.segmentId > segment.segmentId && sameLog(header.logId, segment.logId),
  );
  const cursor = new FrameCursor(source, segment, cursorOptions);
  let proof = candidates.reduce((most, header) => Math.max(most, header.durableLsn), durableLsn);
  proof = Math.max(proof, segment.durableLsn);
  let frameCount = 0;
  const bases = new Set(candidates.map((header) => header.baseLsn));

  const finish = (end: ScanEnd): SegmentScan => {
    return { frameCount, nextLsn: cursor.nextLsn, chain: cursor.chain, durableLsn: proof, end };
  };
  for (;;) {
    const endOffset = cursor.endOffset;
    if (bases.has(cursor.nextLsn)) {
      const { nextLsn, chain } = cursor;
      const boundary = { logId: segment.logId, segmentId: segment.segmentId, nextLsn, chain };
      const successor = successorAt(boundary, candidates);
      if (successor !== undefined) {
        return finish({ kind: "continued", endOffset, successor, deadBytes: Math.max(0, limit - endOffset) });
      }
    }
    if (!cursor.next()) break;
    frameCount++;
    proof = Math.max(proof, cursor.durableLsn);
    onFrame?.(cursor);
  }
  return finish(judge(source, segment, cursor, limit, proof));
}

function judge(
  source: ByteSource | Uint8Array,
  segment: SegmentHeader,
  cursor: FrameCursor,
  limit: number,
  proof: number,
): ScanEnd {
  const { endOffset, nextLsn, stop = "end" } = cursor;
  const later =
    stop === "end" ? nothingLater : findLaterFrames(source, segment, { offset: endOffset, endOffset: limit, nextLsn });
  const durableLsn = Math.max(proof, later.durableLsn);
  const reason = later.zeros ? "zeros" : stop;
  if (durableLsn >= nextLsn) {
    return { kind: "corrupt", endOffset, code: "CODEC_DURABLE_DATA_MISSING", reason, durableLsn, later };
  }
  if (reason === "end") return { kind: "clean", endOffset };
  if (reason === "malformed") {
    return { kind: "corrupt", endOffset, code: "CODEC_MALFORMED_FRAME", reason, durableLsn, later };
  }
  return { kind: "torn", endOffset, tornBytes: limit - endOffset, reason, later };
}
