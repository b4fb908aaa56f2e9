import { ByteReader } from "../byte-reader.js";
import { compareBytes, copyBytes, MAX_KEY_BYTES, sharedPrefix } from "../internal-key.js";
import { MAX_VARINT_BYTES, writeVarint } from "../varint.js";
import { MAX_SEPARATOR_BYTES, MAX_TABLE_BYTES } from "./table-layout.js";

/** What an index says about one data block, besides the key that ends it. */
export interface IndexedBlock {
  /** Size of its frame, a multiple of 8. */
  readonly frameBytes: number;
  /** Chain of its frame: a CRC of the whole file up to there. */
  readonly chain: number;
  readonly entryCount: number;
  readonly minSeqno: number;
  readonly maxSeqno: number;
}

/**
 * Encodes the index of a table, block by block.
 *
 * ```
 * u32 blocks, then for each: varint shared with the key before, varint the rest's bytes, rest of the key,
 *   varint frame bytes / 8, u32 chain, varint entries, varint least seqno, varint greatest minus least seqno
 * ```
 */
export class TableIndexBuilder {
  #bytes = new Uint8Array(1024);
  #at = 4;
  #last: Uint8Array = new Uint8Array();
  blockCount = 0;
  /** Bytes of all keys, whole: what a reader keeps of them. */
  separatorBytes = 0;

