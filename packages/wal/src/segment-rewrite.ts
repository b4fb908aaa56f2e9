import { cleanUpAfter, stageFile, type Directory, type StagedFile } from "@holdfast/fs-seam";
import { copyFault, copySegment, type CopyFooter, type ReplaceRecord } from "./segment-copy.js";
import { SealedFrames, type FramedRecord } from "./sealed-frames.js";
import type { LogSegment } from "./segment-list.js";
import type { SoundSegment } from "./segment-survey.js";
import { spaceFailure } from "./space-failure.js";
import type { Wal } from "./wal.js";
import { WalError } from "./wal-error.js";
import { RECORD_COST_BYTES, WorkSlices } from "./work-slices.js";

/**
 * Writes a sealed segment of an open log again, with other bytes for some of its records: same header, same LSNs, and a last frame behind
 * which the chain is what it was, so that the next segment goes on there. What a crash leaves:
 *
 * 1. While the copy is written, synced and read back: the old segment, and a temporary file, which the next open removes.
 * 2. Between the rename, which is the one commit point, and the names barrier: the old segment or the new one, each complete and durable, since
 *    nothing is copied but what a barrier has covered.
 * 3. Behind the names barrier: the new one.
 *
 * A reader that has the old file open reads on in it. One that opens the file by its name with a place in the old one finds no frame
 * there, or not the one it wants, and looks again.
 */

export interface SegmentRewriteOptions {
  /** Open for writing. */
  readonly log: Wal;
  /** The log's own. */
  readonly directory: Directory;
  /** A sealed segment of it. */
  readonly segmentId: number;
  /** The log's own. Bytes. */
  readonly maxRecordBytes: number;
  /** Asked once for each record, in their order. */
  readonly replace: ReplaceRecord;
  /** Makes the footer of the segment that takes its place; left out, it has none. */
  readonly footerOf?: CopyFooter | undefined;
  /**
   * Called when the file has been replaced, before anything else happens: whoever knows places in the segment has to take the new ones
   * here, and to `forget` it in a `PlaceReader`. May not throw.
   */
  readonly onSwap: (rewritten: RewrittenSegment) => void;
  /** A turn of the event loop, every millisecond or so; what it throws ends the work, and the segment is as it was. */
  readonly pause: () => Promise<void>;
}

/** A segment, and what it took the place of. */
export interface RewrittenSegment {
  /** As it is now. */
  readonly segment: LogSegment;
  /** Length of the file before. */
  readonly bytesBefore: number;
  /** Length of the file now. */
  readonly bytes: number;
  /** Where the frame of each record begins, by its LSN minus `baseLsn` of the segment. */
  readonly offsets: Float64Array;
}

/**
 * Resolves once the new file is durable under its name. The log is appended to meanwhile, and `close` waits.
 *
 * @throws {@link WalError} `WAL_INVALID_OPTION` for a segment that is written to; `WAL_SEGMENT_GONE`; `WAL_CORRUPT`, with the segment as it was,
 * where a frame is damaged; `WAL_RECORD_TOO_LARGE`; `WAL_NO_SPACE`; `WAL_CLOSED` and `WAL_POISONED`. A names barrier that fails ends the log:
 * the segment is replaced then, and nobody knows whether that survives.
 */
export function rewriteSegment(options: SegmentRewriteOptions): Promise<RewrittenSegment> {
  return options.log.during(() => rewrite(options));
}

async function rewrite(options: SegmentRewriteOptions): Promise<RewrittenSegment> {
  const { log, directory, segmentId } = options;
  log.check();
  const { writer } = log;
  // What waits for a barrier is open for writing, and nothing of it may be stated as durable yet.
  if (writer.open.some(({ segment }) => segment.header.segmentId === segmentId)) await log.sync("data");
  const { segment } = findSealed(log, segmentId);
  const pause = async (): Promise<void> => {
    await options.pause();
    log.check();
  };
  const { maxRecordBytes, replace, footerOf } = options;
  const staged = stage(directory, segment.file);
  let bytes: number;
  let offsets: Float64Array;
  try {
    const write = (chunk: Uint8Array): void => staged.handle.append(chunk);
    const about = { directory, segment, maxRecordBytes, replace, footerOf, isFollowed: true, write, pause };
    const copy = await copySegment(about);
    await staged.handle.sync("full");
    const source = { sizeBytes: staged.handle.stat().size, readAt: staged.handle.readAt.bind(staged.handle) };
    const fault = await copyFault(source, about, copy);
    if (fault !== undefined) throw unlikeWritten(segment, fault);
    log.check();
    ({ sizeBytes: bytes, offsets } = copy);
  } catch (error) {
    cleanUpAfter(error, () => staged.discard());
    throw spaceFailure(error, segment.file);
  }
  return swap(options, staged, { bytes, offsets });
}

