import type { Directory } from "@holdfast/fs-seam";
import { SEGMENT_HEADER_BYTES } from "@holdfast/segment-codec";
import { FrameWalk } from "./frame-walk.js";
import type { SoundSegment } from "./segment-survey.js";
import { beginningOf, LogEnd, type LogPosition, type TailScan } from "./tail-scan.js";

/**
 * Where the segment of a new open begins. Everything before that place is proven durable; everything behind it, up to the end
 * of the log, is written once more into the new segment. Syncing it where it lies would not do: after a barrier that failed,
 * the kernel may hold as clean what the disk never got, and only writing it again makes it dirty.
 */

/**
 * The boundary to go on from: the last one at or before `keepLsn`, or one further back while all that would be written again
 * stays within `mergeBytes`. So the segments of many short runs become one, and a log keeps few files.
 */
export function switchPoint(
  directory: Directory,
  live: readonly SoundSegment[],
  tail: TailScan,
  options: { readonly keepLsn: number; readonly mergeBytes: number; readonly maxPayloadBytes: number },
): LogPosition {
  const { keepLsn, mergeBytes, maxPayloadBytes } = options;
  const start = lastBoundary(directory, live, tail, keepLsn, maxPayloadBytes);
  let bytes = bytesBehind(start, live, tail);
  let place = start;
  for (let index = live.indexOf(start.segment); index >= 0; index -= 1) {
    const segment = live[index] as SoundSegment; // index is inside live
    const used = segment === start.segment ? start.offset : segment.sizeBytes;
    bytes += Math.max(0, used - SEGMENT_HEADER_BYTES);
    if (bytes > mergeBytes) break;
    place = beginningOf(segment);
  }
  return place;
}

function lastBoundary(
  directory: Directory,
  live: readonly SoundSegment[],
  tail: TailScan,
  keepLsn: number,
  maxPayloadBytes: number,
): LogPosition {
  if (keepLsn === tail.lastLsn) return tail.end;
  const { boundaries } = tail;
  const position = boundaries.findLast(({ nextLsn }) => nextLsn <= keepLsn + 1) ?? boundaries[0]; // the beginning
  const walk = new FrameWalk(directory, { segment: position.segment, position }, { maxPayloadBytes, segments: live });
  try {
    const end = new LogEnd(position);
    while (walk.next()) {
      const { segment, cursor } = walk;
      // One that begins where the new one would says what it goes on from, and that may be behind a watermark.
      if (segment.header.baseLsn > keepLsn) return beginningOf(segment);
      if (cursor.nextLsn > keepLsn + 1) break;
      end.pass(segment, cursor);
    }
    return end.place;
  } finally {
    walk.close();
  }
}

/** Bytes of frames from `place` to the end of the log; what is dead in between is counted as well. */
function bytesBehind(place: LogPosition, live: readonly SoundSegment[], { end }: TailScan): number {
  if (place.segment === end.segment) return end.offset - place.offset;
  const [from, to] = [live.indexOf(place.segment), live.indexOf(end.segment)];
  let bytes = place.segment.sizeBytes - place.offset + end.offset - SEGMENT_HEADER_BYTES;
  for (const { sizeBytes } of live.slice(from + 1, to)) bytes += sizeBytes - SEGMENT_HEADER_BYTES;
  return bytes;
}
