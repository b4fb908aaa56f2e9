import { compareBytes, copyBytes } from "./internal-key.js";

/** Arenas are chunks of this size, which are used again; what is larger than {@link OWN_CHUNK_BYTES} gets one of its own, which is not. */
const CHUNK_BYTES = 0x10_0000;
const OWN_CHUNK_BYTES = 0x4_0000;

/**
 * What is known of an entry lies in one row, so that whoever looks at it in an order that is not that of the writes waits for memory once:
 *
 * ```
 * 0  chunk            4  seqno, a float of 64 bits
 * 1  start of the key 6  the version before it, plus one; 0 where there is none
 * 2  see below        7  a version further back, plus one: see `versionUpTo`
 * 3  bytes of the value
 * ```
 *
 * Word 2 has the bytes of the key in its lower half, and above them the kind and, in the highest byte, what lies between key and value: in a record of the log
 * that is the value's length.
 */
const ROW_WORDS = 8;
const SEQNO_AT = 2; // in floats, of which a row is four
const KIND_SHIFT = 16;
const GAP_SHIFT = 24;

const nothing = new Uint8Array();

/** Bytes of a row, and of how many versions there are before an entry. */
const ENTRY_BYTES = ROW_WORDS * 4 + 4;

/**
 * The entries of a memtable by number, in the order in which they came: keys and values in chunks that never move, everything else in
 * typed arrays. Nothing is changed or removed before all of it is, so a reader needs no copy.
 */
export class MemtableEntries {
  count = 0;
  /** Bytes of all chunks. */
  arenaBytes = 0;
  #chunks: Uint8Array[] = [];
  /** Chunks that wait to be used again: here, or by whoever shares the list. */
  readonly #freeChunks: Uint8Array[];
  /** The chunk that is filled, and how much of it is used. */
  #chunk: Uint8Array = nothing;
  #chunkId = -1;
  #used = 0;
  /** The chunk that bytes were kept in last. */
  #kept: Uint8Array = nothing;
  #keptId = -1;
  #rows: Int32Array;
  /** The same memory. */
  #seqnos: Float64Array;
  /** How many versions there are before an entry. */
  #depths: Uint32Array;

  constructor(expectedEntries: number, freeChunks: Uint8Array[] = []) {
    this.#freeChunks = freeChunks;
    const capacity = Math.max(16, expectedEntries);
    this.#rows = new Int32Array(capacity * ROW_WORDS);
    this.#seqnos = new Float64Array(this.#rows.buffer);
    this.#depths = new Uint32Array(capacity);
  }

  /** Bytes in memory. */
  get bytes(): number {
    return this.arenaBytes + this.#depths.length * ENTRY_BYTES;
  }

