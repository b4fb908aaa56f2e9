// Laws 3, 5 and 31 for records of the manifest.
import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeVersionEdit, encodeVersionEdit, type EditChange, type TableMeta } from "../src/format-entry.js";
import { LsmError } from "../src/lsm-error.js";
import { bytesOf, keys } from "./support/entries.js";

const safe = fc.oneof(fc.nat(), fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }));
const positive = safe.map((value) => Math.max(1, value));
const word = fc.integer({ min: 0, max: 0xffff_ffff });
const level = fc.nat({ max: 63 });

const tables: fc.Arbitrary<TableMeta> = fc
  .record({
    ...{ level, tableNumber: positive, bytes: positive, chain: word, entryCount: safe, minSeqno: safe, maxSeqno: safe },
    ...{ deleteCount: safe, smallest: keys, largest: keys, createdMs: safe },
  })
  .map((table) => ({
    ...table,
    deleteCount: Math.min(table.deleteCount, table.entryCount),
    maxSeqno: Math.max(table.minSeqno, table.maxSeqno),
  }));

const databases = fc.record({
  formatVersion: fc.integer({ min: 1, max: 0xffff }),
  databaseId: fc.uint8Array({ minLength: 16, maxLength: 16 }),
  comparator: fc.integer({ min: 1, max: 255 }),
  hashKey: fc.record({ low: word, high: word }),
  levelCount: fc.integer({ min: 1, max: 64 }),
});

const changes: fc.Arbitrary<EditChange> = fc.oneof(
  fc.record({ kind: fc.constant("snapshotBegin" as const), recordCount: positive }),
  fc.record({ kind: fc.constant("snapshotEnd" as const), tableCount: safe }),
  fc.record({ kind: fc.constant("database" as const), database: databases }),
  fc.record({ kind: fc.constant("addTable" as const), table: tables }),
  fc.record({ kind: fc.constant("deleteTable" as const), level, tableNumber: positive }),
  fc.record({ kind: fc.constant("watermarks" as const), nextFileNumber: positive, lastSeqno: safe, flushedLsn: safe }),
  fc.record({ kind: fc.constant("compactPointer" as const), level, key: keys }),
  fc.record({ kind: fc.constant("note" as const), text: fc.string({ unit: "grapheme", maxLength: 40 }) }),
);
const edits = fc.array(changes, { minLength: 1, maxLength: 12 });

test("law 3: changes come back, all of them and in their order", () => {
  fc.assert(
    fc.property(edits, (edit) => {
      expect(decodeVersionEdit(encodeVersionEdit(edit))).toEqual(edit);
    }),
    { numRuns: 500 },
  );
});

function refusalOf(bytes: Uint8Array): string {
  try {
    decodeVersionEdit(bytes);
  } catch (error) {
    if (!(error instanceof LsmError)) throw error;
    expect(["LSM_CORRUPT", "LSM_UNSUPPORTED"]).toContain(error.code);
    expect(error.context.offset).toBeLessThanOrEqual(bytes.length);
    return error.code;
  }
  return "accepted";
}

test("there is one spelling: damaged bytes are refused, or encode to themselves", () => {
  fc.assert(
    fc.property(edits, fc.nat(), fc.nat({ max: 255 }), (edit, place, byte) => {
      const bytes = encodeVersionEdit(edit);
      bytes[place % bytes.length] = byte;
      if (refusalOf(bytes) !== "accepted") return;
      const found = decodeVersionEdit(bytes);
      // A tag that may be passed by is gone from what comes back; nothing else is.
      if (found.length === edit.length) expect(encodeVersionEdit(found)).toEqual(bytes);
      else expect(found.length).toBeLessThan(edit.length);
    }),
    { numRuns: 1000 },
  );
});

