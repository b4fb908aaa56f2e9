import type { Directory } from "@holdfast/fs-seam";
import {
  SEGMENT_HEADER_BYTES,
  findLaterFrames,
  frameKinds,
  frameSeedOf,
  scanSegment,
  type FrameCursor,
  type ScanEnd,
  type SegmentScan,
} from "@holdfast/segment-codec";
import {
  openSegment,
  readFailure,
  type HeaderlessSegment,
  type SegmentSurvey,
  type SoundSegment,
} from "./segment-survey.js";
import type { Steps } from "./sliced-work.js";
import { WalError } from "./wal-error.js";

/**
 * Reads the end of a log and judges it (docs/formats/segment.md, "Reading"). Only the segments behind what the headers state
 * as durable are read; those before are sealed, and are verified by whoever reads them.
 */

/** A place between two frames of a log. */
export interface LogPosition {
  readonly segment: SoundSegment;
  readonly offset: number;
  /** LSN that the next record gets there. */
  readonly nextLsn: number;
  readonly chain: number;
}

/** Bytes behind the last frame that counts, which no zero fill explains. */
export interface DroppedBytes {
  /** Name in the log's directory. */
  readonly file: string;
  /** Number of the segment, or section, in its log. */
  readonly segmentId: number;
  /** Where they begin in the file. */
  readonly offset: number;
  /** How many they are. */
  readonly bytes: number;
  /** Why they are no frames of this log: what the cursor says, `unreachable` for a segment that nothing leads to, or no header. */
  readonly reason: Extract<ScanEnd, { kind: "torn" | "corrupt" }>["reason"] | "unreachable" | "no-header";
  /** Sound frame headers among them. */
  readonly laterHeaders: number;
}

export interface TailScan {
  /**
   * Boundaries on the way to the end, a megabyte or so apart: the beginning of the first segment that was read, and others each behind
   * a record. Whoever looks for one that is not among them begins at the one before it.
   */
  readonly boundaries: readonly [LogPosition, ...LogPosition[]];
  /** Where an open goes on, see {@link LogEnd}. */
  readonly end: LogPosition;
  /** G: the last record that is there, 0 for none. */
  readonly lastLsn: number;
  /** W: the highest LSN that anything sound states as durable. */
  readonly durableLsn: number;
  readonly dropped: readonly DroppedBytes[];
  /** Undefined when the end is one that a crash may leave. */
  readonly damage: WalError | undefined;
  readonly scannedBytes: number;
}

/**
 * Follows frames, and knows where an open goes on behind them: behind the last record, and before any watermark that follows it. That
 * one may be readable and not durable, after a process was killed between the write and the barrier, and whoever went on behind it would
 * lose the way there with it.
 *
 * Before a footer it is durable: who puts one behind a watermark has found that in the file when he opened it, and had it synced before
 * the file had its name. So the end is before the footer, which is about the frames up to there.
 */
export class LogEnd {
  place: LogPosition;
  #last: LogPosition;

  /** @param place - the end so far. */
  constructor(place: LogPosition) {
    this.place = place;
    this.#last = place;
  }

  /** Takes note of the next frame, and returns true for one with a record. */
  pass(segment: SoundSegment, { kind, span, endOffset: offset, nextLsn, chain }: FrameCursor): boolean {
    const before = this.#last;
    this.#last = { segment, offset, nextLsn, chain };
    if (span > 0) this.place = this.#last;
    // A segment without a record is replaced by the next one, and nothing in it leads anywhere.
    else if (kind === frameKinds.footer && nextLsn > segment.header.baseLsn) this.place = before;
    return span > 0;
  }
}

/** Bytes between two boundaries of {@link TailScan} at least. */
const BOUNDARY_BYTES = 1024 * 1024;

export interface TailScanOptions {
  readonly maxPayloadBytes: number;
  /** Highest LSN known durable from elsewhere. */
  readonly durableLsn: number;
}

/**
 * Pauses behind every file.
 *
 * @param live - of the survey; not empty.
 * @throws what reading throws, and {@link WalError} `WAL_RECORD_TOO_LARGE` for a sound frame above `maxPayloadBytes`.
 */
