import { readExactly, sizeOf, type ByteSource } from "./byte-source.js";
import { checkWhole } from "./option-check.js";

/**
 * The part of a source that is in memory. It moves to wherever a range is asked for and keeps what it has of it already, so
 * walking forward reads every byte once. Memory: the window, or one range where that is larger, and never more than the source
 * has from there on. Over bytes in memory the window is those bytes.
 */
export class ByteWindow {
  /** Holds the range that was asked for last. Another array may stand here after {@link ByteWindow.at}. */
  bytes: Uint8Array;
  /** Offsets in the source of the first byte in `bytes`, and of the end of what was read. */
  start = 0;
  /** Where what was read ends in the source, exclusive. */
  end: number;
  /** Where the source ends, exclusive. */
  readonly limit: number;
  readonly #source: ByteSource | undefined;

  constructor(source: ByteSource | Uint8Array, windowBytes: number, limit: number = sizeOf(source)) {
    checkWhole(windowBytes, "windowBytes", 64, Number.MAX_SAFE_INTEGER);
    const inMemory = source instanceof Uint8Array;
    this.limit = limit;
    this.bytes = inMemory ? source : new Uint8Array(Math.min(windowBytes, limit));
    this.end = inMemory ? limit : 0;
    this.#source = inMemory ? undefined : source;
  }

  /**
   * Makes `length` bytes from `offset` on available and returns where they begin in `bytes`. The caller has checked that they
   * lie before the limit.
   *
   * @throws {@link CodecError} `CODEC_SHORT_SOURCE`.
   */
  at(offset: number, length: number): number {
    if (offset < this.start || offset + length > this.end) this.#move(offset, length);
    return offset - this.start;
  }

  /** True when the range is available without a read. */
  holds(offset: number, length: number): boolean {
    return offset >= this.start && offset + length <= this.end;
  }

  #move(offset: number, length: number): void {
    const source = this.#source;
    if (source === undefined) throw new RangeError(`the range at ${offset} is not inside the bytes`);
    const old = this.bytes;
    const kept = offset >= this.start && offset < this.end ? this.end - offset : 0;
    const from = offset - this.start;
    if (length > old.length) this.bytes = new Uint8Array(length);
    const { bytes } = this;
    if (kept > 0) bytes.set(old.subarray(from, from + kept));
    const end = Math.min(offset + bytes.length, this.limit);
    // What is read is stated only once it is there: a source that throws leaves a window without a wrong byte.
    this.start = offset;
    this.end = offset + kept;
    readExactly(source, bytes.subarray(kept, end - offset), offset + kept);
    this.end = end;
  }
}
