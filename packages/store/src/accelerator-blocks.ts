import type { ByteSource } from "@holdfast/segment-codec";
import { crc32 } from "@holdfast/segment-codec";
import * as at from "./accelerator-layout.js";

/** Where a file ceases to be an accelerator, and why. */
export class AcceleratorFault extends Error {
  readonly offset: number;
  /** Of a later version, for all that can be known, and not damaged. */
  readonly isUnsupported: boolean;

  constructor(offset: number, why: string, isUnsupported = false) {
    super(why);
    this.offset = offset;
    this.isUnsupported = isUnsupported;
  }
}

/** What the header says. */
export interface AcceleratorHeader {
  /** 16 bytes. */
  readonly logId: Uint8Array;
  readonly counts: at.AcceleratorCounts;
}

/**
 * Reads a file block by block. Nothing in it is believed before its checksum holds, and no count before the file is found to be as long as it
 * asks for. Memory: the longest block.
 *
 * Every method throws {@link AcceleratorFault}, and what the source throws.
 */
export class AcceleratorBlocks {
  readonly #source: ByteSource;
  #offset = 0;
  #blocks = 0;
  #fileCrc = 0;
  /** What a block is read into, grown to the longest one. */
  #buffer = new Uint8Array();

  constructor(source: ByteSource) {
    this.#source = source;
  }

  /** Where the next block begins. */
  get offset(): number {
    return this.#offset;
  }

  /** Comes first. */
  readHeader(): AcceleratorHeader {
    const bytes = this.#read(at.HEADER_BYTES, 0);
    const view = at.viewOf(bytes);
    const crc = view.getUint32(at.headerAt.crc, true);
    if (at.MAGIC.some((byte, place) => bytes[place] !== byte)) {
      throw new AcceleratorFault(0, "it is none of this version", crc === crc32(bytes, 0, at.headerAt.crc));
    }
    if (crc !== crc32(bytes, 0, at.headerAt.crc)) throw damaged(at.headerAt.crc, "header");
    const count = (offset: number): number => view.getUint32(offset, true);
    const counts = {
      events: Number(view.getBigUint64(at.headerAt.events, true)),
      segments: count(at.headerAt.segments),
      streams: count(at.headerAt.streams),
      entities: count(at.headerAt.entities),
      scopes: count(at.headerAt.scopes),
    };
    // No item takes less, so that nothing is allocated that the file has no bytes for.
    const least =
      counts.events * at.ID_ENTRY_BYTES +
      counts.segments * at.SEGMENT_BYTES +
      counts.streams * at.STREAM_BYTES +
      2 * (counts.entities + counts.scopes);
    if (least > this.#source.sizeBytes) throw damaged(at.headerAt.events, "header");
    this.#fileCrc = crc;
    return { logId: bytes.slice(at.headerAt.logId, at.headerAt.events), counts };
  }

  /** The content of the next block, lent until the next call. It begins at a multiple of 8 of its buffer. */
  readBlock(): Uint8Array {
    const start = this.#offset;
    const header = this.#read(at.BLOCK_HEADER_BYTES, start).slice();
    const view = at.viewOf(header);
    const length = view.getUint32(0, true);
    if (length > at.MAX_BLOCK_BYTES) throw damaged(start, "block");
    const content = this.#read(length, start);
    const isOwn = view.getUint32(4, true) === this.#blocks && view.getUint32(8, true) === this.#fileCrc;
    if (!isOwn || view.getUint32(12, true) !== at.blockCrc(header, content)) throw damaged(start, "block");
    this.#blocks += 1;
    return content;
  }

  readSegments({ segments }: at.AcceleratorCounts): at.AcceleratedSegment[] {
    return [...at.parts(segments, at.SEGMENTS_PER_BLOCK)].flatMap(([, count]) => {
      const start = this.#offset;
      const bytes = this.readBlock();
      if (bytes.length !== count * at.SEGMENT_BYTES) throw damaged(start, "list of segments");
      return Array.from({ length: count }, (_, place) => at.segmentAt(bytes, place));
    });
  }

  /** Demands that nothing follows. */
  finish(): void {
    if (this.#offset !== this.#source.sizeBytes) throw damaged(this.#offset, "end");
  }

  /** @param start - of what it is a part of. */
  #read(length: number, start: number): Uint8Array {
    const offset = this.#offset;
    if (offset + length > this.#source.sizeBytes) throw damaged(start, "end");
    if (length > this.#buffer.length) this.#buffer = new Uint8Array(length);
    const bytes = this.#buffer.subarray(0, length);
    if (this.#source.readAt(bytes, offset) !== length) throw damaged(start, "end");
    this.#offset += length;
    return bytes;
  }
}

/** The fault of a part of the file. */
export function damaged(offset: number, what: string): AcceleratorFault {
  return new AcceleratorFault(offset, `its ${what} is damaged`);
}