  /** Copies `source[start, end)` and returns where it lies in a chunk: {@link kept}, until the next call. */
  keep(source: Uint8Array, start: number, end: number): number {
    const at = this.#room(end - start);
    copyBytes(this.#kept, at, source, start, end);
    return at;
  }

  /** The same with key and value of one entry, the one behind the other. */
  keepPair(
    keySource: Uint8Array,
    keyStart: number,
    keyEnd: number,
    valueSource: Uint8Array,
    valueStart: number,
    valueEnd: number,
  ): number {
    const keyBytes = keyEnd - keyStart;
    const at = this.#room(keyBytes + valueEnd - valueStart);
    copyBytes(this.#kept, at, keySource, keyStart, keyEnd);
    copyBytes(this.#kept, at + keyBytes, valueSource, valueStart, valueEnd);
    return at;
  }

  get kept(): Uint8Array {
    return this.#kept;
  }

  /** Adds an entry that lies in {@link kept}, its value at most 255 bytes behind the key, and returns its number. The caller has checked all ranges. */
  add(kind: number, seqno: number, keyStart: number, keyEnd: number, valueStart: number, valueEnd: number): number {
    const id = this.count;
    if (id === this.#depths.length) this.#grow();
    const rows = this.#rows;
    const row = id * ROW_WORDS;
    rows[row] = this.#keptId;
    rows[row + 1] = keyStart;
    rows[row + 2] = (keyEnd - keyStart) | (kind << KIND_SHIFT) | ((valueStart - keyEnd) << GAP_SHIFT);
    rows[row + 3] = valueEnd - valueStart;
    this.#seqnos[id * (ROW_WORDS / 2) + SEQNO_AT] = seqno;
    rows[row + 6] = 0;
    rows[row + 7] = 0;
    this.#depths[id] = 0;
    this.count = id + 1;
    return id;
  }

  // Every id below comes from `add`, or from rows, so it is below the count: that makes the assertions true.

  chunk(id: number): Uint8Array {
    return this.#chunks[this.#rows[id * ROW_WORDS]!]!;
  }

  keyStart(id: number): number {
    return this.#rows[id * ROW_WORDS + 1]!;
  }

  keyBytes(id: number): number {
    return this.#rows[id * ROW_WORDS + 2]! & 0xffff;
  }

  valueStart(id: number): number {
    return this.keyStart(id) + this.keyBytes(id) + (this.#rows[id * ROW_WORDS + 2]! >>> GAP_SHIFT);
  }

  valueBytes(id: number): number {
    return this.#rows[id * ROW_WORDS + 3]!;
  }

  seqno(id: number): number {
    return this.#seqnos[id * (ROW_WORDS / 2) + SEQNO_AT]!;
  }

  kind(id: number): number {
    return (this.#rows[id * ROW_WORDS + 2]! >>> KIND_SHIFT) & 0xff;
  }

  /**
   * The newest version of the same key up to `seqno`, from this one on, or -1. Versions form a list in which each also knows one further
   * back, chosen so that any of n is reached in some log n steps (Myers, "An applicative random-access stack", 1983).
   */
  versionUpTo(id: number, seqno: number): number {
    let at = id;
    while (at >= 0 && this.seqno(at) > seqno) {
      const jump = this.#jump(at);
      at = jump >= 0 && this.seqno(jump) > seqno ? jump : this.#rows[at * ROW_WORDS + 6]! - 1;
    }
    return at;
  }

  /** Makes `previous` the version before the newest one, `id`. */
  link(id: number, previous: number): void {
    const jump = this.#jump(previous);
    const beyond = jump < 0 ? -1 : this.#jump(jump);
    const depth = this.#depths[previous]!;
    const middle = jump < 0 ? 0 : this.#depths[jump]!;
    // Two jumps of one length become one of more than twice that.
    const isPair = beyond >= 0 && depth - middle === middle - this.#depths[beyond]!;
    this.#depths[id] = depth + 1;
    this.#rows[id * ROW_WORDS + 6] = previous + 1;
    this.#rows[id * ROW_WORDS + 7] = (isPair ? beyond : previous) + 1;
  }

  /** Compares the user key of an entry with a range. */
  compareKey(id: number, key: Uint8Array, start: number, end: number): number {
    const from = this.keyStart(id);
    return compareBytes(this.chunk(id), from, from + this.keyBytes(id), key, start, end);
  }

  /** Compares two entries in internal order. */
  compare(a: number, b: number): number {
    const from = this.keyStart(b);
    const order = this.compareKey(a, this.chunk(b), from, from + this.keyBytes(b));
    return order !== 0 ? order : this.seqno(b) - this.seqno(a);
  }

  /** The version that a search from here may go on with, or -1. */
  #jump(id: number): number {
    return this.#rows[id * ROW_WORDS + 7]! - 1;
  }

  /** Forgets all entries, whose chunks are for others from here on; rows stay for entries that come. */
  reset(): void {
    this.#freeChunks.push(...this.#chunks.filter(({ length }) => length === CHUNK_BYTES));
    this.#chunks = [];
    this.#chunk = nothing;
    this.#chunkId = -1;
    this.#used = 0;
    this.#kept = nothing;
    this.arenaBytes = 0;
    this.count = 0;
  }

  /** Makes room for so many bytes in the chunk that they are kept in, and returns where. */
  #room(bytes: number): number {
    if (bytes > OWN_CHUNK_BYTES) {
      this.#kept = new Uint8Array(bytes); // the one that is being filled stays
      this.#keptId = this.#push(this.#kept);
      return 0;
    }
    if (bytes > this.#chunk.length - this.#used || this.#chunkId < 0) {
      this.#chunk = this.#freeChunks.pop() ?? new Uint8Array(CHUNK_BYTES);
      this.#chunkId = this.#push(this.#chunk);
      this.#used = 0;
    }
    this.#kept = this.#chunk;
    this.#keptId = this.#chunkId;
    const at = this.#used;
    this.#used += bytes;
    return at;
  }

  #push(chunk: Uint8Array): number {
    this.#chunks.push(chunk);
    this.arenaBytes += chunk.length;
    return this.#chunks.length - 1;
  }

  #grow(): void {
    const rows = new Int32Array(this.#rows.length * 2);
    rows.set(this.#rows);
    this.#rows = rows;
    this.#seqnos = new Float64Array(rows.buffer);
    const depths = new Uint32Array(this.#depths.length * 2);
    depths.set(this.#depths);
    this.#depths = depths;
  }
}