const table: TableMeta = {
  ...{
    level: 1,
    tableNumber: 12,
    bytes: 5000,
    chain: 0xdead_beef,
    entryCount: 90,
    deleteCount: 3,
    minSeqno: 5,
    maxSeqno: 400,
  },
  ...{ smallest: bytesOf("a"), largest: bytesOf("z"), createdMs: 1_700_000_000_000 },
};
const sample = encodeVersionEdit([
  { kind: "addTable", table },
  { kind: "deleteTable", level: 0, tableNumber: 3 },
  { kind: "watermarks", nextFileNumber: 13, lastSeqno: 400, flushedLsn: 20 },
]);

test("negative space: cut at every byte, every byte forged", () => {
  const whole = decodeVersionEdit(sample).length;
  for (let end = 0; end < sample.length; end++) {
    const cut = sample.slice(0, end);
    // Between two changes a cut is an edit of fewer: the frame around it is what keeps it whole.
    if (refusalOf(cut) === "accepted") expect(decodeVersionEdit(cut).length).toBeLessThan(whole);
  }
  let refused = 0;
  for (let at = 0; at < sample.length; at++) {
    for (let byte = 0; byte < 256; byte++) {
      const forged = sample.slice();
      forged[at] = byte;
      if (refusalOf(forged) !== "accepted") refused += 1;
    }
  }
  expect(refused).toBeGreaterThan(sample.length * 16);
});

test("law 5: zeros, and nothing, are no edit", () => {
  for (const size of [0, 1, 8, 64]) expect(refusalOf(new Uint8Array(size))).toBe("LSM_CORRUPT");
});

test("tags below 128 are passed by where they are not known, the others are refused", () => {
  const unknown = Uint8Array.from([100, 2, 9, 9, ...sample]);
  expect(decodeVersionEdit(unknown)).toEqual(decodeVersionEdit(sample));
  expect(refusalOf(Uint8Array.from([...sample, 200, 0]))).toBe("LSM_UNSUPPORTED");
});

test.each([
  ["fields that end before their length", [132, 3, 0, 3, 0]],
  ["a table number of 0", [132, 2, 0, 0]],
  ["a level above 63", [132, 2, 64, 1]],
  ["a length beyond the end", [132, 9, 0, 1]],
  ["a number that is spelled long", [137, 2, 0x81, 0]],
  ["a number above 2^53-1", [137, 8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f]],
  ["a number that does not end", [137, 9, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1]],
  ["text that is not UTF-8", [11, 1, 0xff]],
  ["a text that is too long", [11, 0x81, 8, ...new Array<number>(1025).fill(0x20)]],
])("refused: %s", (_, bytes) => {
  expect(refusalOf(Uint8Array.from(bytes))).toBe("LSM_CORRUPT");
});

test("wrong fields are refused by name when they are written", () => {
  const encode = (change: EditChange) => () => encodeVersionEdit([change]);
  expect(() => encodeVersionEdit([])).toThrow("changes");
  expect(encode({ kind: "addTable", table: { ...table, tableNumber: 0 } })).toThrow("tableNumber");
  expect(encode({ kind: "addTable", table: { ...table, deleteCount: 91 } })).toThrow("deleteCount");
  expect(encode({ kind: "addTable", table: { ...table, maxSeqno: 4 } })).toThrow("maxSeqno");
  expect(encode({ kind: "addTable", table: { ...table, chain: -1 } })).toThrow("chain");
  expect(encode({ kind: "addTable", table: { ...table, smallest: new Uint8Array(65_536) } })).toThrow(
    "bytes of smallest",
  );
  expect(encode({ kind: "deleteTable", level: 64, tableNumber: 1 })).toThrow("level");
  expect(encode({ kind: "note", text: "x".repeat(1025) })).toThrow("bytes of text");
  const database = {
    formatVersion: 1,
    databaseId: new Uint8Array(15),
    comparator: 1,
    hashKey: { low: 0, high: 0 },
    levelCount: 7,
  };
  expect(encode({ kind: "database", database })).toThrow("databaseId must have 16 bytes");
});
