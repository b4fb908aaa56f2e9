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
 * stays within `mergeBytes`. So the segments of many short runs become one, and a log keeps few files. One alone stays where it is, with its footer,
 * when nothing about it has to be mended: the next open may find another one beside it.
 */
export function switchPoint(
  directory: Directory,
  live: readonly SoundSegment[],
  tail: TailScan,
  options: { readonly keepLsn: number; readonly mergeBytes: number; readonly maxPayloadBytes: number },
): LogPosition {
  const { keepLsn, mergeBytes, maxPayloadBytes } = options;
  const { end } = tail;
  const start = lastBoundary(directory, live, tail, keepLsn, maxPayloadBytes);
  const from = live.indexOf(start.segment);
  let place = start;
  let [bytes, holding] = [0, 0];
  for (let index = live.indexOf(end.segment); index >= 0; index -= 1) {
    const segment = live[index] as SoundSegment; // index is inside live
    // What is dead at the end of an earlier one is counted as well.
    const used = (segment === end.segment ? end.offset : segment.sizeBytes) - SEGMENT_HEADER_BYTES;
    bytes += used;
    if (bytes > mergeBytes) break;
    if (used > 0) holding += 1;
    if (index <= from) place = beginningOf(segment);
  }
  // What is cut off is kept aside by the open that sees it, which has to replace the file for that.
  const isSound = tail.lastLsn <= tail.durableLsn && tail.dropped.length === 0;
  return holding < 2 && isSound ? start : place;
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
