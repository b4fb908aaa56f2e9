import type { Directory } from "@holdfast/fs-seam";
import { MAX_PAYLOAD_BYTES } from "@holdfast/segment-codec";
import { FrameWalk } from "./frame-walk.js";
import { openRecordCursor, RecordCursor } from "./record-cursor.js";
import type { LogSegment } from "./segment-list.js";
import { SparseIndex } from "./sparse-index.js";
import { WalError } from "./wal-error.js";
import { checkRange } from "./wal-options.js";

/** A boundary between two frames, as {@link RecordWalk} leaves it and goes on from it. */
export interface WalkPlace {
  /** The segment that the place is in. */
  readonly segmentId: number;
  /** Byte offset in its file. */
  readonly offset: number;
  /** LSN of the first record behind it. */
  readonly nextLsn: number;
  /** Chain of the frame before it. */
  readonly chain: number;
}

/** Which records are walked over. */
export interface RecordWalkOptions {
  /** The log's own. */
  readonly directory: Directory;
  /** Those of the log, all or some that follow one another; one alone will do. */
  readonly segments: readonly LogSegment[];
  /** LSN of the first record. Default: the first one of these segments. */
  readonly from?: number;
  /** LSN of the last record, inclusive. Default: the last one of these segments. */
  readonly to?: number;
  /** Begins behind this boundary instead. What it says is believed until the first frame behind it has been verified. */
  readonly behind?: WalkPlace;
  /** Longest record or batch. Bytes, default 16 MiB. */
  readonly maxRecordBytes?: number;
}

/** Records in their order, one at a time and verified, each with its place. Without garbage: fields change with every step. */
export interface RecordWalk {
  /** Moves to the next record; false behind the last one. */
  next(): boolean;
  /** Number of the record in its log. */
  readonly lsn: number;
  /** The record is `bytes[start, end)`, lent until the next step. */
  readonly bytes: Uint8Array;
  /** Where it begins in `bytes`. */
  readonly start: number;
  /** Where it ends in `bytes`, exclusive. */
  readonly end: number;
  /** The same as a view of its own. */
  view(): Uint8Array;
  /** Segment and offset of the frame that holds it, and of what follows that frame. */
  readonly segmentId: number;
  /** Where the frame begins in its file. */
  readonly offset: number;
  /** Where it ends, exclusive. */
  readonly endOffset: number;
  /** LSN of the frame's first record, and how many it holds: a batch has several. */
  readonly frameLsn: number;
  /** How many records the frame holds. */
  readonly span: number;
  /** Chain of that frame. */
  readonly chain: number;
  /** Closes the files that are open. May be called again. */
  close(): void;
}

const keys: readonly string[] = ["directory", "segments", "from", "to", "behind", "maxRecordBytes"];

/**
 * Walks over the records of a log, or of one of its segments, with their places: what an index is built from. Nothing of it holds
 * up pruning.
 *
 * @throws `WalError` `WAL_INVALID_OPTION`; `WAL_LSN_OUT_OF_RANGE`; `WAL_PRUNED` when `from` lies before the first of these segments; while
 * it walks, `WAL_CORRUPT` with file and offset where a record is damaged, and `FsError` `FS_NOT_FOUND` where a segment was removed
 * meanwhile.
 */
export function openRecordWalk(options: RecordWalkOptions): RecordWalk {
  for (const key of Object.keys(options)) if (!keys.includes(key)) refuse(key, "is unknown");
  const { directory, segments, behind, maxRecordBytes = 16 * 1024 * 1024 } = options;
  if (typeof directory?.open !== "function") refuse("directory", "must be a Directory of @holdfast/fs-seam");
  const [first, last] = [segments?.[0], segments?.at(-1)];
  if (first === undefined || last === undefined) refuse("segments", "must be an array, and not empty");
  if (!(Number.isSafeInteger(maxRecordBytes) && maxRecordBytes >= 0 && maxRecordBytes <= MAX_PAYLOAD_BYTES)) {
    refuse("maxRecordBytes", `must be a whole number from 0 to ${MAX_PAYLOAD_BYTES}`);
  }
  const { from = behind?.nextLsn ?? first.baseLsn, to = last.lastLsn } = options;
  checkRange(from, to);
  const lastLsn = Math.min(to, last.lastLsn);
  const index = new SparseIndex();
  if (behind === undefined) {
    return openRecordCursor({ directory, live: segments, maxPayloadBytes: maxRecordBytes, from, lastLsn, index });
  }
  const segment = segments.find(({ segmentId }) => segmentId === behind.segmentId);
  if (segment === undefined) refuse("behind", `names segment ${behind.segmentId}, which is not one of these`);
  if (from < behind.nextLsn) refuse("from", `is ${from}, and ${behind.nextLsn} the first record behind that place`);
  const walk = (): FrameWalk =>
    new FrameWalk(directory, { segment, position: behind }, { maxPayloadBytes: maxRecordBytes, segments });
  return new RecordCursor({ walk, from, lastLsn, index });
}

function refuse(option: string, why: string): never {
  throw new WalError("WAL_INVALID_OPTION", `option ${option} ${why}`, { option });
}
