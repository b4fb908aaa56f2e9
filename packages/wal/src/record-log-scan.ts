import type { FrameStop } from "@holdfast/segment-codec";
import { evidenceBehind, type TailEvidence } from "./record-log-evidence.js";
import { firstSection, SECTION_BYTES, type Section, type SectionBoundary } from "./record-log-section.js";
import { SectionWalk } from "./record-log-walk.js";
import { openSegment, type SegmentSource } from "./segment-survey.js";
import type { LookOptions } from "./log-view.js";
import type { Steps } from "./sliced-work.js";
import type { Directory } from "@holdfast/fs-seam";
import type { DroppedBytes } from "./tail-scan.js";
import { WalError } from "./wal-error.js";

/** A record log as it lies there: read whole, verified and judged, and nothing changed. */
export interface RecordLogScan {
  /** Never empty. */
  readonly sections: readonly Section[];
  /** Behind the last frame that counts. */
  readonly end: SectionBoundary;
  /** G: the last record that is there, 0 for none. */
  readonly lastLsn: number;
  /** W: the highest LSN that anything sound states as durable. */
  readonly durableLsn: number;
  /** Behind the frame of the last record that is there and proven: from here on nobody says that the bytes are on the disk. */
  readonly provenOffset: number;
  /** The tail that the next open cuts off; undefined where there is none. */
  readonly dropped: DroppedBytes | undefined;
  /** Undefined when the end is one that a crash may leave. */
  readonly damage: WalError | undefined;
  /** Highest number of a section, behind the end as well. */
  readonly lastSectionId: number;
  /** Length of the file. */
  readonly sizeBytes: number;
}

/** Bytes read between two pauses. */
const STEP_BYTES = 256 * 1024;

/**
 * Reads a record log from its first byte to its last. Pauses every so many bytes.
 *
 * @throws {@link WalError} `WAL_CORRUPT` without a sound header at the beginning, `WAL_FOREIGN_SEGMENT`, `WAL_UNSUPPORTED`,
 * `WAL_RECORD_TOO_LARGE` for a sound frame above `maxRecordBytes`; what the file system says.
 */
export function* scanRecordLog(
  directory: Directory,
  file: string,
  { maxRecordBytes, durableLsn = 0 }: LookOptions,
): Steps<RecordLogScan> {
  const source = openSegment(directory, file);
  try {
    return yield* scanSections(source, firstSection(source, file), { maxRecordBytes, durableLsn });
  } finally {
    source.close();
  }
}

/** The same from a first section that is known; throws the same but for what its header says. */
export function* scanSections(
  source: SegmentSource,
  first: Section,
  { maxRecordBytes, durableLsn: known = 0 }: LookOptions,
): Steps<RecordLogScan> {
  const walk = new SectionWalk(source, { section: first }, maxRecordBytes);
  const sections: Section[] = [first];
  let stated = Math.max(known, first.header.durableLsn);
  let lastRecordEnd = SECTION_BYTES;
  let pauseAt = STEP_BYTES;
  while (walk.next()) {
    const { segment, cursor } = walk;
    if (segment !== sections.at(-1)) sections.push(segment);
    stated = Math.max(stated, cursor.durableLsn);
    if (cursor.span > 0) lastRecordEnd = cursor.endOffset;
    if (cursor.endOffset < pauseAt) continue;
    pauseAt = cursor.endOffset + STEP_BYTES;
    yield;
  }
  const { segment: endsIn, boundary: end } = walk;
  // A section whose first frame is torn was entered all the same.
  if (endsIn !== sections.at(-1)) sections.push(endsIn);
  stated = Math.max(stated, endsIn.header.durableLsn);
  const tail = evidenceBehind(source, end);
  const durableLsn = Math.max(stated, tail.durableLsn);
  const lastLsn = end.nextLsn - 1;
  const provenOffset = durableLsn >= lastLsn ? lastRecordEnd : endOf(durableLsn, source, sections, maxRecordBytes);
  const stop = walk.cursor.stop as FrameStop; // the walk has ended
  return {
    sections,
    end,
    lastLsn,
    durableLsn,
    provenOffset: Math.min(provenOffset, end.offset), // less than a first section, where that is damaged
    dropped: droppedBytes(source, end, stop, tail),
    damage: damageAt(end, stop, durableLsn),
    lastSectionId: Math.max(endsIn.header.segmentId, tail.lastSectionId),
    sizeBytes: source.sizeBytes,
  };
}

/** Behind the frame of that record; for 0, behind the first section's first frame, which was durable before the file had a name. */
function endOf(lsn: number, source: SegmentSource, sections: readonly Section[], maxRecordBytes: number): number {
  if (lsn === 0) return SECTION_BYTES;
  const section = sections.findLast(({ header }) => header.baseLsn <= lsn) as Section; // the first one, if no other
  const walk = new SectionWalk(source, { section }, maxRecordBytes);
  while (walk.nextLsn <= lsn && walk.next()) continue;
  return walk.boundary.offset;
}

function droppedBytes(
  { sizeBytes }: SegmentSource,
  { section, offset }: SectionBoundary,
  reason: FrameStop,
  { zeros, headerCount: laterHeaders }: TailEvidence,
): DroppedBytes | undefined {
  if (zeros) return undefined;
  const { file, header } = section;
  return { file, segmentId: header.segmentId, offset, bytes: sizeBytes - offset, reason, laterHeaders };
}

function damageAt(end: SectionBoundary, stop: FrameStop, durableLsn: number): WalError | undefined {
  const { section, offset, nextLsn: lsn } = end;
  const { file, header } = section;
  const context = { file, segmentId: header.segmentId, offset, lsn, durableLsn };
  if (durableLsn >= lsn) {
    const message = `${file}: records from LSN ${lsn} on are damaged or missing at offset ${offset}, and the log states ${durableLsn} as durable`;
    return new WalError("WAL_CORRUPT", message, context);
  }
  if (stop !== "malformed") return undefined;
  return new WalError("WAL_CORRUPT", `${file}: the frame at offset ${offset} is one that no encoder writes`, context);
}
