/**
 * Finds ordinals by a 32-bit hash of what they stand for: open addressing in buckets, of which one is split in two when it is full.
 * No step grows with the table: a split moves {@link MAX_SLOTS} slots, and the directory of buckets is a thousandth of them.
 *
 * A hash is a hint. Whoever asks compares what the candidates stand for with what it looks for.
 */

/** Slots of a bucket that is split instead of grown. A power of two. */
const MAX_SLOTS = 2048;
const FIRST_SLOTS = 16;

/** Bits of a hash that choose a bucket at most; hashes that share them share a bucket, and that one grows. */
const MAX_DEPTH = 21;

/** Entries that are sorted at once. */
const SLICE: number = 2 ** 18;

/** Words of a slot: the hash, and the ordinal plus one, which is 0 in a slot that is free. */
const SLOT_WORDS = 2;

interface Bucket {
  slots: Uint32Array;
  used: number;
  /** How many high bits of the hash all of its entries share. */
  readonly depth: number;
}

export class OrdinalTable {
  /** Buckets by the high bits of the hash; one that is split less often than others is there several times. */
  #directory: Bucket[] = [emptyBucket(0, FIRST_SLOTS)];
  #depth = 0;
  #bytes = FIRST_SLOTS * SLOT_WORDS * 4;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Bytes of all slots. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Adds an ordinal, below 2^32-1, under the hash of what it stands for. The same one twice would be found twice. */
  add(hash: number, ordinal: number): void {
    let bucket = this.#bucketOf(hash);
    while (isFull(bucket)) {
      this.#enlarge(bucket, hash);
      bucket = this.#bucketOf(hash);
    }
    put(bucket, hash >>> 0, ordinal + 1);
    this.#count += 1;
  }

  /** The first ordinal under this hash that `isWanted` accepts, or -1. */
  find(hash: number, isWanted: (ordinal: number) => boolean): number {
    const { slots } = this.#bucketOf(hash);
    const wanted = hash >>> 0;
    const mask = slots.length / SLOT_WORDS - 1;
    for (let slot = wanted & mask; ; slot = (slot + 1) & mask) {
      const entry = slots[slot * SLOT_WORDS + 1]!; // the mask keeps it inside
      if (entry === 0) return -1;
      if (slots[slot * SLOT_WORDS] === wanted && isWanted(entry - 1)) return entry - 1;
    }
  }

  /** Adds the ordinals from `first` on, one for each hash: in a third of the time that adding one by one takes. */
  addAll(hashes: Uint32Array, first: number): void {
    this.reserve(hashes.length);
    const entries = new Uint32Array(Math.min(SLICE, hashes.length) * SLOT_WORDS);
    for (let from = 0; from < hashes.length; from += SLICE) {
      this.#addSlice(hashes.subarray(from, from + SLICE), first + from, entries);
    }
  }

