// The CRC of any range from those of its ends is the CRC of the range, with any seed, through any window.
import fc from "fast-check";
import { expect, test } from "vitest";
import { ByteWindow, RangeChecksums, crc32, sourceOf } from "../src/index.js";

test("ranges that begin no further back than promised: the checksum that runs over the range", () => {
  const ranges = fc.array(fc.record({ start: fc.nat(3000), size: fc.nat(900), seed: fc.nat(0xffff_ffff) }), {
    minLength: 1,
    maxLength: 30,
  });
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 64, maxLength: 4000 }),
      fc.nat(300),
      fc.boolean(),
      ranges,
      (bytes, skip, file, asked) => {
        const source = file ? sourceOf(bytes) : bytes;
        const from = Math.min(skip, bytes.length);
        const here = new ByteWindow(source, 64, bytes.length);
        const sums = new RangeChecksums(source, here, { from, end: bytes.length, longestBytes: 900 });
        const inOrder = asked.toSorted((one, other) => one.start - other.start);
        let furthest = from;
        for (const { start, size, seed } of inOrder) {
          const end = Math.min(bytes.length, from + start + size);
          const begin = Math.min(end, Math.max(from + start, furthest - 900));
          furthest = Math.max(furthest, end);
          expect(sums.crc(begin, end, seed)).toBe(crc32(bytes, begin, end, seed));
        }
      },
    ),
  );
});
