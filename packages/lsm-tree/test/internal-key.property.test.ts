// Laws 1 and 8: the order of keys, and the keys that part blocks.
import fc from "fast-check";
import { expect, test } from "vitest";
import { compareBytes, separatorOf, sharedPrefix } from "../src/internal-key.js";
import { keys } from "./support/entries.js";

const longKeys = fc
  .tuple(fc.nat({ max: 200 }), fc.uint8Array({ maxLength: 100 }))
  .map(([shared, rest]) => Uint8Array.from([...new Array<number>(shared).fill(0x80), ...rest]));
const anyKey = fc.oneof(keys, longKeys);

test("law 1: keys compare as unsigned bytes, a prefix first", () => {
  fc.assert(
    fc.property(anyKey, anyKey, fc.nat({ max: 5 }), fc.nat({ max: 5 }), (a, b, before, behind) => {
      // In the middle of other bytes, so that nothing but the range counts.
      const around = (key: Uint8Array): Uint8Array =>
        Uint8Array.from([...new Array<number>(before).fill(0xff), ...key, ...new Array<number>(behind).fill(1)]);
      const order = compareBytes(around(a), before, before + a.length, around(b), before, before + b.length);
      expect(Math.sign(order)).toBe(Buffer.compare(a, b));
    }),
    { numRuns: 500 },
  );
});

test("shared prefixes are counted as byte by byte", () => {
  fc.assert(
    fc.property(anyKey, anyKey, (a, b) => {
      let expected = 0;
      while (expected < a.length && expected < b.length && a[expected] === b[expected]) expected += 1;
      expect(sharedPrefix(a, 0, a.length, b, 0, b.length)).toBe(expected);
    }),
  );
});

test("law 8: a separator is at least the last key, below the first, and no longer than the last", () => {
  fc.assert(
    fc.property(anyKey, anyKey, (one, other) => {
      const [last, first] = Buffer.compare(one, other) <= 0 ? [one, other] : [other, one];
      const separator = separatorOf(last, first);
      expect(Buffer.compare(last, separator)).toBeLessThanOrEqual(0);
      if (Buffer.compare(last, first) === 0) expect(separator).toEqual(last);
      else expect(Buffer.compare(separator, first)).toBe(-1);
      expect(separator.length).toBeLessThanOrEqual(last.length);
    }),
    { numRuns: 500 },
  );
});

test.each([
  ["abcdef", "abzz", "abd"],
  ["abc", "abcd", "abc"],
  ["abcxyz", "abdx", "abd"],
  ["abcxyz", "abd", "abcy"],
  ["ab\u007fz", "ab\u0080", "ab\u007fz"],
  ["", "a", ""],
  ["a\u00ffzz", "b", "a\u00ff{"],
  ["a\u00ff", "b", "a\u00ff"],
])("the shortest between %j and %j is %j", (last, first, separator) => {
  const latin = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "latin1"));
  expect(Buffer.from(separatorOf(latin(last), latin(first))).toString("latin1")).toBe(separator);
});
