import type { SegmentHeader } from "./segment-header.js";

/**
 * Which segment goes on where another ends. Every open of a log starts a segment, and may start it in the middle of the
 * previous one's frames: from there on the previous one is dead, although its bytes may all be sound.
 */

/** A place between two frames, or before the first: all that went before is accepted. */
export interface FrameBoundary {
  /** Id of the log, 16 bytes. */
  readonly logId: Uint8Array;
  /** The segment that the boundary lies in. */
  readonly segmentId: number;
  /** LSN that the next record would get. */
  readonly nextLsn: number;
  /** Chain of the last accepted frame; in a segment without one, the chain that its header continues from. */
  readonly chain: number;
}

/** True when `header` is of the same log, of a later segment, and begins exactly at `boundary`. */
export function continuesFrom(header: SegmentHeader, boundary: FrameBoundary): boolean {
  return (
    header.segmentId > boundary.segmentId &&
    header.baseLsn === boundary.nextLsn &&
    header.previousChain === boundary.chain &&
    sameLog(header.logId, boundary.logId)
  );
}

/** The later decision of two segments that continue from the same boundary: higher epoch, then higher number. */
export function laterDecision(one: SegmentHeader, other: SegmentHeader): SegmentHeader {
  if (one.epoch !== other.epoch) return one.epoch > other.epoch ? one : other;
  return one.segmentId > other.segmentId ? one : other;
}

/** The segment among `candidates` that goes on at `boundary`, or undefined. */
export function successorAt(boundary: FrameBoundary, candidates: readonly SegmentHeader[]): SegmentHeader | undefined {
  let best: SegmentHeader | undefined;
  for (const candidate of candidates) {
    if (continuesFrom(candidate, boundary)) best = best === undefined ? candidate : laterDecision(best, candidate);
  }
  return best;
}

/** True when both are the 16 bytes of one log. */
export function sameLog(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false;
  for (let index = 0; index < one.length; index++) if (one[index] !== other[index]) return false;
  return true;
}
