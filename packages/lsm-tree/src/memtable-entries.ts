import { compareBytes, copyBytes } from "./internal-key.js";

/** Arenas are chunks of this size; what is larger than {@link OWN_CHUNK_BYTES} gets one of its own. */
const CHUNK_BYTES = 0x10_0000;
const OWN_CHUNK_BYTES = 0x1_0000;

/** Bytes of all columns for each entry. */
const COLUMN_BYTES = 36;

/**
 * The entries of a memtable by number, in the order in which they came: keys and values in chunks that never move, everything else in
 * typed arrays. Nothing is ever changed or removed, so a reader needs no copy.
 */
export class MemtableEntries {
  count = 0;
  /** Bytes of all chunks. */
  arenaBytes = 0;
  readonly #chunks: Uint8Array[] = [];
  /** The chunk that is filled, and how much of it is used. */
  #chunk: Uint8Array = new Uint8Array();
  #chunkId = -1;
  #used = 0;
  /** The chunk that bytes were kept in last. */
  #kept: Uint8Array = this.#chunk;
  #keptId = -1;
  #chunkIds: Uint32Array;
  #offsets: Uint32Array;
  #keyBytes: Uint16Array;
  /** From the end of the key to the value: in a record of the log, its length lies there. */
  #gaps: Uint8Array;
  #valueBytes: Uint32Array;
  #seqnos: Float64Array;
  #kinds: Uint8Array;
  #previous: Int32Array;
  /** A version further back, and how many there are before this one: see {@link versionUpTo}. */
  #jumps: Int32Array;
  #depths: Uint32Array;

  constructor(expectedEntries: number) {
    const capacity = Math.max(16, expectedEntries);
    this.#chunkIds = new Uint32Array(capacity);
    this.#offsets = new Uint32Array(capacity);
    this.#keyBytes = new Uint16Array(capacity);
    this.#gaps = new Uint8Array(capacity);
    this.#valueBytes = new Uint32Array(capacity);
    this.#seqnos = new Float64Array(capacity);
    this.#kinds = new Uint8Array(capacity);
    this.#previous = new Int32Array(capacity);
    this.#jumps = new Int32Array(capacity);
    this.#depths = new Uint32Array(capacity);
  }

  /** Bytes in memory. */
  get bytes(): number {
    return this.arenaBytes + this.#offsets.length * COLUMN_BYTES;
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
    if (id === this.#offsets.length) this.#grow();
    this.#chunkIds[id] = this.#keptId;
    this.#offsets[id] = keyStart;
    this.#keyBytes[id] = keyEnd - keyStart;
    this.#gaps[id] = valueStart - keyEnd;
    this.#valueBytes[id] = valueEnd - valueStart;
    this.#seqnos[id] = seqno;
    this.#kinds[id] = kind;
    this.#previous[id] = -1;
    this.#jumps[id] = -1;
    this.#depths[id] = 0;
    this.count = id + 1;
    return id;
  }

  // Every id below comes from `add`, or from the columns, so it is below the count: that makes the assertions true.

  chunk(id: number): Uint8Array {
    return this.#chunks[this.#chunkIds[id]!]!;
  }

  keyStart(id: number): number {
    return this.#offsets[id]!;
  }

  keyBytes(id: number): number {
    return this.#keyBytes[id]!;
  }

  valueStart(id: number): number {
    return this.#offsets[id]! + this.#keyBytes[id]! + this.#gaps[id]!;
  }

  valueBytes(id: number): number {
    return this.#valueBytes[id]!;
  }

  seqno(id: number): number {
    return this.#seqnos[id]!;
  }

  kind(id: number): number {
    return this.#kinds[id]!;
  }

  /**
   * The newest version of the same key up to `seqno`, from this one on, or -1. Versions form a list in which each also knows one further
   * back, chosen so that any of n is reached in some log n steps (Myers, "An applicative random-access stack", 1983).
   */
  versionUpTo(id: number, seqno: number): number {
    let at = id;
    while (at >= 0 && this.#seqnos[at]! > seqno) {
      const jump = this.#jumps[at]!;
      at = jump >= 0 && this.#seqnos[jump]! > seqno ? jump : this.#previous[at]!;
    }
    return at;
  }

  /** Makes `previous` the version before the newest one, `id`. */
  link(id: number, previous: number): void {
    const jump = this.#jumps[previous]!;
    const beyond = jump < 0 ? -1 : this.#jumps[jump]!;
    this.#previous[id] = previous;
    const depth = this.#depths[previous]!;
    const middle = jump < 0 ? 0 : this.#depths[jump]!;
    // Two jumps of one length become one of more than twice that.
    const isPair = beyond >= 0 && depth - middle === middle - this.#depths[beyond]!;
    this.#depths[id] = depth + 1;
    this.#jumps[id] = isPair ? beyond : previous;
  }

  /** Compares the user key of an entry with a range. */
  compareKey(id: number, key: Uint8Array, start: number, end: number): number {
    const from = this.#offsets[id]!;
    return compareBytes(this.chunk(id), from, from + this.#keyBytes[id]!, key, start, end);
  }

  /** Compares two entries in internal order. */
  compare(a: number, b: number): number {
    const from = this.#offsets[b]!;
    const order = this.compareKey(a, this.chunk(b), from, from + this.#keyBytes[b]!);
    return order !== 0 ? order : this.#seqnos[b]! - this.#seqnos[a]!;
  }

  /** Makes room for so many bytes in the chunk that they are kept in, and returns where. */
  #room(bytes: number): number {
    if (bytes > OWN_CHUNK_BYTES) {
      this.#kept = new Uint8Array(bytes); // the one that is being filled stays
      this.#keptId = this.#push(this.#kept);
      return 0;
    }
    if (bytes > this.#chunk.length - this.#used || this.#chunkId < 0) {
      this.#chunk = new Uint8Array(CHUNK_BYTES);
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
    const capacity = this.#offsets.length * 2;
    const larger = <Column extends { set(from: Column): void }>(column: Column, empty: Column): Column => {
      empty.set(column);
      return empty;
    };
    this.#chunkIds = larger(this.#chunkIds, new Uint32Array(capacity));
    this.#offsets = larger(this.#offsets, new Uint32Array(capacity));
    this.#keyBytes = larger(this.#keyBytes, new Uint16Array(capacity));
    this.#gaps = larger(this.#gaps, new Uint8Array(capacity));
    this.#valueBytes = larger(this.#valueBytes, new Uint32Array(capacity));
    this.#seqnos = larger(this.#seqnos, new Float64Array(capacity));
    this.#kinds = larger(this.#kinds, new Uint8Array(capacity));
    this.#previous = larger(this.#previous, new Int32Array(capacity));
    this.#jumps = larger(this.#jumps, new Int32Array(capacity));
    this.#depths = larger(this.#depths, new Uint32Array(capacity));
  }
}
