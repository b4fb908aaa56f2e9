// What an iterator gives out is the caller's: it is what was added, and shares no byte with its block, nor with what was given out before.
import fc from "fast-check";
import { expect, test } from "vitest";
import { itemColumn } from "../src/item-column.js";

/** Blocks of every size that is treated differently, and items in them: a block, and where in it an item begins and ends, as parts of its length. */
const blockBytes = fc.constantFrom(0, 1, 40, 300, 4096, 8192, 8193, 20_000);
const picks = fc.array(
  fc.record({
    block: fc.nat({ max: 3 }),
    times: fc.integer({ min: 1, max: 4 }),
    from: fc.double({ min: 0, max: 1, noNaN: true }),
    part: fc.constantFrom(0, 0.01, 0.03, 0.5),
  }),
  { minLength: 1, maxLength: 40 },
);

const pattern = Uint8Array.from({ length: 20_004 }, (_, at) => (at * 7 + (at >>> 8)) % 251);

test("items are copies that nobody else has, however they lie in their blocks", () => {
  fc.assert(
    fc.property(
      fc.array(blockBytes, { minLength: 4, maxLength: 4 }),
      fc.array(picks, { minLength: 1, maxLength: 4 }),
      fc.constantFrom("buffer" as const, "view" as const),
      fc.boolean(),
      (sizes, batches, format, areLasting) => {
        const blocks = sizes.map((size, block) => pattern.slice(block, block + size));
        const before = blocks.map((block) => block.slice());
        const column = itemColumn(format, areLasting);
        const given: Uint8Array[] = [];
        const expected: Uint8Array[] = [];
        for (const batch of batches) {
          const count = given.length;
          for (const { block, times, from, part } of batch) {
            const bytes = blocks[block]!;
            const length = Math.floor(bytes.length * part);
            // One behind the other, as the values of a block are.
            let start = Math.floor(from * (bytes.length - length));
            for (let time = 0; time < times && start + length <= bytes.length; time++, start += length) {
              column.add(bytes, start, start + length);
              expected.push(before[block]!.slice(start, start + length));
            }
          }
          given.push(...(column.take() as Uint8Array[])); // of bytes, as the format says
          expect(given.length).toBe(expected.length);
          const fresh = given.slice(count);
          expect(Buffer.compare(Buffer.concat(fresh), Buffer.concat(expected.slice(count)))).toBe(0);
          expect(fresh.map(({ length }) => length)).toEqual(expected.slice(count).map(({ length }) => length));
          expect(fresh.every((item) => item instanceof Buffer === (format === "buffer"))).toBe(true);
          // The caller writes over what it has: whatever is given out later is what was added all the same.
          for (const item of given) item.fill(255);
          for (const item of expected) item.fill(255);
        }
        for (const [at, block] of blocks.entries()) expect(Buffer.compare(block, before[at]!)).toBe(0);
      },
    ),
    { numRuns: 100 },
  );
});

test("bytes that do not last may change between two items", () => {
  const column = itemColumn("buffer", false);
  const scratch = new Uint8Array(8);
  for (let step = 0; step < 4; step++) column.add(scratch.fill(step), 0, 3);
  expect(column.take()).toEqual([0, 1, 2, 3].map((step) => Buffer.alloc(3, step)));
});
