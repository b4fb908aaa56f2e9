import { isFsError } from "@holdfast/fs-seam";
import { FRAME_HEADER_BYTES, frameKinds, type FrameEncoder, type SegmentHeader } from "@holdfast/segment-codec";
import type { OpenSegment } from "./log-writer.js";

/**
 * What the owner of a log puts at the end of a segment: derived data, such as an index of its records, in a last frame of kind
 * `footer`. The next segment continues from the boundary before that frame, so no reader and no recovery depends on it, damaged,
 * torn or missing; whoever wants it looks for it from the end of the file.
 *
 * Crash windows, in a rotation between the header of the next segment and the barrier that covers both, at a close between the last
 * barrier of the records and the one of the footer:
 *
 * - Nothing of the footer is there: a segment without one.
 * - Any of its blocks is missing, or the zeros ahead are not yet cut off: bytes that are no frame, or zeros behind it. A
 *   segment without a footer that can be found.
 * - At a close the footer is what states as durable the records before it, in place of a watermark. Without it the next open writes
 *   some of them once more, as behind a kill.
 *
 * The cut comes before the barrier: a footer that is durable is at the very end of its file.
 */

/** A segment that takes no more records, and what a footer has to say of it to be believed. */
export interface SealedSegment {
  /** Name in the log's directory. */
  readonly file: string;
  /** Number of the segment in its log. */
  readonly segmentId: number;
  /** Who the segment is. */
  readonly header: SegmentHeader;
  /** LSNs of its first and last record. */
  readonly baseLsn: number;
  /** LSN of its last record. */
  readonly lastLsn: number;
  /** Where its frames end. Bytes from the beginning of the file. */
  readonly coveredBytes: number;
  /** CRC of its header. */
  readonly segmentCrc: number;
  /** Chain of its last frame. */
  readonly chain: number;
  /** Bytes to leave free before the footer, for the header of its frame. */
  readonly reserveBytes: number;
  /** Bytes of the longest footer that is taken, without those: `maxRecordBytes`. */
  readonly maxBytes: number;
}

/**
 * Makes the footer of a segment: `reserveBytes` free bytes, and behind them the footer, whose length has to be a multiple of 8.
 * Undefined for none. The bytes are the log's from then on.
 */
export type FooterOf = (sealed: SealedSegment) => Uint8Array | undefined;

/** What a log does to the end of a segment. */
export interface FooterWriter {
  /**
   * @internal Writes the footer of a segment whose frames are all written; false when it stays without.
   *
   * @param encoder - of that segment; nothing may be encoded with it afterwards.
   * @param maxBytes - of the longest footer.
   * @throws what the file system says, unless the disk is full.
   */
  write(open: OpenSegment, encoder: FrameEncoder, maxBytes: number): boolean;
}

const footerMeta = { kind: frameKinds.footer, flags: 0, span: 0 } as const;

/** Footers for the segments of one log, an option of `openWal`; counts what became of them. */
export class SegmentFooters implements FooterWriter {
  /** Footers that are in their segments. */
  written = 0;
  /** Those that `footerOf` could not make, and those that the disk had no room for. */
  leftOut = 0;
  /** Why the last of them was. */
  problem: unknown = undefined;
  readonly #footerOf: FooterOf;

  /**
   * @param footerOf - called when a segment takes no more records: during the append that began the next one, and by `close`.
   * Whatever it throws leaves a segment without a footer, which is as good a segment.
   */
  constructor(footerOf: FooterOf) {
    if (typeof footerOf !== "function") throw new TypeError("footerOf must be a function");
    this.#footerOf = footerOf;
  }

  /** @internal */
  write(open: OpenSegment, encoder: FrameEncoder, maxBytes: number): boolean {
    const { handle, writtenBytes } = open;
    let bytes: Uint8Array | undefined;
    try {
      bytes = this.#encode(open, encoder, maxBytes);
    } catch (error) {
      return this.#leaveOut(error); // the caller's own, and no word about the log
    }
    if (bytes === undefined) return false;
    try {
      handle.writeAt(bytes, writtenBytes);
    } catch (error) {
      if (!isFsError(error, "FS_NO_SPACE") && !isFsError(error, "FS_QUOTA_EXCEEDED")) throw error;
      handle.truncate(writtenBytes); // a part of it may be there
      open.allocatedBytes = writtenBytes;
      return this.#leaveOut(error);
    }
    open.writtenBytes += bytes.length;
    if (open.allocatedBytes > open.writtenBytes) handle.truncate(open.writtenBytes);
    open.allocatedBytes = open.writtenBytes;
    this.written += 1;
    return true;
  }

  #encode(
    { segment, writtenBytes: coveredBytes }: OpenSegment,
    encoder: FrameEncoder,
    maxBytes: number,
  ): Uint8Array | undefined {
    const { file, header } = segment;
    const { segmentId, baseLsn, crc: segmentCrc } = header;
    const { chain } = encoder;
    const lastLsn = encoder.nextLsn - 1;
    const covers = { coveredBytes, segmentCrc, chain, reserveBytes: FRAME_HEADER_BYTES };
    const bytes = this.#footerOf({ file, segmentId, header, baseLsn, lastLsn, ...covers, maxBytes });
    if (bytes === undefined) return undefined;
    const payloadBytes = bytes.length - FRAME_HEADER_BYTES;
    if (payloadBytes > maxBytes) throw new RangeError(`a footer of ${payloadBytes} bytes is above maxRecordBytes`);
    // Bytes that are no multiple of 8 have no room for their padding, and are refused.
    encoder.seal(bytes, 0, payloadBytes, footerMeta);
    return bytes;
  }

  #leaveOut(error: unknown): false {
    this.leftOut += 1;
    this.problem = error;
    return false;
  }
}
