import { expect, test } from "vitest";
import { checkRecords, numberedRecord } from "./numbered-record.js";

const appended = (count: number, seed: number): { lsn: number; payload: Uint8Array }[] =>
  Array.from({ length: count }, (_, at) => ({ lsn: at + 1, payload: numberedRecord(at + 1, seed) }));

test("a record says its number, and follows from number and seed", () => {
  expect(Buffer.from(numberedRecord(12, 7)).toString()).toMatch(/^12 [0-9a-f]{24,240}$/);
  expect(numberedRecord(12, 7)).toEqual(numberedRecord(12, 7));
  expect(numberedRecord(12, 7)).not.toEqual(numberedRecord(12, 8));
});

test("records in order are counted", () => {
  expect(checkRecords(appended(9, 7), 7)).toEqual({ count: 9, fault: undefined });
  expect(checkRecords([], 7)).toEqual({ count: 0, fault: undefined });
});

test.each([
  ["is missing", (all: ReturnType<typeof appended>) => all.toSpliced(2, 1), "LSN 4 where 3 is due"],
  [
    "is another",
    (all: ReturnType<typeof appended>) => all.with(2, { lsn: 3, payload: numberedRecord(4, 7) }),
    "LSN 3 is another",
  ],
  [
    "is longer",
    (all: ReturnType<typeof appended>) =>
      all.with(2, { lsn: 3, payload: Buffer.concat([numberedRecord(3, 7), Buffer.of(0)]) }),
    "LSN 3 is another",
  ],
])("those before one that %s are, and the fault is told", (_, change, fault) => {
  expect(checkRecords(change(appended(5, 7)), 7)).toEqual({ count: 2, fault: expect.stringContaining(fault) });
});