  /** @param separator - at least the last user key of the block, and below the first of the next one unless both are the same; kept. */
  add(separator: Uint8Array, block: IndexedBlock): void {
    const needed = this.#at + separator.length + 7 * MAX_VARINT_BYTES;
    if (needed > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
      larger.set(this.#bytes.subarray(0, this.#at));
      this.#bytes = larger;
    }
    const bytes = this.#bytes;
    const shared = sharedPrefix(this.#last, 0, this.#last.length, separator, 0, separator.length);
    let at = writeVarint(bytes, this.#at, shared);
    at = writeVarint(bytes, at, separator.length - shared);
    copyBytes(bytes, at, separator, shared, separator.length);
    at = writeVarint(bytes, at + separator.length - shared, block.frameBytes / 8);
    new DataView(bytes.buffer).setUint32(at, block.chain, true);
    at = writeVarint(bytes, at + 4, block.entryCount);
    at = writeVarint(bytes, at, block.minSeqno);
    this.#at = writeVarint(bytes, at, block.maxSeqno - block.minSeqno);
    this.#last = separator;
    this.separatorBytes += separator.length;
    this.blockCount += 1;
  }

  /** The payload of the index frame. */
  finish(): Uint8Array {
    new DataView(this.#bytes.buffer).setUint32(0, this.blockCount, true);
    return this.#bytes.subarray(0, this.#at);
  }
}

/** Each block takes at least this much of an index, so a count is held against the bytes before columns are allocated for it. */
const LEAST_BYTES_PER_BLOCK = 10;

/**
 * The index of a table as columns: keys that end the blocks side by side in one arena, everything else in typed arrays. Finding the
 * block of a key allocates nothing.
 */
export class TableIndex {
  /** Data blocks of the table. */
  readonly blockCount: number;
  /** Entries of all blocks. */
  readonly entryCount: number;
  /** Where the frames of data blocks end, and whatever else there is begins. */
  readonly endOffset: number;
  /** Where the frame of each block begins, its size, its chain, and how many entries it has. */
  readonly offsets: Uint32Array;
  /** Size of the frame of each block. */
  readonly frameBytes: Uint32Array;
  /** Chain of each of these frames. */
  readonly chains: Uint32Array;
  /** Entries of each block. */
  readonly entryCounts: Uint32Array;
  /** Lowest seqno in each block. */
  readonly minSeqnos: Float64Array;
  /** Highest seqno in each block. */
  readonly maxSeqnos: Float64Array;
  readonly #keys: Uint8Array;
  readonly #keyStarts: Uint32Array;
  /** What all keys begin with is compared once, and the four bytes behind it as one number. */
  readonly #common: number;
  readonly #heads: Uint32Array;

  /**
   * @param payload - of the index frame; borrowed until the call returns.
   * @param dataStart - where the first data frame begins.
   * @throws LsmError `LSM_CORRUPT` with the offset in `payload`.
   */
  constructor(payload: Uint8Array, dataStart: number) {
    const reader = new ByteReader(payload, "an index");
    const count = reader.uint32("blocks");
    if (count * LEAST_BYTES_PER_BLOCK > reader.left) {
      throw reader.error("blocks", `are ${count}, more than there is room for`, 0);
    }
    this.blockCount = count;
    this.offsets = new Uint32Array(count);
    this.frameBytes = new Uint32Array(count);
    this.chains = new Uint32Array(count);
    this.entryCounts = new Uint32Array(count);
    this.minSeqnos = new Float64Array(count);
    this.maxSeqnos = new Float64Array(count);
    this.#keyStarts = new Uint32Array(count + 1);
    const keys = new KeyArena(reader);
    let offset = dataStart;
    let entries = 0;
    for (let block = 0; block < count; block++) {
      this.#keyStarts[block + 1] = keys.read();
      const at = reader.at;
      const frameBytes = reader.varint("frame bytes", MAX_TABLE_BYTES) * 8;
      this.offsets[block] = offset;
      this.frameBytes[block] = frameBytes;
      offset += frameBytes;
      if (offset > MAX_TABLE_BYTES) throw reader.error("frame bytes", "lead beyond the largest table", at);
      this.chains[block] = reader.uint32("chain");
      const entryCount = reader.varint("entries", 0xffff_ffff);
      if (entryCount === 0) throw reader.error("entries", "are none", at);
      this.entryCounts[block] = entryCount;
      entries += entryCount;
      const least = reader.varint("least seqno");
      this.minSeqnos[block] = least;
      this.maxSeqnos[block] = least + reader.varint("greatest seqno", Number.MAX_SAFE_INTEGER - least);
    }
    reader.finish();
    this.endOffset = offset;
    this.entryCount = entries;
    this.#keys = keys.finish();
    this.#common = this.#commonPrefix();
    this.#heads = new Uint32Array(count);
    for (let block = 0; block < count; block++) {
      this.#heads[block] = headOf(this.#keys, this.#keyStarts[block]! + this.#common, this.#keyStarts[block + 1]!);
    }
  }

  /** Bytes in memory. */
  get bytes(): number {
    return this.#keys.length + this.blockCount * 44;
  }

  /** A copy of the key that ends a block. */
  separator(block: number): Uint8Array {
    return new Uint8Array(this.#keys.subarray(this.#keyStarts[block], this.#keyStarts[block + 1]));
  }

  /** The first block whose end is not before `key`: where it is, if it is anywhere; `blockCount` when it is behind all blocks. */
  blockOf(key: Uint8Array): number {
    const count = this.blockCount;
    if (count === 0) return 0;
    const common = this.#common;
    if (common > 0) {
      const prefix = key.length < common ? key.length : common;
      const order = compareBytes(this.#keys, 0, common, key, 0, prefix);
      // Behind what all begin with: behind them all. Before it, or a prefix of it: before them all.
      if (order < 0) return count;
      if (order > 0) return 0;
    }
    const head = headOf(key, common, key.length);
    const heads = this.#heads;
    let low = 0;
    let high = count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const found = heads[middle]!; // below the count
      if (found < head || (found === head && this.compareEnd(middle, key) < 0)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Compares the key that ends a block with `key`. */
  compareEnd(block: number, key: Uint8Array): number {
    return compareBytes(this.#keys, this.#keyStarts[block]!, this.#keyStarts[block + 1]!, key, 0, key.length);
  }

  #commonPrefix(): number {
    if (this.blockCount === 0) return 0;
    const starts = this.#keyStarts;
    const last = this.blockCount - 1;
    // Keys ascend, so what the first and the last share all do.
    return sharedPrefix(this.#keys, 0, starts[1]!, this.#keys, starts[last]!, starts[last + 1]!);
  }
}

/** The first four bytes as a number that keeps their order; what is missing counts as 0, so equal numbers decide nothing. */
function headOf(bytes: Uint8Array, start: number, end: number): number {
  let head = 0;
  for (let at = start; at < start + 4; at++) head = (head << 8) | (at < end ? bytes[at]! : 0); // checked right here
  return head >>> 0;
}

/** Takes keys that share prefixes apart, one behind the other, and sees to it that they never descend. */
class KeyArena {
  readonly #reader: ByteReader;
  #bytes: Uint8Array;
  #start = 0;
  #end = 0;
  #isFirst = true;

  constructor(reader: ByteReader) {
    this.#reader = reader;
    this.#bytes = new Uint8Array(reader.left * 2);
  }

  /** Reads the next key and returns where it ends in the arena. */
  read(): number {
    const reader = this.#reader;
    const from = reader.at;
    const shared = reader.varint("shared bytes", MAX_KEY_BYTES);
    const rest = reader.varint("bytes of a key", MAX_KEY_BYTES);
    const previousBytes = this.#end - this.#start;
    if (shared > previousBytes) throw reader.error("shared bytes", `are ${shared} of ${previousBytes}`, from);
    if (shared + rest > MAX_KEY_BYTES) throw reader.error("bytes of a key", `are ${shared + rest}`, from);
    const at = reader.take(rest, "key");
    const start = this.#end;
    const end = start + shared + rest;
    if (end > MAX_SEPARATOR_BYTES) throw reader.error("keys", "take more than 256 MiB", from);
    if (end > this.#bytes.length) this.#enlarge(end);
    this.#bytes.copyWithin(start, this.#start, this.#start + shared);
    copyBytes(this.#bytes, start + shared, reader.bytes, at, at + rest);
    const order = compareBytes(this.#bytes, this.#start, this.#start + previousBytes, this.#bytes, start, end);
    if (!this.#isFirst && order > 0) throw reader.error("keys", "descend", from);
    this.#isFirst = false;
    this.#start = start;
    this.#end = end;
    return end;
  }

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#end);
  }

  #enlarge(needed: number): void {
    const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}