export function* scanTail(
  directory: Directory,
  survey: SegmentSurvey,
  live: readonly SoundSegment[],
  { maxPayloadBytes, durableLsn }: TailScanOptions,
): Steps<TailScan> {
  // What was replaced has nothing to say: the segment that replaced it states what was known durable then.
  const headers = live.map(({ header }) => header);
  const first = live[0] as SoundSegment; // not empty
  let proven = headers.reduce((most, header) => Math.max(most, header.durableLsn), durableLsn);
  let segment = live.findLast(({ header }) => header.baseLsn <= proven + 1) ?? first;
  const boundaries: [LogPosition, ...LogPosition[]] = [beginningOf(segment)];
  const dropped: DroppedBytes[] = [];
  let scannedBytes = 0;
  let scan: SegmentScan;
  let end: LogEnd;
  for (;;) {
    end = new LogEnd(beginningOf(segment));
    let dueOffset = BOUNDARY_BYTES;
    const onFrame = (cursor: FrameCursor): void => {
      if (!end.pass(segment, cursor) || cursor.endOffset < dueOffset) return;
      boundaries.push(end.place);
      dueOffset = cursor.endOffset + BOUNDARY_BYTES;
    };
    scan = scanFile(directory, segment, { successors: headers, durableLsn: proven, maxPayloadBytes, onFrame });
    scannedBytes += segment.sizeBytes;
    proven = Math.max(proven, scan.durableLsn);
    yield;
    if (scan.end.kind !== "continued") break;
    const { successor } = scan.end;
    segment = live.find(({ header }) => header.segmentId === successor.segmentId) as SoundSegment; // it came from there
  }
  const { nextLsn, chain } = scan;
  const position: LogPosition = { segment, offset: scan.end.endOffset, nextLsn, chain };
  const lost = droppedHere(segment, scan.end);
  if (lost !== undefined) dropped.push(lost);
  if (scan.end.kind === "corrupt") proven = Math.max(proven, scan.end.durableLsn);
  for (const evidence of evidenceBehind(directory, survey, position)) {
    scannedBytes += evidence.bytes;
    proven = Math.max(proven, evidence.durableLsn);
    if (evidence.dropped !== undefined) dropped.push(evidence.dropped);
    yield;
  }
  const lostSegments = segmentsWithoutHeader(directory, survey, live, position);
  dropped.push(...lostSegments);
  return {
    boundaries,
    end: end.place,
    lastLsn: nextLsn - 1,
    durableLsn: proven,
    dropped,
    damage: damageAt(position, scan.end, proven) ?? lostHeader(lostSegments),
    scannedBytes,
  };
}

/** Before the first frame of a segment. */
export function beginningOf(segment: SoundSegment): LogPosition {
  const { baseLsn: nextLsn, previousChain: chain } = segment.header;
  return { segment, offset: SEGMENT_HEADER_BYTES, nextLsn, chain };
}

function scanFile(
  directory: Directory,
  segment: SoundSegment,
  options: Parameters<typeof scanSegment>[2],
): SegmentScan {
  const source = openSegment(directory, segment.file);
  try {
    return scanSegment(source, segment.header, options);
  } catch (error) {
    throw readFailure(error, segment);
  } finally {
    source.close();
  }
}

function droppedHere({ file, header }: SoundSegment, end: ScanEnd): DroppedBytes | undefined {
  if (end.kind === "clean" || end.kind === "continued" || end.later.zeros) return undefined;
  const bytes = end.kind === "torn" ? end.tornBytes : 0;
  const { endOffset: offset, reason } = end;
  return { file, segmentId: header.segmentId, offset, bytes, reason, laterHeaders: end.later.headerCount };
}

interface Evidence {
  readonly bytes: number;
  readonly durableLsn: number;
  readonly dropped: DroppedBytes | undefined;
}

/**
 * What segments behind the end say about it: those that nothing leads to, and those without a header. They have higher numbers
 * than the segment that the log ends in; a lower number belongs to what an earlier open has replaced.
 */
