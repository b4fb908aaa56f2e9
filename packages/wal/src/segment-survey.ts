import { isFsError, type Directory, type FileHandle } from "@holdfast/fs-seam";
import {
  CodecError,
  SEGMENT_HEADER_BYTES,
  inspectSegmentHeader,
  type FrameCursor,
  type SegmentHeader,
  type SegmentHeaderOutcome,
} from "@holdfast/segment-codec";
import { parseSegmentFileName } from "./segment-file-name.js";
import { WalError } from "./wal-error.js";

/** What a log's directory holds, as far as names and segment headers tell. Nothing behind a header is read. */

/** A segment file whose header is sound and belongs to it. */
export interface SoundSegment {
  /** Name in the log's directory. */
  readonly file: string;
  /** Length of the file. */
  readonly sizeBytes: number;
  /** Who the segment is. */
  readonly header: SegmentHeader;
}

/** A segment file without a header: created or made ready and never begun, or damaged. What its name says is all there is. */
export interface HeaderlessSegment {
  readonly file: string;
  readonly sizeBytes: number;
  readonly segmentId: number;
  readonly nonce: number;
  readonly why: "short" | "zeros" | "foreign" | "damaged";
}

export interface SegmentSurvey {
  /** By ascending id. */
  readonly sound: readonly SoundSegment[];
  readonly headerless: readonly HeaderlessSegment[];
  /** Highest segment id that any name carries; 0 without one. */
  readonly lastSegmentId: number;
}

/** No log gets that far, and an open needs numbers above those that are there. */
const MAX_SEGMENT_ID = 2 ** 52;

/** How a file of the log is opened for reading; gives its size and a `readAt`. */
export interface SegmentSource {
  /** Length when it was opened; what is written behind it is not seen. */
  readonly sizeBytes: number;
  /** Fills `target` from `offset`; gives fewer bytes only where the file ends. */
  readAt(target: Uint8Array, offset: number): number;
  /** Closes the file. */
  close(): void;
}

export function openSegment(directory: Directory, file: string): SegmentSource {
  const handle: FileHandle = directory.open(file, { mode: "read" });
  try {
    const sizeBytes = handle.stat().size;
    return {
      sizeBytes,
      readAt: (target, offset) => {
        const count = handle.readAt(target, offset);
        // A writer cuts the zeros ahead off a segment that is full; whoever saw them before sees them still.
        const there = Math.min(target.length, Math.max(0, sizeBytes - offset));
        target.fill(0, count, there);
        return Math.max(count, there);
      },
      close: () => handle.close(),
    };
  } catch (error) {
    handle.close();
    throw error;
  }
}

/** Whether a file that was there at the last look is gone, or another one is in its place. */
export function isReplaced(error: unknown): boolean {
  return isFsError(error, "FS_NOT_FOUND") || (error instanceof WalError && error.code === "WAL_SEGMENT_GONE");
}

type FrameOwner = Pick<SoundSegment, "file" | "header">;

/** Moves a cursor over frames of this segment. */
export function nextFrame(cursor: FrameCursor, segment: FrameOwner): boolean {
  try {
    return cursor.next();
  } catch (error) {
    throw readFailure(error, segment);
  }
}

/** What is thrown for an error of reading frames: `WAL_RECORD_TOO_LARGE` for a record above the bound, else the error itself. */
export function readFailure(error: unknown, { file, header: { segmentId } }: FrameOwner): unknown {
  if (!(error instanceof CodecError) || error.code !== "CODEC_LENGTH_OUT_OF_RANGE") return error;
  const { offset, expected, actual } = error.context;
  const message = `${file}: what is at offset ${offset} has ${actual} bytes, above maxRecordBytes, which is ${expected}`;
  const context = { file, segmentId, offset, expected, actual };
  return new WalError("WAL_RECORD_TOO_LARGE", message, context, { cause: error });
}

/**
 * Reads the header of every segment file. Files of other names are nobody's business here.
 *
 * @param known - of an earlier look, taken as they were then: a header is never written twice.
 * @throws {@link WalError} `WAL_UNSUPPORTED` for a version or algorithm of the future, `WAL_FOREIGN_SEGMENT` for a sound segment
 * under a name that is not its own, or of an impossible number, or of more than one log, `WAL_CORRUPT` for a header that no encoder writes.
 */
