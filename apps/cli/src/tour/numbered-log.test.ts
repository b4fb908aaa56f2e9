import { expect, test } from "vitest";
import { encodeRecord, scanLog } from "./numbered-log.js";

const seed = 11;
const [first, second, third] = [encodeRecord(1, seed), encodeRecord(2, seed), encodeRecord(3, seed)] as const;
const records = [first, second, third];
const log = Buffer.concat(records);
const ends = [0, ...records.map((_, at) => Buffer.concat(records.slice(0, at + 1)).length)];

test("a record is a line a person can read", () => {
  expect(Buffer.from(encodeRecord(42, seed)).toString()).toMatch(/^42 [0-9a-f]+ [0-9a-f]{8}\n$/);
  expect(encodeRecord(42, seed)).toEqual(encodeRecord(42, seed));
  expect(encodeRecord(42, seed)).not.toEqual(encodeRecord(42, seed + 1));
});

test("records have many lengths, within bounds", () => {
  const lengths = Array.from({ length: 500 }, (_, at) => encodeRecord(at + 1, at).length);
  expect(Math.min(...lengths)).toBeGreaterThan(30);
  expect(Math.max(...lengths)).toBeLessThan(300);
  expect(new Set(lengths).size).toBeGreaterThan(20);
});

test("a whole log is clean", () => {
  expect(scanLog(log, seed)).toEqual({ recordCount: 3, endOffset: log.length, end: { kind: "clean" } });
  expect(scanLog(new Uint8Array(0), seed)).toEqual({ recordCount: 0, endOffset: 0, end: { kind: "clean" } });
});

test("cut anywhere, it is what is whole, and a torn tail", () => {
  for (let cut = 0; cut <= log.length; cut += 1) {
    const { recordCount, endOffset, end } = scanLog(log.subarray(0, cut), seed);
    expect(recordCount).toBe(ends.findLastIndex((at) => at <= cut));
    expect(endOffset).toBe(ends[recordCount]);
    expect(end).toEqual(cut === endOffset ? { kind: "clean" } : { kind: "torn", tornBytes: cut - endOffset });
  }
});

test("no flipped bit goes unnoticed, and none is taken for a tear", () => {
  for (let bit = 0; bit < log.length * 8; bit += 1) {
    const damaged = Buffer.from(log);
    const at = bit >> 3;
    damaged[at] = (damaged[at] ?? 0) ^ (1 << (bit & 7));
    const { recordCount, end } = scanLog(damaged, seed);
    const hit = ends.findLastIndex((start) => start <= at);
    expect(recordCount).toBe(hit);
    expect(end).toEqual({ kind: "corrupt", why: `record ${hit + 1} does not check` });
  }
});

test("records that check and do not belong are corruption", () => {
  for (const wrong of [[first, third], [first, first], [second], [first, encodeRecord(2, seed + 1)]]) {
    const { end } = scanLog(Buffer.concat(wrong), seed);
    expect(end).toMatchObject({ kind: "corrupt", why: expect.stringContaining("is another") });
  }
});

test.each([
  ["a hole between records", [first, second.subarray(5), third]],
  ["zeros behind the last record", [log, Buffer.alloc(100)]],
  ["a record without its beginning at the end", [log, encodeRecord(4, seed).subarray(1)]],
])("%s is corruption and no tear", (_, parts) => {
  expect(scanLog(Buffer.concat(parts), seed).end.kind).toBe("corrupt");
});
