import { ByteWindow } from "./byte-window.js";
import type { ByteSource } from "./byte-source.js";
import { crc32Unchecked } from "./checksum.js";
import { POLYNOMIAL } from "./crc32-tables.js";

/**
 * CRC-32 of any range of a source, for searches that look at every byte and meet claims of any length. Running over each range
 * would be quadratic. Here the CRC runs over the source once and is kept every 256 bytes; that of a range then follows from
 * those of its ends, because appending n bytes of zeros to a message multiplies its register by x^(8n) modulo the polynomial.
 * Time: linear, with at most 512 bytes of CRC and four multiplications a range, and a read where a range ends beyond the
 * window of the search. Memory: 1/64 of the source or of the longest range, whichever is less, and two windows.
 *
 * Source: the combination of CRCs in zlib's `crc32_combine`, here with a table of powers for each byte of n.
 */

const STRIDE_BYTES = 256;
const AHEAD_BYTES = 0x4_0000;

/** Where the ranges lie. */
export interface RangeChecksumsOptions {
  /** Every range lies in `[from, end)`. */
  readonly from: number;
  /** Where they end, exclusive. */
  readonly end: number;
  /** No range begins further before the furthest byte asked for than this. */
  readonly longestBytes: number;
}

/** CRC-32 of any ranges of one source, in time linear in its length however they overlap. */
export class RangeChecksums {
  readonly #from: number;
  /** The window of the search, which reads forward; ranges that end within it cost no read. */
  readonly #here: ByteWindow;
  /** Walks ahead of the search, stride by stride. */
  readonly #ahead: ByteWindow;
  /** One stride where a far range ends. */
  readonly #far: ByteWindow;
  /** The CRC of `[from, from + 256 k)` at k modulo the length. */
  readonly #kept: Int32Array;
  #last = 0;

  /** @param here - the window of whoever searches; only looked at. */
  constructor(source: ByteSource | Uint8Array, here: ByteWindow, { from, end, longestBytes }: RangeChecksumsOptions) {
    this.#from = from;
    this.#here = here;
    this.#ahead = new ByteWindow(source, AHEAD_BYTES, end);
    this.#far = new ByteWindow(source, STRIDE_BYTES, end);
    const longest = Math.min(end - from, longestBytes);
    this.#kept = new Int32Array(Math.floor(longest / STRIDE_BYTES) + 1);
  }

  /**
   * CRC of `[start, end)`, unsigned, continuing `seed` as `crc32` does.
   *
   * @throws {@link CodecError} `CODEC_SHORT_SOURCE`.
   */
  crc(start: number, end: number, seed = 0): number {
    const whole = this.#until(end);
    const before = this.#until(start);
    // crc(A ‖ B) = crc(A) · x^(8|B|) + crc(B): once to take away what lies before, once to put the seed there.
    return (whole ^ times(before ^ seed, powerOf(end - start))) >>> 0;
  }

  #until(at: number): number {
    const kept = this.#kept;
    const k = Math.floor((at - this.#from) / STRIDE_BYTES);
    while (this.#last < k) {
      const crc = this.#over(this.#ahead, this.#last, STRIDE_BYTES, kept[this.#last % kept.length]!); // inside by the modulus
      this.#last++;
      kept[this.#last % kept.length] = crc;
    }
    const rest = at - this.#from - k * STRIDE_BYTES;
    const window = this.#here.holds(at - rest, rest) ? this.#here : this.#far;
    return this.#over(window, k, rest, kept[k % kept.length]!); // inside by the modulus
  }

  /** Continues `seed` over the first `size` bytes of stride `k`. */
  #over(window: ByteWindow, k: number, size: number, seed: number): number {
    if (size === 0) return seed;
    const local = window.at(this.#from + k * STRIDE_BYTES, size);
    return crc32Unchecked(window.bytes, local, local + size, seed);
  }
}

/**
 * Product of two signed 32-bit polynomials modulo the polynomial of the CRC, in its reflected form: bit 31 is x^0, so the sign of
 * a 32-bit integer is its lowest coefficient. Without branches: the bits are as good as random, and no processor guesses them.
 */
function times(one: number, other: number): number {
  let product = 0;
  let shifted = other;
  for (let left = one; left !== 0; left <<= 1) {
    product ^= shifted & (left >> 31);
    shifted = (shifted >>> 1) ^ (POLYNOMIAL & -(shifted & 1));
  }
  return product;
}

/** x^(8 · b · 256^i) for the byte b at place i, as powers[256 i + b]. */
const powers: Int32Array = /* @__PURE__ */ buildPowers(); // a bundle that never multiplies leaves it out

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
