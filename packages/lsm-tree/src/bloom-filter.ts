import { ByteReader } from "./byte-reader.js";
import type { HashKey } from "./key-hash.js";

/**
 * A blocked Bloom filter: the hash of a key chooses a line of 512 bits, one cache line, and all of its probes look into that. Never a false
 * negative. Building one cannot fail: with more keys than `MAX_LINES` lines are meant for, there are more false positives.
 *
 * ```
 *  0  1  type: 1            8  4  lines
 *  1  1  probes            12  8  hash key, low half first
 *  2  2  bits per key x 100 20 64  a line; bit b of it is bit b % 8 of its byte b / 8
 *  4  4  keys
 * ```
 */

const TYPE_BLOCKED_BLOOM = 1;
const HEADER_BYTES = 20;
const LINE_BYTES = 64;
const TWO_TO_32 = 0x1_0000_0000;

/** With at most this many lines, hash times lines stays below 2^53 and is exact: 128 MiB, some 100 million keys. */
const MAX_LINES = 0x20_0000;
const MAX_PROBES = 8;

/**
 * Builds the payload of a filter frame.
 *
 * @param hashes - of the user keys, each once; the first `count` count.
 */
export function encodeBloomFilter(
  hashes: Int32Array,
  count: number,
  { bitsPerKey, hashKey }: { readonly bitsPerKey: number; readonly hashKey: HashKey },
): Uint8Array {
  const lines = Math.max(1, Math.min(MAX_LINES, Math.ceil((count * bitsPerKey) / (LINE_BYTES * 8))));
  // 0.69 of the bits per key is best for one large filter; in lines, some of which hold more than their share, a little less is.
  const probes = Math.max(1, Math.min(MAX_PROBES, Math.round(bitsPerKey * 0.62)));
  const payload = new Uint8Array(HEADER_BYTES + lines * LINE_BYTES);
  const view = new DataView(payload.buffer);
  view.setUint8(0, TYPE_BLOCKED_BLOOM);
  view.setUint8(1, probes);
  view.setUint16(2, Math.round(bitsPerKey * 100), true);
  view.setUint32(4, count, true);
  view.setUint32(8, lines, true);
  view.setUint32(12, hashKey.low, true);
  view.setUint32(16, hashKey.high, true);
  for (let index = 0; index < count; index++) addTo(payload, hashes[index]!, lines, probes); // count is at most its length
  return payload;
}

function addTo(payload: Uint8Array, hash: number, lines: number, probes: number): void {
  const line = lineOf(hash, lines);
  let mixed = mix(hash);
  for (let probe = 0, shift = 0; probe < probes; probe++, shift += 9) {
    if (shift === 27) {
      mixed = mix(mixed);
      shift = 0;
    }
    const bit = (mixed >>> shift) & 511;
    payload[line + (bit >>> 3)]! |= 1 << (bit & 7); // lines are inside the payload
  }
}

function lineOf(hash: number, lines: number): number {
  return HEADER_BYTES + Math.floor(((hash >>> 0) * lines) / TWO_TO_32) * LINE_BYTES;
}

/** The line takes the high bits of the hash, so the bits inside come from all of them: the finalizer of MurmurHash3. */
function mix(hash: number): number {
  let mixed = (hash + 0x9e37_79b9) | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85eb_ca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
  return mixed ^ (mixed >>> 16);
}

/** Looks into the payload of a filter frame, which it borrows. */
export class BloomFilter {
  /** Keys that it was built from. */
  readonly keyCount: number;
  /** The key of the hashes that it was built with. */
  readonly hashKey: HashKey;
  /** Bytes in memory. */
  readonly bytes: number;
  readonly #payload: Uint8Array;
  readonly #lines: number;
  readonly #probes: number;

  /** @throws LsmError `LSM_CORRUPT` when that is not what {@link encodeBloomFilter} makes. */
  constructor(payload: Uint8Array) {
    const reader = new ByteReader(payload, "a filter");
    const type = reader.uint8("type");
    if (type !== TYPE_BLOCKED_BLOOM) throw reader.error("type", `is ${type}, which is not known`, 0);
    this.#probes = reader.uint8("probes");
    if (this.#probes < 1 || this.#probes > MAX_PROBES) throw reader.error("probes", `are ${this.#probes}`, 1);
    reader.uint16("bits per key");
    this.keyCount = reader.uint32("keys");
    this.#lines = reader.uint32("lines");
    if (this.#lines < 1 || this.#lines > MAX_LINES) throw reader.error("lines", `are ${this.#lines}`, 8);
    this.hashKey = { low: reader.uint32("hash key"), high: reader.uint32("hash key") };
    reader.take(this.#lines * LINE_BYTES, "lines");
    reader.finish();
    this.#payload = payload;
    this.bytes = payload.length;
  }

  /** Whether the key with this hash may have been added; false only when it was not. */
  mayContain(hash: number): boolean {
    const payload = this.#payload;
    const line = lineOf(hash, this.#lines);
    let mixed = mix(hash);
    for (let probe = this.#probes, shift = 0; probe > 0; probe--, shift += 9) {
      if (shift === 27) {
        mixed = mix(mixed);
        shift = 0;
      }
      const bit = (mixed >>> shift) & 511;
      if ((payload[line + (bit >>> 3)]! & (1 << (bit & 7))) === 0) return false; // lines are inside the payload
    }
    return true;
  }
}