/** From the rename to `onSwap` nothing else happens: whoever reads sees file, size and places of one and the same segment. */
async function swap(
  { log, directory, segmentId, onSwap }: SegmentRewriteOptions,
  staged: StagedFile,
  { bytes, offsets }: Pick<RewrittenSegment, "bytes" | "offsets">,
): Promise<RewrittenSegment> {
  const { writer } = log;
  let found: ReturnType<typeof findSealed>;
  try {
    found = findSealed(log, segmentId); // it may have been pruned meanwhile
    staged.publishBlocking({ rung: "os" }); // synced above, and its name is below
  } catch (error) {
    cleanUpAfter(error, () => staged.discard());
    throw spaceFailure(error, staged.path);
  }
  const { segment, index } = found;
  writer.live[index] = { ...(writer.live[index] as SoundSegment), sizeBytes: bytes }; // found there
  writer.index.remove(segmentId);
  // A cursor that still reads the old file learns places of it; behind this one, none is taken in.
  writer.index.add(segmentId, { offset: Number.POSITIVE_INFINITY, nextLsn: Number.POSITIVE_INFINITY, chain: 0 });
  const rewritten = { segment, bytesBefore: segment.sizeBytes, bytes, offsets };
  onSwap(rewritten);
  try {
    await directory.syncNames();
  } catch (error) {
    throw log.failed(error);
  }
  return rewritten;
}

/**
 * Reads the records of a sealed segment that count, each verified, before it is decided whether to rewrite it.
 *
 * @returns whether the file holds more than those: records that an open has written again to the next segment, or what was cut off. That goes
 * when the segment is rewritten.
 * @throws {@link WalError} `WAL_CORRUPT` with the offset where a frame is damaged.
 */
export async function readSealed(
  { directory, segment, maxRecordBytes, pause }: SealedReading,
  visit: (record: Readonly<FramedRecord>) => void,
): Promise<{ readonly hasDeadBytes: boolean }> {
  const frames = new SealedFrames(directory, segment, maxRecordBytes);
  const slices = new WorkSlices(pause);
  try {
    while (frames.next()) {
      for (const record of frames.records()) {
        visit(record);
        await slices.spend(record.end - record.start + RECORD_COST_BYTES);
      }
    }
    return { hasDeadBytes: frames.hasDeadBytes() };
  } finally {
    frames.close();
  }
}

/** What {@link readSealed} reads, and how. */
export type SealedReading = Pick<SegmentRewriteOptions, "directory" | "maxRecordBytes" | "pause"> & {
  readonly segment: LogSegment;
};

/**
 * Begins the next segment, so that what was appended up to now can be rewritten. Does nothing while the one that is written to holds no
 * record. Durability of what was appended: `os`.
 *
 * @throws {@link WalError} `WAL_NO_SPACE`, with everything as it was; `WAL_CLOSED`, `WAL_POISONED`.
 */
export function beginSegment(log: Wal): void {
  log.check();
  try {
    log.writer.rotate();
  } catch (error) {
    throw log.failed(error);
  }
}

function findSealed(log: Wal, segmentId: number): { readonly segment: LogSegment; readonly index: number } {
  const segments = log.segments();
  const index = segments.findIndex((each) => each.segmentId === segmentId);
  const segment = segments[index];
  if (segment === undefined) {
    throw new WalError("WAL_SEGMENT_GONE", `segment ${segmentId} is not there`, { segmentId });
  }
  if (segment.isSealed) return { segment, index };
  const message = `option segmentId names segment ${segmentId}, which is written to`;
  throw new WalError("WAL_INVALID_OPTION", message, { option: "segmentId" });
}

function stage(directory: Directory, file: string): StagedFile {
  try {
    return stageFile(directory, file);
  } catch (error) {
    throw spaceFailure(error, file);
  }
}

function unlikeWritten({ file, segmentId }: LogSegment, why: string): WalError {
  return new WalError("WAL_CORRUPT", `${file}: written again and read back, ${why}`, { file, segmentId });
}
