import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { OrdinalTable } from "./ordinal-table.js";

/** Hashes as a table meets them: spread out, of few low bits, of few high bits, and all alike. */
const hash = fc.oneof(
  fc.nat(0xffffffff),
  fc.nat(31),
  fc.nat(31).map((high) => (high << 27) >>> 0),
  fc.constant(0x9abcdef0),
);

function tableOf(hashes: Iterable<number>): OrdinalTable {
  const table = new OrdinalTable();
  let ordinal = 0;
  for (const each of hashes) {
    table.add(each, ordinal);
    ordinal += 1;
  }
  return table;
}

/** Every ordinal under a hash, as the table tells them. */
function allUnder(table: OrdinalTable, wanted: number): number[] {
  const found: number[] = [];
  table.find(wanted, (ordinal) => {
    found.push(ordinal);
    return false;
  });
  return found.toSorted((a, b) => a - b);
}

test("a table finds exactly what was added under a hash", () => {
  fc.assert(
    fc.property(fc.array(hash, { maxLength: 200 }), hash, (hashes, other) => {
      const table = tableOf(hashes);
      expect(table.count).toBe(hashes.length);
      for (const each of [...hashes, other]) {
        const expected = hashes.flatMap((one, ordinal) => (one === each ? [ordinal] : []));
        expect(allUnder(table, each)).toEqual(expected);
        for (const ordinal of expected) expect(table.find(each, (one) => one === ordinal)).toBe(ordinal);
      }
    }),
  );
});

describe("growth", () => {
  /** A permutation of the 32-bit words, so that no two are alike. */
  const spread = (ordinal: number): number => Math.imul(ordinal, 0x9e3779b1) >>> 0;

  test("a hundred thousand entries are found, in fewer than 22 bytes each, and no step moves many", () => {
    const table = new OrdinalTable();
    let [before, most] = [table.bytes, 0];
    for (let ordinal = 0; ordinal < 100_000; ordinal += 1) {
      table.add(spread(ordinal), ordinal);
      most = Math.max(most, table.bytes - before);
      before = table.bytes;
    }
    const found = Array.from({ length: 110_000 }, (_, ordinal) => table.find(spread(ordinal), () => true));
    expect(found.filter((each, ordinal) => each !== ordinal)).toEqual(Array.from({ length: 10_000 }, () => -1));
    expect(table.bytes / table.count).toBeLessThan(22);
    expect(most).toBeLessThanOrEqual(2048 * 8);
  });

  test("entries that share all bits of a hash cost their own room only", () => {
    const table = new OrdinalTable();
    for (let ordinal = 0; ordinal < 5000; ordinal += 1) table.add(7, ordinal);
    expect(allUnder(table, 7)).toHaveLength(5000);
    expect(table.find(7, (ordinal) => ordinal === 4321)).toBe(4321);
    expect(table.bytes / table.count).toBeLessThan(256);
  });
});

test("what is added at once, or comes from another table that grows meanwhile, is found as what was added one by one", () => {
  const count = 300_000;
  const hashes = Uint32Array.from({ length: count }, (_, ordinal) => Math.imul(ordinal, 0x9e3779b1) >>> 0);
  const [first, second] = [new OrdinalTable(), new OrdinalTable()];
  first.addAll(hashes.subarray(0, 1000), 0);
  first.addAll(hashes.subarray(1000), 1000);
  second.reserve(count - 5);
  let added = count;
  for (const entries of first.entries(count, 4096)) {
    expect(entries.length).toBeLessThanOrEqual(2 * 4096);
    second.addEntries(entries, count - 5);
    for (let more = 0; more < 3000; more += 1) first.add(Math.imul(added, 0x85ebca6b), (added += 1));
  }
  expect([first.count, second.count]).toEqual([added, count - 5]);
  for (const [ordinal, hash] of hashes.entries()) {
    const [inFirst, inSecond] = [first, second].map((table) => table.find(hash, (found) => found === ordinal));
    if (inFirst !== ordinal || inSecond !== (ordinal < count - 5 ? ordinal : -1)) throw new Error(`ordinal ${ordinal}`);
  }
  expect(second.bytes / second.count).toBeLessThan(22);
});

test("a table that has made room for its entries takes no more until they are there, and makes it only while it is empty", () => {
  const hashes = Uint32Array.from({ length: 100_000 }, (_, ordinal) => Math.imul(ordinal, 0x9e3779b1) >>> 0);
  const table = new OrdinalTable();
  table.reserve(hashes.length);
  const { bytes } = table;
  table.reserve(10);
  table.addAll(hashes.subarray(0, 10), 0);
  table.reserve(10 * hashes.length);
  for (let ordinal = 10; ordinal < hashes.length; ordinal += 1) table.add(hashes[ordinal] ?? 0, ordinal);
  expect(table.bytes).toBe(bytes);
  expect(bytes / table.count).toBeLessThan(22);
  const missed = hashes.findIndex((hash, ordinal) => table.find(hash, (found) => found === ordinal) !== ordinal);
  expect(missed).toBe(-1);
});
