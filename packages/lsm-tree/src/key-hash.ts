/**
 * The hash of user keys, HalfSipHash-1-3 with a key of 64 bits: one value for the memtable's index and for all filters, so a get hashes
 * once. It is keyed because keys come from strangers: whoever does not know the hash key cannot choose user keys that collide, which
 * for a hash that is only seeded, such as Murmur3, is possible for all seeds at once.
 *
 * Source: Aumasson and Bernstein, "SipHash: a fast short-input PRF", and the reference code's variant of 32 bits with one round a
 * word and three at the end, which Linux uses for its hash tables and publishes vectors of.
 */

/** The two halves of a hash key, 32 bits each. Drawn once for a database; filters on disk name the one they were built with. */
export interface HashKey {
  /** The lower half. */
  readonly low: number;
  /** The upper half. */
  readonly high: number;
}

/** Hash of `bytes[start, end)` as a signed 32-bit integer. The caller has checked the range. */
export function hashKey(bytes: Uint8Array, start: number, end: number, { low, high }: HashKey): number {
  let v0 = low | 0;
  let v1 = high | 0;
  let v2 = 0x6c79_6765 ^ low;
  let v3 = 0x7465_6462 ^ high;
  const length = end - start;
  let at = start;
  // A round for every whole word, one for what is left and the length, and three to finish, which take in nothing.
  for (let left = (length >>> 2) + 4; left > 0; left--) {
    let word = 0;
    if (left > 4) {
      word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24); // whole words are inside
      at += 4;
    } else if (left === 4) {
      word = length << 24;
      for (let shift = 0; at < end; at++, shift += 8) word |= bytes[at]! << shift; // at is below the end
    } else if (left === 3) {
      v2 ^= 0xff;
    }
    v3 ^= word;
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= word;
  }
  return v1 ^ v3;
}