function* evidenceBehind(directory: Directory, survey: SegmentSurvey, end: LogPosition): Generator<Evidence> {
  const after = end.segment.header.segmentId;
  for (const { file, sizeBytes, header } of survey.sound) {
    if (header.segmentId <= after) continue;
    yield evidenceIn(directory, { file, sizeBytes, segmentId: header.segmentId }, header, "unreachable", end);
  }
  for (const orphan of survey.headerless) {
    if (orphan.segmentId <= after || orphan.sizeBytes < SEGMENT_HEADER_BYTES) continue;
    const seed = { frameSeed: seedOf(orphan, end.segment) };
    yield evidenceIn(directory, orphan, seed, "no-header", end);
  }
}

function seedOf({ segmentId, nonce }: HeaderlessSegment, sibling: SoundSegment): number {
  return frameSeedOf({ logId: sibling.header.logId, segmentId, nonce });
}

function evidenceIn(
  directory: Directory,
  { file, sizeBytes, segmentId }: Pick<HeaderlessSegment, "file" | "sizeBytes" | "segmentId">,
  seed: { readonly frameSeed: number },
  reason: "unreachable" | "no-header",
  { nextLsn }: LogPosition,
): Evidence {
  const source = openSegment(directory, file);
  try {
    const range = { offset: SEGMENT_HEADER_BYTES, endOffset: source.sizeBytes, nextLsn };
    const later = findLaterFrames(source, seed, range);
    const bytes = sizeBytes - SEGMENT_HEADER_BYTES;
    const dropped =
      later.zeros || bytes <= 0
        ? undefined
        : { file, segmentId, offset: SEGMENT_HEADER_BYTES, bytes, reason, laterHeaders: later.headerCount };
    return { bytes: sizeBytes, durableLsn: later.durableLsn, dropped };
  } finally {
    source.close();
  }
}

function damageAt({ segment, offset, nextLsn }: LogPosition, end: ScanEnd, durableLsn: number): WalError | undefined {
  const { file, header } = segment;
  const context = { file, segmentId: header.segmentId, offset, lsn: nextLsn, durableLsn };
  if (durableLsn >= nextLsn) {
    const message = `${file}: records from LSN ${nextLsn} on are damaged or missing at offset ${offset}, and the log states ${durableLsn} as durable`;
    return new WalError("WAL_CORRUPT", message, context);
  }
  if (end.kind !== "corrupt") return undefined;
  return new WalError("WAL_CORRUPT", `${file}: the frame at offset ${offset} is one that no encoder writes`, context);
}

/**
 * Files without a header that hold records from before the segment that follows them by number: segments that have lost their
 * header, and only damage does that. What an open left unremoved holds none, since it went on from before such a file. Those
 * behind the end are evidence for it, see {@link evidenceBehind}.
 */
function segmentsWithoutHeader(
  directory: Directory,
  survey: SegmentSurvey,
  live: readonly SoundSegment[],
  end: LogPosition,
): DroppedBytes[] {
  const lost: DroppedBytes[] = [];
  const reached = live.slice(0, live.indexOf(end.segment) + 1);
  for (const orphan of survey.headerless) {
    const { file, segmentId, sizeBytes } = orphan;
    const next = reached.find(({ header }) => header.segmentId > segmentId);
    if (next === undefined) break;
    const seed = { frameSeed: seedOf(orphan, next) };
    const count = headersFrom(directory, file, seed, 1);
    if (count === headersFrom(directory, file, seed, next.header.baseLsn)) continue;
    const bytes = sizeBytes - SEGMENT_HEADER_BYTES;
    lost.push({ file, segmentId, offset: SEGMENT_HEADER_BYTES, bytes, reason: "no-header", laterHeaders: count });
  }
  return lost;
}

function lostHeader([first]: readonly DroppedBytes[]): WalError | undefined {
  if (first === undefined) return undefined;
  const { file, segmentId } = first;
  return new WalError("WAL_CORRUPT", `${file}: the header of a segment with records is damaged`, {
    file,
    segmentId,
    offset: 0,
  });
}

function headersFrom(
  directory: Directory,
  file: string,
  seed: { readonly frameSeed: number },
  nextLsn: number,
): number {
  const source = openSegment(directory, file);
  try {
    if (source.sizeBytes <= SEGMENT_HEADER_BYTES) return 0;
    const range = { offset: SEGMENT_HEADER_BYTES, endOffset: source.sizeBytes, nextLsn };
    return findLaterFrames(source, seed, range).headerCount;
  } finally {
    source.close();
  }
}
