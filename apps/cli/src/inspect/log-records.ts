import { FRAME_HEADER_BYTES, frameKinds, type FrameCursor } from "@holdfast/segment-codec";
import { batchRecordEnd, batchRecordStart } from "@holdfast/wal/files";
import { damage, type Damage, type Line } from "./line.js";

/** The records in the frames of a log of ours. */

/** Where a record lies in the payload of its frame. */
export interface RecordRange {
  readonly start: number;
  readonly end: number;
}

/** The records in the current frame, one by one: none in a frame of another kind. Ends early where {@link isWholeFrame} is false. */
export function* recordRanges({ kind, bytes, payloadStart, payloadEnd }: FrameCursor): Generator<RecordRange> {
  const payload = bytes.subarray(payloadStart, payloadEnd);
  if (kind === frameKinds.record) yield { start: 0, end: payload.length };
  if (kind !== frameKinds.batch) return;
  for (let at = 0; at < payload.length;) {
    const end = batchRecordEnd(payload, at, payload.length);
    if (end < 0) return; // it runs past the batch
    yield { start: batchRecordStart(at), end };
    at = end;
  }
}

/** Whether a frame of records holds as many as it takes numbers, and nothing else: every writer's do. */
export function isWholeFrame(cursor: FrameCursor): boolean {
  const { kind, span, payloadStart, payloadEnd } = cursor;
  if (kind !== frameKinds.record && kind !== frameKinds.batch) return true;
  let count = 0;
  let end = 0;
  for (const range of recordRanges(cursor)) {
    count++;
    ({ end } = range);
  }
  return count === span && end === payloadEnd - payloadStart;
}

/** A line for every record in the current frame. */
export function* recordLines(cursor: FrameCursor): Generator<Line, void, undefined> {
  const { offset, lsn } = cursor;
  const payload = cursor.viewPayload();
  let id = lsn;
  for (const { start, end } of recordRanges(cursor)) {
    const place = { offset: offset + FRAME_HEADER_BYTES + start, length: end - start };
    yield { kind: "record", ...place, fields: { id: BigInt(id), payload: payload.subarray(start, end) } };
    id++;
  }
}

/** The damage of a frame that is under a sound checksum, and whose records are none. */
export function malformedBatch({ offset, endOffset, span }: FrameCursor): Damage {
  const reason = `a sound checksum over a payload that is not the ${span} records that it should be`;
  return damage("corrupt", { offset, endOffset }, "INSPECT_MALFORMED_BATCH", reason);
}
