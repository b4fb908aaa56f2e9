import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fnv1a64, Prng, SplitMix64, streamSeed } from "./prng.js";

const mask = (1n << 64n) - 1n;

/** The definition of WyRand in bigints: the reference for the fast form. */
function* wyRand(seed: bigint): Generator<bigint, never> {
  let state = seed & mask;
  for (;;) {
    state = (state + 0x2d358dccaa6c78a5n) & mask;
    const product = state * (state ^ 0x8bb84b93962eacc9n);
    yield (product & mask) ^ (product >> 64n);
  }
}

const hex = (value: bigint): string => value.toString(16).padStart(16, "0");
const take = (count: number, next: () => bigint): string => Array.from({ length: count }, () => hex(next())).join(" ");

describe("Prng", () => {
  test.each([
    [0, "9a45cd888d59f0d6 01445b6a189663f5 1842218b97e7a496"],
    [7, "c5fc598e707e7291 38f4d74b451e8c20 b7e1e15867216173"],
    [99, "353c641fdde69ecf 370bf802799979e5 6e899aa35ad8ca10"],
  ])("golden outputs of seed %i", (seed, expected) => {
    const prng = new Prng(seed);
    expect(take(3, () => prng.nextU64())).toBe(expected);
  });

  test.each([
    [99, 4, "..D.D...D.DD.......D..DD"],
    [1, 2, "..DD.D.D.D..D..DD..D.D.."],
    [42, 5, "....D..DD.D.....D...D..."],
  ])("golden drop schedule of seed %i, one in %i", (seed, rate, expected) => {
    const prng = new Prng(seed);
    const schedule = Array.from({ length: 24 }, () => (prng.nextU32() % rate === 0 ? "D" : "."));
    expect(schedule.join("")).toBe(expected);
  });

  test("equals the bigint reference for any seed", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: mask }), (seed) => {
        const fast = new Prng(seed);
        const reference = wyRand(seed);
        for (let draw = 0; draw < 20; draw += 1) expect(fast.nextU64()).toBe(reference.next().value);
      }),
      { numRuns: 300 },
    );
  });

  test("below stays in range and reaches every value", () => {
    const prng = new Prng(1);
    for (const bound of [1, 2, 3, 7, 10]) {
      const counts = new Array<number>(bound).fill(0);
      for (let draw = 0; draw < bound * 1000; draw += 1) counts[prng.below(bound)]! += 1;
      for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(200);
    }
    for (const bound of [2 ** 32, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER]) {
      let largest = 0;
      for (let draw = 0; draw < 200; draw += 1) {
        const value = prng.below(bound);
        expect(Number.isSafeInteger(value) && value >= 0 && value < bound).toBe(true);
        largest = Math.max(largest, value);
      }
      expect(largest).toBeGreaterThan(bound * 0.9);
    }
  });

  test("below rejects instead of folding: a bound of 3/4 of the range stays even", () => {
    const prng = new Prng(5);
    const bound = 3 * 2 ** 30;
    let lowThird = 0;
    for (let draw = 0; draw < 30_000; draw += 1) if (prng.below(bound) < 2 ** 30) lowThird += 1;
    expect(Math.abs(lowThird - 10_000)).toBeLessThan(400); // folding would give 15,000
  });

  test("coin draws once whatever the probability", () => {
    for (const probability of [0, 0.5, 1]) {
      const prng = new Prng(3);
      prng.coin(probability);
      const other = new Prng(3);
      other.nextU32();
      expect(prng.nextU64()).toBe(other.nextU64());
    }
    const prng = new Prng(8);
    let heads = 0;
    for (let draw = 0; draw < 10_000; draw += 1) {
      expect(prng.coin(0)).toBe(false);
      expect(prng.coin(1)).toBe(true);
      if (prng.coin(0.25)) heads += 1;
    }
    expect(Math.abs(heads - 2500)).toBeLessThan(200);
  });

  test.each([0, -1, 1.5, Number.NaN, 2 ** 53])("below refuses the bound %d", (bound) => {
    expect(() => new Prng(0).below(bound)).toThrow(RangeError);
  });

  test.each([-0.1, 1.1, Number.NaN])("coin refuses the probability %d", (probability) => {
    expect(() => new Prng(0).coin(probability)).toThrow(RangeError);
  });

  test.each([0.5, Number.NaN, 2 ** 53])("refuses the seed %d", (seed) => {
    expect(() => new Prng(seed)).toThrow(RangeError);
  });

  test("numbers and bigints of one value are one seed, negative ones in two's complement", () => {
    expect(new Prng(-1).nextU64()).toBe(new Prng(mask).nextU64());
    expect(new Prng(12).nextU64()).toBe(new Prng(12n).nextU64());
    expect(new Prng(12n + (1n << 64n)).nextU64()).toBe(new Prng(12n).nextU64());
  });
});

test.each([
  [0, "e220a8397b1dcdaf 6e789e6aa1b965f4 06c45d188009454f"],
  [7, "63cbe1e459320dd7 044c3cd7f43c661c e6984080bab12a02"],
])("splitmix64 golden outputs of seed %i", (seed, expected) => {
  const mixer = new SplitMix64(seed);
  expect(take(3, () => mixer.nextU64())).toBe(expected);
});

test.each([
  ["", "cbf29ce484222325"],
  ["a", "af63dc4c8601ec8c"],
  ["foobar", "85944171f73967e8"],
])("fnv1a64 of %j", (text, expected) => {
  expect(hex(fnv1a64(text))).toBe(expected);
});

test("streams of different names and masters are unrelated, of equal ones the same", () => {
  expect(streamSeed(1, "syncDrop")).toBe(streamSeed(1n, "syncDrop"));
  const seeds = new Set<bigint>();
  for (let master = 0; master < 50; master += 1) {
    for (const name of ["syncDrop", "media", "schedule", "é", ""]) seeds.add(streamSeed(master, name));
  }
  expect(seeds.size).toBe(250);
});
