// What a reader hands out stays as it is while reading goes on, whatever the lengths: records lie in memory that they share, copied
// from memory that the cursor reads into again and again.
import { Directory } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import fc from "fast-check";
import { expect, test } from "vitest";
import { openWal, type WalRecord } from "../src/index.js";

/** Around what a cursor has in memory at once, and far below. */
const length = fc.oneof(
  { weight: 6, arbitrary: fc.nat(40) },
  { weight: 3, arbitrary: fc.integer({ min: 1000, max: 9000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 262_000, max: 262_300 }) },
);
const appends = fc.array(fc.oneof(length, fc.array(length, { minLength: 1, maxLength: 5 })), { maxLength: 60 });

/** Only the beginning tells which record it is, as one byte repeated; so a long one costs little to make and to compare. */
function recordOf(number: number, bytes: number): Uint8Array {
  return new Uint8Array(bytes).fill((number * 7) % 255);
}

test("records that are read are what was appended, once all of them have been read", async () => {
  await fc.assert(
    fc.asyncProperty(appends, fc.boolean(), async (steps, inBatches) => {
      await using log = await openWal({ directory: new Directory(new MemoryFs()) });
      const expected: Uint8Array[] = [];
      const next = (bytes: number): Uint8Array => {
        const record = recordOf(expected.length, bytes);
        expected.push(record);
        return record;
      };
      for (const step of steps) {
        if (typeof step === "number") log.append(next(step));
        else log.appendBatch(step.map(next));
      }
      const read: WalRecord[] = [];
      if (inBatches) for await (const batch of log.readBatches()) read.push(...batch);
      else read.push(...log.read());
      expect(read.length).toBe(expected.length);
      read.forEach(({ payload }, index) => {
        if (Buffer.compare(payload, expected[index] as Uint8Array) !== 0) throw new Error(`record ${index} is another`);
      });
    }),
    { numRuns: 60 },
  );
});
