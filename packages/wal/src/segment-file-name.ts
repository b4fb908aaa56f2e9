/**
 * Names of segment files, formatted and parsed here alone: twenty decimal digits of the segment id, a hyphen, eight
 * hexadecimal digits of the segment's nonce, `.seg`. So names sort as ids do, one id has one spelling, and a segment whose
 * header is lost can still be searched for frames: their checksums begin with nonce and id.
 */

export interface SegmentFileName {
  /** Number of the segment in its log, from 1. */
  readonly segmentId: number;
  /** 32 random bits, the same as in its header: two files of one number never pass for each other. */
  readonly nonce: number;
}

const pattern = /^(\d{20})-([0-9a-f]{8})\.seg$/;

/** Name of a segment's file in the log's directory. */
export function formatSegmentFileName({ segmentId, nonce }: SegmentFileName): string {
  return `${String(segmentId).padStart(20, "0")}-${nonce.toString(16).padStart(8, "0")}.seg`;
}

/** The parts of a segment's file name, or undefined for every other name. */
export function parseSegmentFileName(name: string): SegmentFileName | undefined {
  const match = pattern.exec(name);
  if (match === null) return undefined;
  const segmentId = Number(match[1]);
  if (!Number.isSafeInteger(segmentId) || segmentId < 1) return undefined;
  return { segmentId, nonce: Number.parseInt(match[2] as string, 16) }; // the pattern has two groups
}
