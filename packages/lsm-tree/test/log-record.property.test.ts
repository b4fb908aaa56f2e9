// Laws 3, 5, 16 and 22 for log records: a batch comes back whole and in order, or not at all.
import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeClear, LogRecordCursor, WriteBatch } from "../src/format-entry.js";
import { LsmError } from "../src/lsm-error.js";
import { bytesOf, keys } from "./support/entries.js";

type Operation =
  | { readonly kind: "put"; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly kind: "delete"; readonly key: Uint8Array }
  | { readonly kind: "deleteRange"; readonly key: Uint8Array; readonly end: Uint8Array | undefined };

const operations: fc.Arbitrary<Operation[]> = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant("put" as const), key: keys, value: fc.uint8Array({ maxLength: 200 }) }),
    fc.record({ kind: fc.constant("delete" as const), key: keys }),
    fc.record({ kind: fc.constant("deleteRange" as const), key: keys, end: fc.option(keys, { nil: undefined }) }),
  ),
  { minLength: 1, maxLength: 30 },
);
const seqnos = fc.oneof(fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER - 100 }));

function add(batch: WriteBatch, operation: Operation): void {
  if (operation.kind === "put") batch.put(operation.key, operation.value);
  else if (operation.kind === "delete") batch.delete(operation.key);
  else batch.deleteRange(operation.key, operation.end);
}

function encode(all: readonly Operation[], baseSeqno: number): Uint8Array {
  const batch = new WriteBatch();
  for (const operation of all) add(batch, operation);
  return Uint8Array.from(batch.finish(baseSeqno));
}

function decode(record: Uint8Array): { operations: Operation[]; seqnos: number[] } {
  const cursor = new LogRecordCursor();
  cursor.load(record);
  const found: { operations: Operation[]; seqnos: number[] } = { operations: [], seqnos: [] };
  while (cursor.next()) {
    const key = record.slice(cursor.keyStart, cursor.keyEnd);
    const second = record.slice(cursor.valueStart, cursor.valueEnd);
    if (cursor.kind === 1) found.operations.push({ kind: "put", key, value: second });
    else if (cursor.kind === 2) found.operations.push({ kind: "delete", key });
    else found.operations.push({ kind: "deleteRange", key, end: cursor.hasEnd ? second : undefined });
    found.seqnos.push(cursor.seqno);
  }
  expect(cursor.operationCount).toBe(found.operations.length);
  return found;
}

test("laws 3 and 16: operations come back in their order, a seqno each", () => {
  fc.assert(
    fc.property(operations, seqnos, (all, baseSeqno) => {
      const found = decode(encode(all, baseSeqno));
      expect(found.operations).toEqual(all);
      expect(found.seqnos).toEqual(all.map((_, at) => baseSeqno + at));
    }),
    { numRuns: 300 },
  );
});

test("there is one spelling: what decodes encodes to the same bytes", () => {
  fc.assert(
    fc.property(operations, seqnos, fc.nat(), fc.nat({ max: 255 }), (all, baseSeqno, place, byte) => {
      const record = encode(all, baseSeqno);
      record[place % record.length] = byte;
      try {
        const cursor = new LogRecordCursor();
        cursor.load(record);
        if (cursor.recordKind === "clear") return;
        expect(encode(decode(record).operations, cursor.baseSeqno)).toEqual(record);
      } catch (error) {
        checkRefusal(error, record);
      }
    }),
    { numRuns: 1000 },
  );
});

function checkRefusal(error: unknown, record: Uint8Array): void {
  if (!(error instanceof LsmError)) throw error;
  expect(["LSM_CORRUPT", "LSM_UNSUPPORTED"]).toContain(error.code);
  expect(error.context.offset).toBeLessThanOrEqual(record.length);
}

const sample = encode(
  [
    { kind: "put", key: bytesOf("a"), value: bytesOf("1") },
    { kind: "delete", key: bytesOf("b") },
    { kind: "deleteRange", key: bytesOf("c"), end: undefined },
    { kind: "deleteRange", key: new Uint8Array(), end: new Uint8Array() },
    { kind: "put", key: bytesOf("a"), value: new Uint8Array(300) },
  ],
  77,
);

function refusalOf(record: Uint8Array): string {
  const cursor = new LogRecordCursor();
  try {
    cursor.load(record);
  } catch (error) {
    checkRefusal(error, record);
    expect(cursor.next()).toBe(false); // nobody applies half of it
    return (error as LsmError).code; // checkRefusal has seen what it is
  }
  return "accepted";
}

