/**
 * Every random choice of this package comes from here, so that a seed replays a run on every machine and Node version.
 *
 * The generator is WyRand with 64 bits of state: `state += a; t = state * (state ^ b); output = low64(t) ^ high64(t)`.
 * The 128-bit product is built from 32-bit halves, because the bigint form allocates: 88 ns per draw against 18 ns
 * on one x64 core with Node 20. `prng.test.ts` holds the bigint form as the reference, and golden outputs.
 *
 * Streams: give each concern its own generator by {@link streamSeed}, so that one more draw in one of them leaves the
 * others as they were. Draw exactly once per decision, also when the answer is not used, so that turning a rate to zero
 * does not shift what comes after.
 */

const twoTo32 = 0x1_0000_0000;
const twoTo53 = 0x20_0000_0000_0000;
const mask64 = (1n << 64n) - 1n;

const stepHigh = 0x2d358dcc;
const stepLow = 0xaa6c78a5;
const mixHigh = 0x8bb84b93;
const mixLow = 0x962eacc9;

/** A seed is any bigint, of which the low 64 bits count, or a safe integer, taken in two's complement. */
export type Seed = bigint | number;

function seedBits(seed: Seed): bigint {
  if (typeof seed === "bigint") return seed & mask64;
  if (Number.isSafeInteger(seed)) return BigInt(seed) & mask64;
  throw new RangeError(`seed must be a bigint or a safe integer, not ${String(seed)}`);
}

/** High 32 bits of the product of two unsigned 32-bit numbers. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16); // below 2^32, as is the next
  const other = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + (middle >>> 16) + (other >>> 16)) >>> 0;
}

/** A WyRand stream. Not for secrets. */
export class Prng {
  // Signed 32-bit halves: they stay small integers in V8, where unsigned ones would be boxed.
  #stateHigh: number;
  #stateLow: number;
  #high = 0;
  #low = 0;

  /** @param seed - the state, verbatim. */
  constructor(seed: Seed) {
    const bits = seedBits(seed);
    this.#stateHigh = Number(bits >> 32n) | 0;
    this.#stateLow = Number(bits & 0xffff_ffffn) | 0;
  }

  #step(): void {
    const sum = (this.#stateLow >>> 0) + stepLow;
    const aLow = sum >>> 0;
    const aHigh = (this.#stateHigh + stepHigh + (sum >= twoTo32 ? 1 : 0)) >>> 0;
    this.#stateLow = aLow | 0;
    this.#stateHigh = aHigh | 0;
    const bLow = (aLow ^ mixLow) >>> 0;
    const bHigh = (aHigh ^ mixHigh) >>> 0;

    // Schoolbook product in base 2^32: columns 0 to 3, each carry below 3.
    const column1 = multiplyHigh(aLow, bLow) + (Math.imul(aLow, bHigh) >>> 0) + (Math.imul(aHigh, bLow) >>> 0);
    const carry1 = Math.floor(column1 / twoTo32);
    const column2 = multiplyHigh(aLow, bHigh) + multiplyHigh(aHigh, bLow) + (Math.imul(aHigh, bHigh) >>> 0) + carry1;
    const carry2 = Math.floor(column2 / twoTo32);
    const column3 = multiplyHigh(aHigh, bHigh) + carry2;
    this.#low = Math.imul(aLow, bLow) ^ (column2 >>> 0);
    this.#high = (column1 >>> 0) ^ (column3 >>> 0);
  }

  /** One draw: a whole number from 0 to 2^32-1, the low half of the 64-bit output. */
  nextU32(): number {
    this.#step();
    return this.#low >>> 0;
  }

  /** One draw: all 64 bits of the output. */
  nextU64(): bigint {
    this.#step();
    return (BigInt(this.#high >>> 0) << 32n) | BigInt(this.#low >>> 0);
  }

  /**
   * A whole number from 0 to `bound - 1`, every one as likely as the others: draws that would favour the low ones are
   * thrown away, which happens less than once per call.
   *
   * @param bound - 1 to 2^53-1.
   */
  below(bound: number): number {
    if (!Number.isSafeInteger(bound) || bound < 1) {
      throw new RangeError(`bound must be a whole number from 1 to 2^53-1, not ${String(bound)}`);
    }
    const range = bound <= twoTo32 ? twoTo32 : twoTo53;
    const limit = range - (range % bound);
    for (;;) {
      this.#step();
      const low = this.#low >>> 0;
      const value = range === twoTo32 ? low : (this.#high & 0x1f_ffff) * twoTo32 + low;
      if (value < limit) return value % bound;
    }
  }

  /**
   * One draw: true with this probability, to a resolution of 2^-32.
   *
   * @param probability - 0 (never) to 1 (always).
   */
  coin(probability: number): boolean {
    if (!(probability >= 0 && probability <= 1)) {
      throw new RangeError(`probability must be from 0 to 1, not ${String(probability)}`);
    }
    return this.nextU32() < probability * twoTo32;
  }
}

/** The splitmix64 sequence: slower than {@link Prng}, and a good mixer of seeds that differ in few bits. */
export class SplitMix64 {
  #state: bigint;

  constructor(seed: Seed) {
    this.#state = seedBits(seed);
  }

  /** The next 64 bits. */
  nextU64(): bigint {
    this.#state = (this.#state + 0x9e3779b97f4a7c15n) & mask64;
    let mixed = this.#state;
    mixed = ((mixed ^ (mixed >> 30n)) * 0xbf58476d1ce4e5b9n) & mask64;
    mixed = ((mixed ^ (mixed >> 27n)) * 0x94d049bb133111ebn) & mask64;
    return mixed ^ (mixed >> 31n);
  }
}

/** FNV-1a, 64 bits, over the UTF-8 form of `text`. */
export function fnv1a64(text: string): bigint {
  let high = 0xcbf29ce4;
  let low = 0x84222325;
  for (const byte of new TextEncoder().encode(text)) {
    low = (low ^ byte) >>> 0;
    // The prime is 2^40 + 0x1b3, so the product is two small multiplications and a shift.
    const product = low * 0x1b3;
    high = (high * 0x1b3 + Math.floor(product / twoTo32) + ((low << 8) >>> 0)) % twoTo32;
    low = product >>> 0;
  }
  return (BigInt(high) << 32n) | BigInt(low);
}

/** The seed of the stream `name` under `master`: the same name gives the same stream, another name an unrelated one. */
export function streamSeed(master: Seed, name: string): bigint {
  return new SplitMix64(seedBits(master) ^ fnv1a64(name)).nextU64();
}
