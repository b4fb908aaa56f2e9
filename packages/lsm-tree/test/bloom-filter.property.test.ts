// Laws 10 and 11: never a false negative, as many false positives and bits as promised, and a filter that is always built.
import fc from "fast-check";
import { expect, test } from "vitest";
import { BloomFilter, encodeBloomFilter, hashKey } from "../src/format-entry.js";
import { bytesOf } from "./support/entries.js";

const key = { low: 1, high: 2 };

function hashes(count: number, prefix: string): Int32Array {
  return Int32Array.from({ length: count }, (_, at) => {
    const bytes = bytesOf(`${prefix}${at}`);
    return hashKey(bytes, 0, bytes.length, key);
  });
}

test("law 10: no false negatives, for any number of keys and any policy", () => {
  const sizes = fc.oneof(fc.nat({ max: 70 }), fc.constantFrom(500, 5_000, 100_000));
  fc.assert(
    fc.property(sizes, fc.constantFrom(0.5, 1, 4, 10, 16, 100), fc.nat(), (count, bitsPerKey, salt) => {
      const all = hashes(count, `k${salt}:`);
      const filter = new BloomFilter(encodeBloomFilter(all, count, { bitsPerKey, hashKey: key }));
      expect(filter.keyCount).toBe(count);
      expect(all.every((hash) => filter.mayContain(hash))).toBe(true);
    }),
    { numRuns: 60 },
  );
});

test.each([
  [1_000, 10, 0.009],
  [50_000, 10, 0.0085],
  [50_000, 5, 0.105],
  [50_000, 16, 0.002],
])(
  "law 11: %i keys at %d bits: at most 1.5 times the false positives, 1.1 times the bits",
  (count, bitsPerKey, design) => {
    const payload = encodeBloomFilter(hashes(count, "in:"), count, { bitsPerKey, hashKey: key });
    const filter = new BloomFilter(payload);
    const asked = 100_000;
    const wrong = hashes(asked, "out:").reduce((sum, hash) => sum + (filter.mayContain(hash) ? 1 : 0), 0);
    expect(wrong / asked).toBeLessThan(1.5 * design);
    expect(wrong).toBeGreaterThan(0); // a filter that says yes to nothing would pass
    expect((payload.length * 8) / count).toBeLessThan(1.1 * bitsPerKey);
  },
);

test("law 11, S19: building never fails, whatever the keys", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer(), { maxLength: 1_000, size: "max" }),
      fc.constantFrom(1, 10, 100),
      (chosen, bitsPerKey) => {
        const all = Int32Array.from(chosen);
        const filter = new BloomFilter(encodeBloomFilter(all, all.length, { bitsPerKey, hashKey: key }));
        expect(all.every((hash) => filter.mayContain(hash))).toBe(true);
      },
    ),
    { numRuns: 300 },
  );
});

test("every forged field is refused", () => {
  const good = encodeBloomFilter(hashes(10, "k"), 10, { bitsPerKey: 10, hashKey: key });
  expect(new BloomFilter(good).bytes).toBe(20 + 64);
  const forged = (at: number, ...bytes: number[]): Uint8Array => {
    const copy = good.slice();
    copy.set(bytes, at);
    return copy;
  };
  const cases = [forged(0, 0), forged(0, 2), forged(1, 0), forged(1, 9), forged(8, 0), forged(8, 2), forged(11, 0x80)];
  for (const bytes of [...cases, good.subarray(0, -1), Uint8Array.from([...good, 0]), new Uint8Array(84)]) {
    expect(() => new BloomFilter(bytes)).toThrow(expect.objectContaining({ code: "LSM_CORRUPT" }));
  }
});
