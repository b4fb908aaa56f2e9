import type { LogSegment } from "@holdfast/wal/places";
import type { AcceleratedSegment } from "./accelerator-layout.js";

/** What is known of a segment of a log: what decides whether an accelerator counts for it. */
export interface KnownSegment extends Pick<
  LogSegment,
  "segmentId" | "lastLsn" | "sizeBytes" | "endChain" | "isSealed"
> {
  /** CRC of the header. */
  readonly header: Pick<LogSegment["header"], "crc">;
}

/** How many segments, from the first one on, the log and an accelerator have in common. */
export function commonCount(segments: readonly KnownSegment[], known: readonly AcceleratedSegment[]): number {
  const end = segments.findIndex((segment, place) => !isSame(segment, known[place]));
  return end < 0 ? segments.length : end;
}

function isSame(
  { segmentId, lastLsn, sizeBytes, endChain, header, isSealed }: KnownSegment,
  known: AcceleratedSegment | undefined,
): boolean {
  return (
    known !== undefined &&
    isSealed &&
    known.segmentId === segmentId &&
    known.lastLsn === lastLsn &&
    known.sizeBytes === sizeBytes &&
    known.headerCrc === header.crc &&
    known.endChain === endChain
  );
}
