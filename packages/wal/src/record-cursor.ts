import type { Directory } from "@holdfast/fs-seam";
import { frameKinds, type FrameCursor } from "@holdfast/segment-codec";
import { batchRecordEnd, batchRecordStart } from "./batch-payload.js";
import { FrameWalk } from "./frame-walk.js";
import { SparseIndex } from "./sparse-index.js";
import { isReplaced, type SoundSegment } from "./segment-survey.js";
import { WalError } from "./wal-error.js";

const MARK_BYTES = 1024 * 1024;

/** Frames in the order of the log, verified, from wherever it goes on. */
export interface FrameSource {
  /** The current frame. */
  readonly cursor: FrameCursor;
  /** What it lies in. */
  readonly segment: Pick<SoundSegment, "file" | "header">;
  /** LSN that is due behind the current frame. */
  readonly nextLsn: number;
  /** Moves to the next frame; false where none follows. */
  next(): boolean;
  close(): void;
}

interface ReadRange {
  /** LSN of the first record wanted. */
  readonly from: number;
  /** Last LSN that is there: a log that ends before it is damaged. */
  readonly lastLsn: number;
  /** Where reading may begin, and what is learnt of that on the way. */
  readonly index: SparseIndex;
  /** Called once by `close`. */
  readonly onClose?: (cursor: RecordCursor) => void;
}

export interface RecordCursorOptions extends ReadRange {
  /** Begins a walk at or before that record; the walk is the cursor's from then on. */
  readonly walk: (from: number) => FrameSource;
  /** The same after a new look, for a reader beside a writer that replaces files while they are read. */
  readonly walkAnew?: ((from: number) => FrameSource) | undefined;
}

export interface SegmentRange extends ReadRange {
  readonly directory: Directory;
  /** Segments that count, by ascending id; not empty. */
  readonly live: readonly SoundSegment[];
  readonly maxPayloadBytes: number;
  /** Looks at the directory anew: for a reader beside a writer that replaces segments while they are read. */
  readonly lookAgain?: () => readonly SoundSegment[];
}

/**
 * Reads records from the segments of a log.
 *
 * @throws {@link WalError} `WAL_PRUNED` when `from` lies before the first record that is kept.
 */
export function openRecordCursor({
  directory,
  live,
  maxPayloadBytes,
  lookAgain,
  ...range
}: SegmentRange): RecordCursor {
  const walkOver = (segments: readonly SoundSegment[], from: number, index: SparseIndex): FrameWalk => {
    const first = segments[0] as SoundSegment; // not empty
    if (from < first.header.baseLsn) throw prunedFailure(from, first.header.baseLsn);
    const at = segments.findLastIndex(({ header }) => header.baseLsn <= from); // that of the first one, if no other
    const segment = segments[at] as SoundSegment;
    const position = index.before(segment.header.segmentId, from);
    const start = position === undefined ? { segment } : { segment, position };
    // Nothing leads back, and a follower at the end of a long log begins again and again.
    return new FrameWalk(directory, start, { maxPayloadBytes, segments: segments.slice(at) });
  };
  // Places of a segment that retention has written again lead nowhere in its new file.
  const walkAnew = lookAgain && ((from: number): FrameWalk => walkOver(lookAgain(), from, new SparseIndex()));
  return new RecordCursor({ ...range, walk: (from) => walkOver(live, from, range.index), walkAnew });
}

export function prunedFailure(lsn: number, expected: number): WalError {
  return new WalError("WAL_PRUNED", `LSN ${lsn} has been pruned; the log begins with ${expected}`, { lsn, expected });
}

/**
 * Reads records forward, one at a time and verified, from segment to segment. `next()` puts one into fields, without garbage;
 * its bytes are lent until the next call.
 */
export class RecordCursor {
  lsn = 0;
  bytes: Uint8Array = new Uint8Array();
  start = 0;
  end = 0;
  readonly #lastLsn: number;
  readonly #walkAnew: RecordCursorOptions["walkAnew"];
  #from: number;
  #walk: FrameSource;
  readonly #index: SparseIndex;
  #onClose: ((cursor: RecordCursor) => void) | undefined;
  /** The record that was looked for twice. */
  #missedLsn = 0;
  /** Inside a batch: LSN of its next record, and where it begins. */
  #batchAt = 0;
  #batchNext = 0;
  #batchLast = -1;
  /** Offset from which the next place is offered to the index. A new segment begins below it, and offers late: no harm. */
  #nextMark = MARK_BYTES;

  constructor({ walk, walkAnew, from, lastLsn, index, onClose }: RecordCursorOptions) {
    this.#walkAnew = walkAnew;
    this.#index = index;
    this.#onClose = onClose;
    this.#from = from;
    this.#lastLsn = lastLsn;
    this.#walk = this.#unlessReplaced(() => walk(from)) ?? this.#beginAnew();
  }

