import {
  FrameCursor,
  FrameEncoder,
  SEGMENT_HEADER_BYTES,
  encodeSegmentHeader,
  frameBytes,
  frameKinds,
  inspectSegmentHeader,
  type ByteSource,
} from "@holdfast/segment-codec";
import { isOfLog } from "./segment-survey.js";
import type { WalErrorCode } from "./wal-error.js";

/**
 * A checkpoint file is a segment with one frame of kind `checkpoint`: its header names the log, and states as durable the LSN
 * that the payload covers. So it is checked like everything else, and its LSN is under a checksum twice.
 */

export interface CheckpointIdentity {
  /** Id of the log, 16 bytes. */
  readonly logId: Uint8Array;
  /** The payload is the state after all records up to this one; 0 for the state before the first. */
  readonly lsn: number;
  /** 32 random bits, in the header that the checkpoint begins with. */
  readonly nonce: number;
  /** What the records of the log are, as in its segments: 1 to 255. */
  readonly content: number;
}

/** What a file turned out to be. */
export type CheckpointOutcome =
  | { readonly kind: "checkpoint"; readonly lsn: number; readonly payload: Uint8Array }
  | { readonly kind: "refused"; readonly why: string; readonly offset: number; readonly code: RefusalCode };

type RefusalCode = Extract<WalErrorCode, "WAL_CORRUPT" | "WAL_FOREIGN_SEGMENT" | "WAL_UNSUPPORTED">;

const meta = { kind: frameKinds.checkpoint, flags: 0, span: 0 } as const;

/** The bytes of a checkpoint file. @param payload - copied. */
export function encodeCheckpoint(identity: CheckpointIdentity, payload: Uint8Array): Uint8Array {
  const { logId, lsn, nonce, content } = identity;
  const bytes = new Uint8Array(SEGMENT_HEADER_BYTES + frameBytes(payload.length));
  const header = encodeSegmentHeader(
    {
      logId,
      segmentId: 1,
      nonce,
      epoch: 0,
      content,
      baseLsn: lsn + 1,
      durableLsn: lsn,
      previousChain: 0,
      hash: "none",
    },
    bytes,
  );
  new FrameEncoder(header).append(bytes, SEGMENT_HEADER_BYTES, payload, meta);
  return bytes;
}

/** Decodes a checkpoint of this log. Any bytes give an outcome; memory is at most the source's size. */
export function decodeCheckpoint(source: ByteSource, logId: Uint8Array, maxPayloadBytes: number): CheckpointOutcome {
  const first = new Uint8Array(Math.min(source.sizeBytes, SEGMENT_HEADER_BYTES));
  const outcome = inspectSegmentHeader(first.subarray(0, source.readAt(first, 0)));
  if (outcome.kind !== "segment") {
    const code = outcome.kind === "unsupported" ? "WAL_UNSUPPORTED" : "WAL_CORRUPT";
    return refused(`its header is ${outcome.kind}`, 0, code);
  }
  const { header } = outcome;
  if (!isOfLog(header, logId)) return refused("it belongs to another log", 0, "WAL_FOREIGN_SEGMENT");
  if (source.sizeBytes > SEGMENT_HEADER_BYTES + frameBytes(maxPayloadBytes)) return refused("it is too large");
  const cursor = new FrameCursor(source, header, { windowBytes: 64 });
  if (!cursor.next()) return refused(`its frame cannot be read (${String(cursor.stop)})`);
  if (cursor.kind !== frameKinds.checkpoint || cursor.span !== 0) return refused("its frame is no checkpoint");
  const payload = cursor.viewPayload().slice();
  if (cursor.next() || cursor.stop !== "end") return refused("something follows its frame", cursor.endOffset);
  return { kind: "checkpoint", lsn: header.baseLsn - 1, payload };
}

function refused(
  why: string,
  offset: number = SEGMENT_HEADER_BYTES,
  code: RefusalCode = "WAL_CORRUPT",
): CheckpointOutcome {
  return { kind: "refused", why, offset, code };
}
