import { crc32, readExactly, sourceOf, type ByteSource } from "@holdfast/segment-codec";
import { SidxError } from "./sidx-error.js";

/**
 * Blocks of a footer as the directory lists them, handed out only behind their checksum. Bytes in memory are looked at where
 * they are; of a source, the tail that was read to open the footer is kept, so a small footer costs one read altogether.
 */

/** Where a block lies and what its bytes have to add up to. */
export interface BlockPlace {
  /** Offset in the file. */
  readonly offset: number;
  readonly length: number;
  readonly crc: number;
}

export class BlockReader {
  readonly #source: ByteSource;
  /** What is in memory already: the end of the file, or all of it. */
  readonly #tail: Uint8Array;
  readonly #tailOffset: number;

  constructor(source: ByteSource | Uint8Array, tailBytes: number) {
    if (source instanceof Uint8Array) {
      this.#source = sourceOf(source);
      this.#tail = source;
    } else {
      this.#source = source;
      this.#tail = new Uint8Array(Math.min(source.sizeBytes, tailBytes));
      readExactly(source, this.#tail, source.sizeBytes - this.#tail.length);
    }
    this.#tailOffset = this.#source.sizeBytes - this.#tail.length;
  }

  get sizeBytes(): number {
    return this.#source.sizeBytes;
  }

  /**
   * Bytes of the file, lent or owned: nobody changes them. The caller has checked that the range lies inside the file and how
   * much memory it may cost.
   */
  view(offset: number, length: number): Uint8Array {
    const local = offset - this.#tailOffset;
    if (local >= 0) return this.#tail.subarray(local, local + length);
    const bytes = new Uint8Array(length);
    readExactly(this.#source, bytes, offset);
    return bytes;
  }

  /**
   * The bytes of a block.
   *
   * @throws {@link SidxError} `SIDX_CHECKSUM_MISMATCH` when they are damaged.
   */
  viewBlock(place: BlockPlace, what: string): Uint8Array {
    const bytes = this.view(place.offset, place.length);
    const actual = crc32(bytes);
    if (actual === place.crc) return bytes;
    throw new SidxError("SIDX_CHECKSUM_MISMATCH", `a block of ${what} at ${place.offset} is damaged`, {
      offset: place.offset,
      expected: place.crc,
      actual,
      field: what,
    });
  }
}