  /**
   * Moves to the next record; false behind the last one.
   *
   * @throws {@link WalError} `WAL_CORRUPT` when records that should be there cannot be read.
   */
  next(): boolean {
    for (;;) {
      if (this.#batchNext <= this.#batchLast) {
        this.#takeFromBatch();
      } else {
        if (this.#walk.nextLsn > this.#lastLsn) return false;
        if (!this.#nextFrame()) throw this.#damage();
        this.#remember();
        if (!this.#takeFrame()) continue;
      }
      if (this.lsn >= this.#from) return this.lsn <= this.#lastLsn;
    }
  }

  /** The record's bytes, lent until the next call. */
  view(): Uint8Array {
    return this.bytes.subarray(this.start, this.end);
  }

  /** Offset in the file of the beginning of `bytes`. What lies in `bytes` stays as it is as long as this does. */
  get bytesOffset(): number {
    const { cursor } = this.#walk;
    return cursor.offset - cursor.payloadStart;
  }

  /** Segment and offset of the frame that holds the record, and of what follows that frame. */
  get segmentId(): number {
    return this.#walk.segment.header.segmentId;
  }

  get offset(): number {
    return this.#walk.cursor.offset;
  }

  get endOffset(): number {
    return this.#walk.cursor.endOffset;
  }

  /** LSN of that frame's first record, how many it holds, and its chain. */
  get frameLsn(): number {
    return this.#walk.cursor.lsn;
  }

  get span(): number {
    return this.#walk.cursor.span;
  }

  get chain(): number {
    return this.#walk.cursor.chain;
  }

  /** LSN of the next record that will be asked for: nothing from there on may be pruned. */
  get neededFrom(): number {
    return Math.max(this.#from, this.lsn + 1);
  }

  close(): void {
    this.#walk.close();
    this.#onClose?.(this);
    this.#onClose = undefined;
  }

  #nextFrame(): boolean {
    if (this.#walkAnew === undefined) return this.#walk.next();
    const moved = this.#unlessReplaced(() => this.#walk.next());
    const { nextLsn } = this.#walk;
    if (moved || (moved === false && nextLsn === this.#missedLsn)) return moved;
    if (moved === false) this.#missedLsn = nextLsn;
    this.#walk.close();
    this.#from = Math.max(this.#from, this.#walk.nextLsn);
    this.#walk = this.#beginAnew();
    return this.#nextFrame();
  }

  /** What `action` returns; undefined when a segment is gone that was there at the last look, or has become shorter. */
  #unlessReplaced<T>(action: () => T): T | undefined {
    try {
      return action();
    } catch (error) {
      if (this.#walkAnew === undefined || !isReplaced(error)) throw error;
      return undefined;
    }
  }

  /** Each look that was in vain was outrun by an open. */
  #beginAnew(): FrameSource {
    for (;;) {
      const walk = this.#unlessReplaced(() => this.#walkAnew?.(this.#from));
      if (walk !== undefined) return walk;
    }
  }

  #remember(): void {
    const { cursor } = this.#walk;
    if (cursor.endOffset < this.#nextMark) return;
    const { segment } = this.#walk;
    const { endOffset: offset, nextLsn, chain } = cursor;
    this.#index.add(segment.header.segmentId, { offset, nextLsn, chain });
    this.#nextMark = offset + MARK_BYTES;
  }

  /** False for a frame that holds no record of the caller's. */
  #takeFrame(): boolean {
    const { cursor } = this.#walk;
    if (cursor.kind === frameKinds.record) {
      this.lsn = cursor.lsn;
      this.bytes = cursor.bytes;
      this.start = cursor.payloadStart;
      this.end = cursor.payloadEnd;
      return true;
    }
    if (cursor.kind !== frameKinds.batch || cursor.span === 0) return false;
    this.#batchAt = cursor.payloadStart;
    this.#batchNext = cursor.lsn;
    this.#batchLast = cursor.lsn + cursor.span - 1;
    this.#takeFromBatch();
    return true;
  }

  #takeFromBatch(): void {
    const { cursor } = this.#walk;
    const end = batchRecordEnd(cursor.bytes, this.#batchAt, cursor.payloadEnd);
    if (end < 0) throw this.#badBatch("a record of a batch runs past the batch", this.#batchAt);
    this.lsn = this.#batchNext;
    this.bytes = cursor.bytes;
    this.start = batchRecordStart(this.#batchAt);
    this.end = end;
    if (this.lsn === this.#batchLast && end !== cursor.payloadEnd) {
      throw this.#badBatch("bytes follow the last record of a batch", end);
    }
    this.#batchAt = end;
    this.#batchNext += 1;
  }

  /** Sound checksums over bytes that no encoder writes; `at` is where the batch could not go on, in its payload. */
  #badBatch(message: string, at: number): WalError {
    const { cursor, segment } = this.#walk;
    const { offset, payloadStart, payloadEnd } = cursor;
    return new WalError("WAL_CORRUPT", message, {
      file: segment.file,
      segmentId: segment.header.segmentId,
      offset,
      lsn: this.#batchNext,
      expected: payloadEnd - payloadStart,
      actual: at - payloadStart,
    });
  }

  #damage(): WalError {
    const { segment, cursor } = this.#walk;
    const { endOffset: offset, nextLsn: lsn, stop } = cursor;
    const message = `${segment.file}: record ${lsn} at offset ${offset} cannot be read (${stop}); the log goes on to ${this.#lastLsn}`;
    const context = { file: segment.file, segmentId: segment.header.segmentId, offset, lsn };
    return new WalError("WAL_CORRUPT", message, context);
  }
}
