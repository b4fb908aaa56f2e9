import { FRAME_HEADER_BYTES, SEGMENT_HEADER_BYTES, frameKinds } from "@holdfast/segment-codec";
import { FrameView } from "@holdfast/segment-codec/frame-view";
import { batchRecordEnd, batchRecordStart } from "./batch-payload.js";
import type { LogSegment } from "./segment-list.js";
import { WalError, type WalErrorContext } from "./wal-error.js";

/**
 * Finds one record from the frame before it, in whatever bytes it is given: it says what to read, and looks at what was read. So
 * reading may block or wait, and this does neither.
 *
 * Frames on the way are taken by their headers. The one with the record is verified whole, and its chain continues what the
 * frame before states as its own: damage there refuses a sound record, and never passes a damaged one.
 */
export class FrameSearch {
  /** What to read next: at least {@link needBytes} from this offset, unless the file ends. */
  needOffset = 0;
  needBytes = 0;
  /** Offset of the frame that holds the record, and of what follows it. */
  offset = 0;
  endOffset = 0;
  /** LSN of the frame's first record, and how many it holds. */
  frameLsn = 0;
  span = 0;
  /** Whether it is a batch, in which a length comes before each record. */
  isBatch = false;
  /** Where the record begins and ends in the bytes that were read last. */
  start = 0;
  end = 0;
  /** Where the payload of its frame does; of a record that is no batch, the same. */
  payloadStart = 0;
  payloadEnd = 0;
  /** Chain of that frame. */
  chain = 0;
  readonly #view = new FrameView();
  #segment: LogSegment | undefined = undefined;
  #lsn = 0;
  #maxRecordBytes = 0;
  /** Chain and LSN due at `offset`; undefined before the first frame. */
  #seed: number | undefined = undefined;
  #dueLsn: number | undefined = undefined;

  begin(segment: LogSegment, fromOffset: number, lsn: number, maxRecordBytes: number): void {
    if (!Number.isSafeInteger(fromOffset) || fromOffset < SEGMENT_HEADER_BYTES || fromOffset % 8 !== 0) {
      throw new RangeError(`fromOffset must be a multiple of 8 from 64 on, not ${String(fromOffset)}`);
    }
    if (segment.isSealed && lsn > segment.lastLsn) {
      const message = `segment ${segment.segmentId} ends with LSN ${segment.lastLsn}, ${lsn} is behind it`;
      throw new WalError("WAL_LSN_OUT_OF_RANGE", message, {
        segmentId: segment.segmentId,
        lsn,
        expected: segment.lastLsn,
      });
    }
    this.#segment = segment;
    this.#lsn = lsn;
    this.#maxRecordBytes = maxRecordBytes;
    const isFirst = fromOffset === SEGMENT_HEADER_BYTES;
    this.#seed = isFirst ? segment.header.crc : undefined;
    this.#dueLsn = isFirst ? segment.baseLsn : undefined;
    this.offset = fromOffset;
    this.needOffset = fromOffset;
    this.needBytes = FRAME_HEADER_BYTES;
  }

  /**
   * Looks at what was read: `count` bytes from {@link needOffset} on. True once the record is found and verified; false when more
   * has to be read.
   *
   * @throws {@link WalError} `WAL_CORRUPT` with file and offset; `WAL_LSN_OUT_OF_RANGE` when the record lies before the place, or
   * in the frame there, which nothing before it vouches for; `WAL_RECORD_TOO_LARGE`.
   */
  look(bytes: Uint8Array, count: number): boolean {
    if (count < this.needBytes) throw this.#damage("the file ends there");
    const view = this.#view;
    const { header } = this.#segment as LogSegment; // begun
    for (;;) {
      const local = this.offset - this.needOffset;
      if (count - local < FRAME_HEADER_BYTES) return this.#ask(FRAME_HEADER_BYTES);
      if (!view.load(bytes, local, header)) throw this.#damage("no frame of this segment begins there");
      if (this.#dueLsn !== undefined && view.lsn !== this.#dueLsn) throw this.#damage(`it holds LSN ${view.lsn}`);
      if (view.lsn > this.#lsn) throw this.#outOfRange();
      if (this.#lsn < view.lsn + view.span) {
        if (this.#seed === undefined) throw this.#outOfRange();
        if (view.payloadBytes > this.#maxRecordBytes) throw this.#tooLarge();
        if (count - local < view.bytes) return this.#ask(view.bytes);
        if (!view.isWhole(bytes, this.#seed)) throw this.#damage("its checksum fails");
        this.#take(bytes, local);
        return true;
      }
      this.#seed = view.chain;
      this.#dueLsn = view.lsn + view.span;
      this.offset += view.bytes;
    }
  }

  #take(bytes: Uint8Array, local: number): void {
    const { lsn, span, kind, payloadBytes } = this.#view;
    this.frameLsn = lsn;
    this.chain = this.#view.chain;
    this.span = span;
    this.endOffset = this.offset + this.#view.bytes;
    this.start = local + FRAME_HEADER_BYTES;
    this.end = this.start + payloadBytes;
    this.payloadStart = this.start;
    this.payloadEnd = this.end;
    this.isBatch = kind === frameKinds.batch;
    if (kind === frameKinds.record) return;
    if (kind !== frameKinds.batch) throw this.#damage(`its kind is ${kind}`);
    const { payloadEnd } = this;
    let at = this.start;
    for (let left = this.#lsn - lsn; left > 0 && at >= 0; left -= 1) at = batchRecordEnd(bytes, at, payloadEnd);
    const end = at < 0 ? at : batchRecordEnd(bytes, at, payloadEnd);
    if (end < 0) throw this.#damage("a record of a batch runs past the batch");
    this.start = batchRecordStart(at);
    this.end = end;
  }

  #ask(bytes: number): false {
    this.needOffset = this.offset;
    this.needBytes = bytes;
    return false;
  }

  #context(): WalErrorContext {
    const { file, segmentId } = this.#segment as LogSegment; // begun
    return { file, segmentId, offset: this.offset, lsn: this.#lsn };
  }

  #damage(why: string): WalError {
    const { file } = this.#segment as LogSegment; // begun
    const message = `${file}: record ${this.#lsn} cannot be read: the frame at offset ${this.offset} is damaged (${why})`;
    return new WalError("WAL_CORRUPT", message, this.#context());
  }

  #outOfRange(): WalError {
    const message = `record ${this.#lsn} is to be looked for from a frame before its own; the one at ${this.offset} begins with LSN ${this.#view.lsn}`;
    return new WalError("WAL_LSN_OUT_OF_RANGE", message, { ...this.#context(), actual: this.#view.lsn });
  }

  #tooLarge(): WalError {
    const { payloadBytes } = this.#view;
    const message = `record ${this.#lsn} is in a frame of ${payloadBytes} bytes, maxRecordBytes is ${this.#maxRecordBytes}`;
    return new WalError("WAL_RECORD_TOO_LARGE", message, {
      ...this.#context(),
      expected: this.#maxRecordBytes,
      actual: payloadBytes,
    });
  }
}
