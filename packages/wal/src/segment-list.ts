import type { SegmentHeader } from "@holdfast/segment-codec";
import type { SoundSegment } from "./segment-survey.js";

/** One of the files that hold the records of a log. Plain data. */
export interface LogSegment {
  /** Name of the file in the log's directory. */
  readonly file: string;
  /** Never used twice in a log. */
  readonly segmentId: number;
  /** LSN of its first record. */
  readonly baseLsn: number;
  /** LSN of its last record; below `baseLsn` when it holds none. */
  readonly lastLsn: number;
  /**
   * Bytes that were handed to the system; zeros ahead of them are not counted in the segment that this handle writes to. A reader
   * has the length that the file had when it was seen first with others behind it.
   */
  readonly sizeBytes: number;
  /** Whether nothing will be added to it: every segment but the last one. */
  readonly isSealed: boolean;
  /**
   * Chain of the frame that its last record is in, or of a watermark behind that: where the next segment continues from. A footer at the
   * end of the file is about this segment's frames, all of them, when it says the same.
   */
  readonly endChain: number;
  /** What its first 64 bytes say. */
  readonly header: SegmentHeader;
}

/**
 * @param live - segments that count, by ascending id.
 * @param end - of the log.
 */
export function listSegments(
  live: readonly SoundSegment[],
  end: { readonly lastLsn: number; readonly chain: number },
  sizeOf: (segment: SoundSegment) => number,
): LogSegment[] {
  return live.map((segment, index) => {
    const { file, header } = segment;
    const next = live[index + 1];
    return {
      file,
      segmentId: header.segmentId,
      baseLsn: header.baseLsn,
      lastLsn: next === undefined ? end.lastLsn : next.header.baseLsn - 1,
      sizeBytes: sizeOf(segment),
      isSealed: next !== undefined,
      endChain: next === undefined ? end.chain : next.header.previousChain,
      header,
    };
  });
}
