import { FrameCursor } from "@holdfast/segment-codec";
import { recordRanges } from "./log-records.js";
import type { WalDirectory } from "./wal-directory.js";

/**
 * Hands on the records of a log from `from` to its end, lent until `take` returns, segment by segment.
 *
 * @returns the number of the first record that was not there; the one behind the last where all were.
 * @throws what opening and reading throws, and what `take` does.
 */
export function eachRecord(log: WalDirectory, from: number, take: (lsn: number, record: Uint8Array) => void): number {
  const endLsn = (log.tail()?.lastLsn ?? 0) + 1;
  for (let lsn = from; lsn < endLsn;) {
    const reached = recordsOfSegment(log, lsn, endLsn, take);
    if (reached === lsn) return lsn;
    lsn = reached;
  }
  return endLsn;
}

function recordsOfSegment(
  log: WalDirectory,
  from: number,
  endLsn: number,
  take: (lsn: number, record: Uint8Array) => void,
): number {
  // What lies behind the place where the next segment goes on counts for nothing.
  const end = Math.min(endLsn, log.headers.find(({ baseLsn }) => baseLsn > from)?.baseLsn ?? Infinity);
  let next = from;
  log.withSegmentOf(from, (source, header) => {
    const cursor = new FrameCursor(source, header);
    while (next < end && cursor.next()) {
      let lsn = cursor.lsn;
      const payload = cursor.viewPayload();
      for (const range of recordRanges(cursor)) {
        if (lsn === next) {
          take(lsn, payload.subarray(range.start, range.end));
          next += 1;
        }
        lsn += 1;
      }
    }
  });
  return next;
}
