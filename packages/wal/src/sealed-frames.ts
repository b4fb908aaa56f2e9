import type { Directory } from "@holdfast/fs-seam";
import { FrameCursor, frameKinds } from "@holdfast/segment-codec";
import { batchRecordEnd, batchRecordStart } from "./batch-payload.js";
import type { LogSegment } from "./segment-list.js";
import { nextFrame, openSegment, type SegmentSource } from "./segment-survey.js";
import { WalError } from "./wal-error.js";

const READ_BYTES = 64 * 1024;

/** A record where it lies, lent until the next frame. One object for all of a frame. */
export interface FramedRecord {
  /** Number of the record in its log. */
  lsn: number;
  /** What was read. */
  bytes: Uint8Array;
  /** Where the record begins in `bytes`. */
  start: number;
  /** Where it ends in `bytes`, exclusive. */
  end: number;
}

/**
 * The frames of one segment that count, each verified, up to where the log goes on elsewhere or, with `lastLsn`, up to that record.
 * What lies behind that is dead: a footer, or records that an open has written again to the segment that follows.
 */
export class SealedFrames {
  readonly cursor: FrameCursor;
  readonly #segment: LogSegment;
  readonly #source: SegmentSource;
  readonly #lastLsn: number;

  /** @param lastLsn - of a frame's last record; default the segment's last one. */
  constructor(directory: Directory, segment: LogSegment, maxPayloadBytes: number, lastLsn: number = segment.lastLsn) {
    this.#segment = segment;
    this.#lastLsn = lastLsn;
    this.#source = openSegment(directory, segment.file);
    this.cursor = new FrameCursor(this.#source, segment.header, { maxPayloadBytes });
  }

  /**
   * Moves to the next frame; false behind the last one that counts.
   *
   * @throws {@link WalError} `WAL_CORRUPT` with file and offset where frames should go on and do not.
   */
  next(): boolean {
    const { cursor } = this;
    if (this.isAtEnd) return false;
    if (nextFrame(cursor, this.#segment) && cursor.nextLsn <= this.#lastLsn + 1) return true;
    throw this.damage(`the log goes on to ${this.#lastLsn} there (${cursor.stop ?? "beyond"})`);
  }

  /** Whether the current frame is the last one that counts. */
  get isAtEnd(): boolean {
    const { nextLsn, chain } = this.cursor;
    if (nextLsn !== this.#lastLsn + 1) return false;
    const { isSealed, lastLsn, endChain } = this.#segment;
    return !isSealed || this.#lastLsn !== lastLsn || chain === endChain;
  }

  /** The records of the current frame. */
  *records(): Generator<Readonly<FramedRecord>, void, undefined> {
    const { kind, lsn, span, bytes, payloadStart, payloadEnd } = this.cursor;
    const record: FramedRecord = { lsn, bytes, start: payloadStart, end: payloadEnd };
    if (kind === frameKinds.record) yield record;
    if (kind !== frameKinds.batch) return;
    let at = payloadStart;
    for (let index = 0; index < span; index += 1) {
      const end = batchRecordEnd(bytes, at, payloadEnd);
      if (end < 0) throw this.damage("a record of the batch before runs past it");
      record.lsn = lsn + index;
      record.start = batchRecordStart(at);
      record.end = end;
      yield record;
      at = end;
    }
  }

  /**
   * Whether behind the last frame that counts lies anything but zeros, watermarks and footers: records that an open has written again to the next
   * segment, or what was cut off there. To be asked at the end, and only once.
   */
  hasDeadBytes(): boolean {
    const { cursor } = this;
    while (nextFrame(cursor, this.#segment)) {
      if (cursor.kind !== frameKinds.footer && cursor.kind !== frameKinds.watermark) return true;
    }
    const rest = new Uint8Array(READ_BYTES);
    for (let offset = cursor.endOffset; ; offset += rest.length) {
      const count = this.#source.readAt(rest, offset);
      if (rest.subarray(0, count).some((byte) => byte !== 0)) return true;
      if (count < rest.length) return false;
    }
  }

  /** What is wrong behind the current frame. */
  damage(why: string): WalError {
    const { file, segmentId } = this.#segment;
    const { endOffset: offset, nextLsn: lsn } = this.cursor;
    const message = `${file}: record ${lsn} at offset ${offset} cannot be read: ${why}`;
    return new WalError("WAL_CORRUPT", message, { file, segmentId, offset, lsn });
  }

  close(): void {
    this.#source.close();
  }
}