test("negative space: cut at every byte, every byte forged, anything behind", () => {
  for (let end = 0; end < sample.length; end++) expect(refusalOf(sample.slice(0, end))).toBe("LSM_CORRUPT");
  expect(refusalOf(Uint8Array.from([...sample, 0]))).toBe("LSM_CORRUPT");
  for (let at = 0; at < sample.length; at++) {
    for (let byte = 0; byte < 256; byte++) {
      const forged = sample.slice();
      forged[at] = byte;
      refusalOf(forged);
    }
  }
});

test.each([
  ["kind 0", 0, [0], "LSM_CORRUPT"],
  ["a later kind", 0, [3], "LSM_UNSUPPORTED"],
  ["later flags", 1, [3], "LSM_UNSUPPORTED"],
  ["flags that say less than there is", 1, [0], "LSM_CORRUPT"],
  ["a keyspace", 2, [1], "LSM_UNSUPPORTED"],
  ["no operations", 4, [0], "LSM_CORRUPT"],
  ["fewer operations", 4, [4], "LSM_CORRUPT"],
  ["more operations", 4, [6], "LSM_CORRUPT"],
  ["more operations than bytes", 4, [255, 255, 255, 255], "LSM_CORRUPT"],
  ["seqno 0", 8, [0], "LSM_CORRUPT"],
  ["a seqno above 2^53-1", 14, [0x20], "LSM_CORRUPT"],
  ["seqnos that run out", 8, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f], "LSM_CORRUPT"],
  ["an operation of kind 0", 16, [0], "LSM_CORRUPT"],
  ["an operation of a later kind", 16, [4], "LSM_UNSUPPORTED"],
] as const)("refused: %s", (_, at, bytes, code) => {
  const forged = sample.slice();
  forged.set(bytes, at);
  expect(refusalOf(forged)).toBe(code);
});

test("law 5: zeros are no record", () => {
  for (const size of [1, 16, 64, 512]) expect(refusalOf(new Uint8Array(size))).toBe("LSM_CORRUPT");
});

test("a clear takes one seqno and has no operations", () => {
  const cursor = new LogRecordCursor();
  cursor.load(encodeClear(9));
  expect(cursor).toMatchObject({ recordKind: "clear", baseSeqno: 9, lastSeqno: 9 });
  expect(cursor.next()).toBe(false);
  expect(refusalOf(Uint8Array.from([...encodeClear(9), 1]))).toBe("LSM_CORRUPT");
  const two = encodeClear(9);
  two[4] = 2;
  expect(refusalOf(two)).toBe("LSM_CORRUPT");
});

test("law 22: limits are checked before anything changes", () => {
  const batch = new WriteBatch({ maxRecordBytes: 100 });
  batch.put(bytesOf("a"), bytesOf("1"));
  const before = Uint8Array.from(batch.finish(5));
  const refused = [
    () => batch.put(bytesOf("b"), new Uint8Array(90)),
    () => batch.put(new Uint8Array(65_536), bytesOf("1")),
    () => batch.put(bytesOf("b"), new Uint8Array(0x400_0001)),
    () => batch.delete(new Uint8Array(65_536)),
    () => batch.deleteRange(new Uint8Array(), new Uint8Array(65_536)),
    () => batch.deleteRange(new Uint8Array(), new Uint8Array(90)),
  ];
  for (const call of refused) expect(call).toThrow(RangeError);
  expect(batch.finish(5)).toEqual(before);
  expect(() => batch.finish(0)).toThrow("baseSeqno");
  expect(() => batch.finish(Number.MAX_SAFE_INTEGER + 1)).toThrow("baseSeqno");
  expect(() => new WriteBatch().finish(1)).toThrow("operations");
  expect(() => encodeClear(0)).toThrow("seqno");
  expect(() => new WriteBatch({ maxRecordBytes: 1 })).toThrow("maxRecordBytes");
  expect(() => new WriteBatch({ maxBytes: 1 } as never)).toThrow('unknown option "maxBytes"');
});

test("a batch is used again, and takes copies", () => {
  const batch = new WriteBatch();
  batch.deleteRange(bytesOf("x"), undefined);
  batch.reset();
  const key = bytesOf("key");
  batch.put(key, bytesOf("v".repeat(10_000)));
  key.fill(0);
  expect(batch.recordBytes).toBe(batch.finish(1).length);
  expect(decode(batch.finish(1)).operations).toEqual([
    { kind: "put", key: bytesOf("key"), value: bytesOf("v".repeat(10_000)) },
  ]);
});
