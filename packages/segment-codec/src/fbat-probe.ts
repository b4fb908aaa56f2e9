import { crc32Unchecked } from "./checksum.js";
import { FBAT_FRAME_HEADER_BYTES, FBAT_MAX_PAYLOAD_BYTES } from "./fbat-layout.js";

/**
 * The search for a frame behind damage, at every byte. Checking each candidate by running over the payload it claims is
 * quadratic in a hostile tail. Here the CRC runs over the tail once and is kept every 256 bytes; the CRC of any range then
 * follows from those of its ends, because appending n bytes of zeros to a message multiplies its register by x^(8n) modulo
 * the polynomial. Time: linear, with at most 512 bytes of CRC and four multiplications a candidate. Memory: 1/64 of the tail.
 *
 * Source: the combination of CRCs in zlib's `crc32_combine`, here with a table of powers for each byte of n.
 */

const STRIDE_BYTES = 256;
const POLYNOMIAL = 0xed_b8_83_20;

/** Offset of the first sound, non-empty frame in `bytes[from, end)`, or -1. */
export function findFbatFrame(bytes: Uint8Array, from: number, end: number): number {
  const last = end - FBAT_FRAME_HEADER_BYTES - 1; // an empty frame is eight zeros, which say nothing
  if (from > last) return -1;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const kept = prefixes(bytes, from, end);
  for (let at = from; at <= last; at++) {
    const payloadBytes = view.getUint32(at);
    if (payloadBytes === 0 || payloadBytes > FBAT_MAX_PAYLOAD_BYTES) continue;
    const payloadStart = at + FBAT_FRAME_HEADER_BYTES;
    const payloadEnd = payloadStart + payloadBytes;
    if (payloadEnd > end) continue;
    const before = prefixAt(bytes, kept, from, payloadStart);
    const whole = prefixAt(bytes, kept, from, payloadEnd);
    // crc(A ‖ B) = crc(A) · x^(8|B|) + crc(B), so this is crc(B).
    if ((whole ^ times(before, powerOf(payloadBytes))) >>> 0 === view.getUint32(at + 4)) return at;
  }
  return -1;
}

/** CRC of `bytes[from, from + 256 k)` for every k. */
function prefixes(bytes: Uint8Array, from: number, end: number): Int32Array {
  const kept = new Int32Array(Math.floor((end - from) / STRIDE_BYTES) + 1);
  let crc = 0;
  for (let k = 1; k < kept.length; k++) {
    const at = from + k * STRIDE_BYTES;
    crc = crc32Unchecked(bytes, at - STRIDE_BYTES, at, crc);
    kept[k] = crc;
  }
  return kept;
}

function prefixAt(bytes: Uint8Array, kept: Int32Array, from: number, at: number): number {
  const k = Math.floor((at - from) / STRIDE_BYTES);
  return crc32Unchecked(bytes, from + k * STRIDE_BYTES, at, kept[k]! >>> 0); // at is before the end, so k is inside
}

/**
 * Product of two polynomials modulo the polynomial of the CRC, in its reflected form: bit 31 is x^0, so the sign of a 32-bit
 * integer is its lowest coefficient.
 */
function times(one: number, other: number): number {
  let product = 0;
  let shifted = other;
  for (let left = one | 0; left !== 0; left <<= 1) {
    if (left < 0) product ^= shifted;
    shifted = shifted & 1 ? (shifted >>> 1) ^ POLYNOMIAL : shifted >>> 1;
  }
  return product;
}

/** x^(8 · b · 256^i) for the byte b at place i, as powers[256 i + b]. */
const powers: Int32Array = buildPowers();

function buildPowers(): Int32Array {
  const table = new Int32Array(4 * 256);
  let base = 0x0080_0000; // x^8
  for (let place = 0; place < 4; place++) {
    let power = 1 << 31; // x^0
    for (let byte = 0; byte < 256; byte++) {
      table[256 * place + byte] = power;
      power = times(power, base);
    }
    base = power; // after 256 steps: the base of the next place
  }
  return table;
}

/** x^(8n). The index of each look-up is a byte in its own table of 256. */
function powerOf(n: number): number {
  let power = powers[n & 0xff]!;
  if (n >= 0x100) power = times(power, powers[0x100 + ((n >>> 8) & 0xff)]!);
  if (n >= 0x1_0000) power = times(power, powers[0x200 + ((n >>> 16) & 0xff)]!);
  return n >= 0x100_0000 ? times(power, powers[0x300 + (n >>> 24)]!) : power;
}