  /** Adds bucket after bucket, so that each stays in the processor's cache. */
  #addSlice(hashes: Uint32Array, first: number, entries: Uint32Array): void {
    const bits = this.#depth;
    const places = placesByPrefix(hashes, bits);
    for (let at = 0; at < hashes.length; at += 1) {
      const hash = hashes[at]!; // below its length
      const prefix = prefixOf(hash, bits);
      const place = places[prefix]!; // one for each prefix
      places[prefix] = place + 1;
      entries[place * SLOT_WORDS] = hash;
      entries[place * SLOT_WORDS + 1] = first + at;
    }
    for (let at = 0; at < hashes.length * SLOT_WORDS; at += SLOT_WORDS) this.add(entries[at]!, entries[at + 1]!); // both inside
  }

  /**
   * The entries of all ordinals below a bound, hash and ordinal, so many at once, in an order in which {@link addEntries} takes them fast. What
   * is added between two turns of the generator does no harm: an entry stays where the high bits of its hash say.
   *
   * @returns lent until the next turn.
   */
  *entries(below: number, perTurn: number): Generator<Uint32Array, void, undefined> {
    const entries = new Uint32Array(perTurn * SLOT_WORDS);
    let filled = 0;
    for (let prefix = 0; prefix < 2 ** 32;) {
      const { slots: lent, depth } = this.#bucketOf(prefix);
      const slots = lent.slice();
      for (let at = 0; at < slots.length; at += SLOT_WORDS) {
        const entry = slots[at + 1]!; // below its length, as the hash
        if (entry === 0 || entry > below) continue;
        entries[filled] = slots[at]!;
        entries[filled + 1] = entry - 1;
        filled += SLOT_WORDS;
        if (filled < entries.length) continue;
        yield entries;
        filled = 0;
      }
      prefix += 2 ** (32 - depth);
    }
    if (filled > 0) yield entries.subarray(0, filled);
  }

  /** Has so many entries find the buckets that they will need, where there is no entry yet: none is split on the way there. */
  reserve(count: number): void {
    let depth = this.#depth;
    while (count / 2 ** depth > (MAX_SLOTS * 3) / 4 && depth < MAX_DEPTH) depth += 1;
    if (this.#count > 0 || depth === this.#depth) return;
    this.#depth = depth;
    this.#directory = Array.from({ length: 2 ** depth }, () => emptyBucket(depth, MAX_SLOTS));
    this.#bytes = this.#directory.length * MAX_SLOTS * SLOT_WORDS * 4;
  }

  /** Adds what {@link entries} has given, as far as ordinals are below a bound. */
  addEntries(entries: Uint32Array, below: number): void {
    for (let at = 0; at < entries.length; at += SLOT_WORDS) {
      const ordinal = entries[at + 1]!; // below its length, as the hash
      if (ordinal < below) this.add(entries[at]!, ordinal);
    }
  }

  #bucketOf(hash: number): Bucket {
    return this.#directory[prefixOf(hash, this.#depth)]!; // it has 2^depth entries
  }

  #enlarge(bucket: Bucket, hash: number): void {
    const { slots, depth } = bucket;
    const count = slots.length / SLOT_WORDS;
    if (count < MAX_SLOTS || depth === MAX_DEPTH) {
      bucket.slots = new Uint32Array(slots.length * 2);
      bucket.used = 0;
      this.#bytes += slots.length * 4;
      moveAll(slots, () => bucket);
      return;
    }
    if (depth === this.#depth) this.#deepen();
    const halves = [emptyBucket(depth + 1, count), emptyBucket(depth + 1, count)] as const;
    this.#bytes += slots.length * 4;
    moveAll(slots, (each) => halves[prefixOf(each, depth + 1) & 1]!); // two of them
    const copies = 2 ** (this.#depth - depth);
    const first = prefixOf(hash, depth) * copies;
    for (let copy = 0; copy < copies; copy += 1) this.#directory[first + copy] = halves[copy < copies / 2 ? 0 : 1];
  }

  #deepen(): void {
    const deeper: Bucket[] = [];
    for (const bucket of this.#directory) deeper.push(bucket, bucket);
    this.#directory = deeper;
    this.#depth += 1;
  }
}

/** For each prefix of so many bits how many hashes have a smaller one. */
function placesByPrefix(hashes: Uint32Array, bits: number): Uint32Array {
  const places = new Uint32Array(2 ** bits + 1);
  for (let at = 0; at < hashes.length; at += 1) {
    const next = prefixOf(hashes[at]!, bits) + 1; // below its length
    places[next] = places[next]! + 1; // there is one more than prefixes
  }
  for (let prefix = 1; prefix < places.length; prefix += 1) places[prefix] = places[prefix]! + places[prefix - 1]!; // as above
  return places;
}

function emptyBucket(depth: number, slots: number): Bucket {
  return { slots: new Uint32Array(slots * SLOT_WORDS), used: 0, depth };
}

/** Three quarters: a probe then looks at some eight slots where nothing is found, and fewer where something is. */
function isFull({ slots, used }: Bucket): boolean {
  return used >= (slots.length / SLOT_WORDS) * 0.75;
}

function put(bucket: Bucket, hash: number, entry: number): void {
  const { slots } = bucket;
  const mask = slots.length / SLOT_WORDS - 1;
  let slot = hash & mask;
  while (slots[slot * SLOT_WORDS + 1] !== 0) slot = (slot + 1) & mask;
  slots[slot * SLOT_WORDS] = hash;
  slots[slot * SLOT_WORDS + 1] = entry;
  bucket.used += 1;
}

function moveAll(slots: Uint32Array, bucketFor: (hash: number) => Bucket): void {
  for (let at = 0; at < slots.length; at += SLOT_WORDS) {
    const [hash, entry] = [slots[at]!, slots[at + 1]!]; // both below its length
    if (entry !== 0) put(bucketFor(hash), hash, entry);
  }
}

/** The high `bits` of a hash. */
function prefixOf(hash: number, bits: number): number {
  return bits === 0 ? 0 : hash >>> (32 - bits);
}