export function surveySegments(directory: Directory, known: readonly SoundSegment[] = []): SegmentSurvey {
  const byName = new Map(known.map((segment) => [segment.file, segment]));
  const sound: SoundSegment[] = [];
  const headerless: HeaderlessSegment[] = [];
  let lastSegmentId = 0;
  for (const { name, kind } of directory.list()) {
    const parsed = parseSegmentFileName(name);
    if (parsed === undefined) continue;
    if (kind !== "file") throw new WalError("WAL_FOREIGN_SEGMENT", `${name} is a ${kind}, not a file`, { file: name });
    if (parsed.segmentId > MAX_SEGMENT_ID) {
      throw new WalError("WAL_FOREIGN_SEGMENT", `${name} has a number that no log gets to`, { file: name });
    }
    lastSegmentId = Math.max(lastSegmentId, parsed.segmentId);
    const before = byName.get(name);
    if (before !== undefined) {
      sound.push(before);
      continue;
    }
    const { outcome, sizeBytes } = readHeader(directory, name);
    if (outcome.kind === "segment") {
      sound.push({ file: name, sizeBytes, header: ownHeader(name, parsed, outcome.header) });
    } else {
      headerless.push({ file: name, sizeBytes, ...parsed, why: reasonOf(name, outcome) });
    }
  }
  sound.sort((a, b) => a.header.segmentId - b.header.segmentId);
  headerless.sort((a, b) => a.segmentId - b.segmentId);
  refuseTwoLogs(sound);
  return { sound, headerless, lastSegmentId };
}

/** What the first bytes of a file are. */
export function readHeader(
  directory: Directory,
  file: string,
): { readonly outcome: SegmentHeaderOutcome; readonly sizeBytes: number } {
  const source = openSegment(directory, file);
  try {
    const bytes = new Uint8Array(Math.min(source.sizeBytes, SEGMENT_HEADER_BYTES));
    const count = source.readAt(bytes, 0);
    return { outcome: inspectSegmentHeader(bytes.subarray(0, count)), sizeBytes: source.sizeBytes };
  } finally {
    source.close();
  }
}

function ownHeader(file: string, named: { segmentId: number; nonce: number }, header: SegmentHeader): SegmentHeader {
  if (header.segmentId === named.segmentId && header.nonce === named.nonce) return header;
  const message = `${file} holds segment ${header.segmentId}: it was copied or renamed by somebody`;
  throw new WalError("WAL_FOREIGN_SEGMENT", message, {
    file,
    segmentId: header.segmentId,
    expected: named.segmentId,
    actual: header.segmentId,
  });
}

function reasonOf(file: string, outcome: Exclude<SegmentHeaderOutcome, { kind: "segment" }>): HeaderlessSegment["why"] {
  switch (outcome.kind) {
    case "unsupported":
      throw new WalError("WAL_UNSUPPORTED", `${file}: ${outcome.field} ${outcome.value} is not known`, {
        file,
        actual: outcome.value,
      });
    case "malformed":
      throw new WalError("WAL_CORRUPT", `${file}: its header has an impossible ${outcome.field}`, { file, offset: 0 });
    default:
      return outcome.kind;
  }
}

function refuseTwoLogs(sound: readonly SoundSegment[]): void {
  const first = sound[0];
  if (first === undefined) return;
  const stranger = sound.find(({ header }) => !isOfLog(header, first.header.logId));
  if (stranger === undefined) return;
  const message = `${first.file} and ${stranger.file} are of two logs; move away the one that does not belong here`;
  throw new WalError("WAL_FOREIGN_SEGMENT", message, {
    file: stranger.file,
    segmentId: stranger.header.segmentId,
  });
}

export function isOfLog(header: SegmentHeader, logId: Uint8Array): boolean {
  return header.logId.every((byte, index) => byte === logId[index]);
}

/**
 * The segments that a reader passes through, by ascending id, as far as headers tell. A later segment that begins at or before
 * an earlier one replaces it: an open of the log has decided to go on from there.
 */
export function liveSegments(sound: readonly SoundSegment[]): SoundSegment[] {
  const live: SoundSegment[] = [];
  for (const segment of sound) {
    while ((live.at(-1)?.header.baseLsn ?? 0) >= segment.header.baseLsn) live.pop();
    live.push(segment);
  }
  return live;
}
