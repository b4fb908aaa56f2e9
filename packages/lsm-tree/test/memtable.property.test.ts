// Laws 1, 6, 16, 17 and 23 for the memtable, against the list of writes itself.
import fc from "fast-check";
import { expect, test } from "vitest";
import { applyBatch } from "../src/batch-application.js";
import { Memtable, WriteBatch, type MemtableCursor } from "../src/format-entry.js";
import { MemtableEntries } from "../src/memtable-entries.js";
import { MemtableRuns, resultOf } from "../src/memtable-runs.js";
import {
  backward,
  bytesOf,
  compareEntries,
  crowdedKeys,
  entryOf,
  forward,
  isSame,
  keys,
  lowerBound,
  versionAt,
  writes,
  type Entry,
} from "./support/entries.js";
import { hashKeyOfTests, hashOf } from "./support/tables.js";

function newMemtable(expectedEntries = 0): Memtable {
  return new Memtable({ hashKey: hashKeyOfTests, expectedEntries });
}

function write(memtable: Memtable, { key, seqno, value }: Entry): void {
  if (value === undefined) memtable.delete(key, seqno);
  else memtable.put(key, value, seqno);
}

function find(memtable: Memtable, key: Uint8Array, seqno: number): Entry | undefined {
  const found = memtable.find(key, hashOf(key), seqno);
  return found === undefined ? undefined : entryOf(found);
}

/** All entries of several cursors, in internal order by the model's own comparison. */
function merged(cursors: readonly MemtableCursor[]): Entry[] {
  return cursors.flatMap((cursor) => forward(cursor)).toSorted(compareEntries);
}

test("law 16: the last write of a key up to a seqno is what that seqno sees", () => {
  fc.assert(
    fc.property(fc.oneof(writes(80, crowdedKeys), writes()), keys, (entries, stranger) => {
      const memtable = newMemtable();
      for (const entry of entries) write(memtable, entry);
      for (const key of [stranger, ...entries.map((entry) => entry.key)]) {
        for (const seqno of [0, 80, ...entries.map((entry) => entry.seqno), Number.MAX_SAFE_INTEGER]) {
          expect(find(memtable, key, seqno)).toEqual(versionAt(entries, key, seqno));
        }
      }
      expect(memtable.entryCount).toBe(entries.length);
      expect(memtable.deleteCount).toBe(entries.filter(({ value }) => value === undefined).length);
      expect([memtable.minSeqno, memtable.maxSeqno]).toEqual([entries[0]?.seqno ?? 0, entries.at(-1)?.seqno ?? 0]);
    }),
    { numRuns: 60 },
  );
});

test("law 23: cursors see what was there when they were made, whatever is written and sorted afterwards", () => {
  fc.assert(
    fc.property(writes(200), fc.array(fc.nat({ max: 40 }), { maxLength: 12 }), (entries, pauses) => {
      const memtable = newMemtable();
      const views: { readonly cursors: MemtableCursor[]; readonly count: number }[] = [];
      let written = 0;
      for (const pause of [...pauses, entries.length]) {
        for (const entry of entries.slice(written, written + pause)) write(memtable, entry);
        written = Math.min(entries.length, written + pause);
        views.push({ cursors: pause % 3 === 0 ? [memtable.sortedCursor()] : memtable.cursors(), count: written });
      }
      for (const { cursors, count } of views) {
        expect(merged(cursors)).toEqual(entries.slice(0, count).toSorted(compareEntries));
        for (const cursor of cursors) expect(backward(cursor)).toEqual(forward(cursor).toReversed());
      }
    }),
    { numRuns: 80 },
  );
});

test("one that was reset is like a new one, in the same memory, and touches nothing of others that share it", () => {
  const large = fc.integer({ min: 200_000, max: 600_000 });
  fc.assert(
    fc.property(writes(), writes(), writes(), fc.array(large, { maxLength: 3 }), (before, beside, after, sizes) => {
      const freeChunks: Uint8Array[] = [];
      const memtable = new Memtable({ hashKey: hashKeyOfTests, expectedEntries: 0, freeChunks });
      for (const entry of before) write(memtable, entry);
      for (const [at, size] of sizes.entries()) memtable.put(bytesOf("large"), new Uint8Array(size), 2 ** 40 + at);
      memtable.cursors(); // and with runs
      const { bytes } = memtable;
      memtable.reset();
      const kept = bytes - memtable.bytes; // bytes of chunks
      expect(freeChunks.length * 2 ** 20).toBeLessThanOrEqual(kept);
      expect(freeChunks.every(({ length }) => length === 2 ** 20)).toBe(true); // large values are not kept
      const free = new Set(freeChunks);
      const other = new Memtable({ hashKey: hashKeyOfTests, freeChunks });
      for (const entry of beside) write(other, entry);
      expect(freeChunks).toHaveLength(Math.max(0, free.size - (beside.length > 0 ? 1 : 0)));
      for (const entry of after) write(memtable, entry);
      expect(memtable.entryCount).toBe(after.length);
      expect(memtable.deleteCount).toBe(after.filter(({ value }) => value === undefined).length);
      expect([memtable.minSeqno, memtable.maxSeqno]).toEqual([after[0]?.seqno ?? 0, after.at(-1)?.seqno ?? 0]);
      for (const { key } of [...before, ...after, { key: bytesOf("large") }]) {
        for (const seqno of [1, 40, Number.MAX_SAFE_INTEGER]) {
          expect(find(memtable, key, seqno)).toEqual(versionAt(after, key, seqno));
        }
      }
      expect(merged(memtable.cursors())).toEqual(after.toSorted(compareEntries));
      expect(forward(other.sortedCursor())).toEqual(beside.toSorted(compareEntries));
    }),
    { numRuns: 60 },
  );
});

test("the cursor of a flush is in order, and finds every place", () => {
  fc.assert(
    fc.property(writes(), keys, (entries, stranger) => {
      const memtable = newMemtable();
      for (const entry of entries) write(memtable, entry);
      const cursor = memtable.sortedCursor();
      const inOrder = entries.toSorted(compareEntries);
      expect(forward(cursor)).toEqual(inOrder);
      for (const { key, seqno } of [...entries, { key: stranger, seqno: 5 }, { key: stranger, seqno: -1 }]) {
        const at = lowerBound(inOrder, key, seqno);
        cursor.seek(key, seqno);
        expect(cursor.valid ? entryOf(cursor) : undefined).toEqual(inOrder[at]);
        cursor.seekBefore(key, seqno);
        expect(cursor.valid ? entryOf(cursor) : undefined).toEqual(inOrder[at - 1]);
      }
    }),
    { numRuns: 60 },
  );
});

/** Keys that defeat what makes sorting fast: equal heads, keys that end inside them, long common prefixes, deep chains. */
const hardKeys: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.nat({ max: 70 }).map((length) => new Uint8Array(length)),
  fc
    .tuple(fc.nat({ max: 20 }), fc.nat({ max: 3 }))
    .map(([depth, last]) => bytesOf(`${"abcd".repeat(depth)}${"x".repeat(last)}`)),
  fc.array(fc.constantFrom(0, 1), { minLength: 8, maxLength: 14 }).map((bits) => Uint8Array.from(bits)),
);

test("law 1: sorting is right for keys that are hard to sort", () => {
  fc.assert(
    fc.property(fc.array(hardKeys, { minLength: 17, maxLength: 400 }), (chosen) => {
      const memtable = newMemtable();
      const entries = chosen.map((key, at) => ({ key, seqno: at + 1, value: new Uint8Array() }));
      for (const entry of entries) write(memtable, entry);
      expect(forward(memtable.sortedCursor())).toEqual(entries.toSorted(compareEntries));
    }),
    { numRuns: 60 },
  );
});

/** Adds a put without value and returns its number. */
function addKey(entries: MemtableEntries, key: Uint8Array, seqno: number): number {
  const start = entries.keep(key, 0, key.length);
  const end = start + key.length;
  return entries.add(1, seqno, start, end, end, end);
}

test("runs stay few, however often somebody iterates", () => {
  const entries = new MemtableEntries(0);
  const runs = new MemtableRuns(entries);
  for (let at = 0; at < 3000; at++) {
    addKey(entries, bytesOf(`${(at * 7919) % 3001}`), at + 1);
    const all = runs.all();
    expect(all.length).toBeLessThanOrEqual(2 + Math.log2(at + 1));
    expect(all.reduce((sum, run) => sum + run.length, 0)).toBe(at + 1);
  }
  const before = runs.all();
  const count = before.length;
  expect(count).toBeGreaterThan(1);
  const one = resultOf(runs.one());
  expect(before).toHaveLength(count); // whoever has runs keeps them
  addKey(entries, bytesOf("one more"), 3001);
  const behind = runs.all();
  addKey(entries, bytesOf("and another"), 3002);
  runs.all();
  expect(behind.map(({ length }) => length)).toEqual([3000, 1]);
  expect(one).toHaveLength(3000);
  expect(behind[0]).toBe(one);
});

test("sorting for a flush has pauses, and whoever reads in one of them sees everything", () => {
  const entries = new MemtableEntries(0);
  const runs = new MemtableRuns(entries);
  const count = 100_000;
  for (let at = 0; at < count; at++) {
    addKey(entries, bytesOf(`${(at * 7919) % 50_021}`), at + 1);
    if (at === 5000) runs.all();
  }
  const steps = runs.one();
  let pauses = 0;
  let step = steps.next();
  for (; step.done !== true; step = steps.next()) {
    pauses += 1;
    if (pauses % 5 === 0) expect(runs.all().reduce((sum, run) => sum + run.length, 0)).toBe(count);
  }
  expect(pauses).toBeGreaterThan(count / 16_384);
  const expected = Uint32Array.from({ length: count }, (_, id) => id).sort((a, b) => entries.compare(a, b));
  expect(step.value).toEqual(expected);
  expect(runs.all()).toEqual([step.value]);
});

test("sorting long keys has a pause behind a mebibyte of them, when they are sorted and when they are compared in a merge", () => {
  const long = "p".repeat(60_000);
  const count = 72; // 4 MiB of keys
  const numbered = (at: number): number => (at * 37) % count;
  const pausesOf = (keyAt: (at: number) => string): number => {
    const entries = new MemtableEntries(0);
    for (let at = 0; at < count; at++) addKey(entries, bytesOf(keyAt(at)), at + 1);
    const steps = new MemtableRuns(entries).one();
    let pauses = 0;
    let step = steps.next();
    for (; step.done !== true; step = steps.next()) pauses += 1;
    const expected = Uint32Array.from({ length: count }, (_, id) => id).sort((a, b) => entries.compare(a, b));
    expect(step.value).toEqual(expected);
    return pauses;
  };
  // Runs of 18 keys are four; then two merges make two of them, and one makes one. What is behind what all keys share tells them apart.
  expect(pausesOf((at) => long + numbered(at))).toBe(3 + (1 + 1) + 1);
  // Where it does not, keys are compared: the same merges, each with a pause before 18 keys.
  expect(pausesOf((at) => `${numbered(at) % 2}${long}${numbered(at)}`)).toBeGreaterThanOrEqual(3 + (2 + 1) + 3);
});

test.each([
  ["a", "aaaaaaa"],
  ["aaaaaaa", "a"],
  ["aaaaaaa", "aaaaaab"],
  ["aaaaaab", "aaaaaaa"],
  ["aaaaaaa", "aaaaaaa"],
  ["", "a"],
  ["aaaaaaa\0\0", "aaaaaaa"],
])("runs are merged in order where all keys of one begin with %j and all of the other with %j", (...prefixes) => {
  const entries = new MemtableEntries(0);
  let state = 7;
  for (const prefix of prefixes) {
    // As many as a step sorts, so that each prefix has a run of its own.
    for (let at = 0; at < 16_384; at++) {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      addKey(entries, bytesOf(`${prefix}${"\0\u0001\u0002z".charAt(state % 4)}${state >>> 16}`), entries.count + 1);
    }
  }
  const one = resultOf(new MemtableRuns(entries).one());
  const isSorted = one.every((id, at) => at === 0 || entries.compare(one[at - 1]!, id) < 0); // the one before is there
  expect([isSorted, new Set(one).size]).toEqual([true, entries.count]);
});

test("keys are sorted by every byte, wherever among many the first difference is", () => {
  const count = 4000;
  for (let differing = 1; differing <= 12; differing++) {
    const memtable = newMemtable();
    const entries = Array.from({ length: count }, (_, at): Entry => {
      const order = (at * 1237) % count;
      const key = new Uint8Array(15);
      key.set([order % 2, ...Array<number>(differing - 1).fill(0), order % 251, order >>> 8, order]);
      return { key, seqno: at + 1, value: new Uint8Array() };
    });
    for (const entry of entries) write(memtable, entry);
    expect(isSame(forward(memtable.sortedCursor()), entries.toSorted(compareEntries))).toBe(true);
  }
});

test("any version of a key that has many is found", () => {
  const entries = new MemtableEntries(0);
  const key = bytesOf("counter");
  const count = 20_000;
  for (let at = 0; at < count; at++) {
    const id = addKey(entries, key, at + 1);
    if (id > 0) entries.link(id, id - 1);
  }
  const seqnos = Float64Array.from({ length: count }, (_, at) => at + 1);
  for (const seqno of [1, 2, 3, 777, 9_999, 19_998, 20_000, 30_000]) {
    expect(entries.versionUpTo(count - 1, seqno)).toBe(seqnos.findLastIndex((each) => each <= seqno));
  }
  expect(entries.versionUpTo(count - 1, 0)).toBe(-1);
});

test("versions of few keys come the newest first", () => {
  const memtable = newMemtable();
  const entries = Array.from({ length: 200 }, (_, at) => ({
    key: bytesOf(`key ${at % 3} and more`),
    seqno: at + 1,
    value: new Uint8Array(),
  }));
  for (const entry of entries) write(memtable, entry);
  expect(forward(memtable.sortedCursor())).toEqual(entries.toSorted(compareEntries));
});

test("law 17: seqnos ascend, and whatever is out of bounds leaves the memtable as it was", () => {
  const memtable = newMemtable();
  memtable.put(bytesOf("a"), bytesOf("1"), 5);
  const state = (): unknown => [
    memtable.entryCount,
    memtable.maxSeqno,
    find(memtable, bytesOf("a"), 99),
    merged(memtable.cursors()),
  ];
  const before = state();
  for (const seqno of [5, 4, 0, -1, 5.5, Number.NaN, Number.MAX_SAFE_INTEGER + 1]) {
    expect(() => memtable.put(bytesOf("a"), bytesOf("2"), seqno)).toThrow(RangeError);
  }
  expect(() => memtable.put(new Uint8Array(65_536), bytesOf("2"), 6)).toThrow("a key may have 65535 bytes, not 65536");
  expect(() => memtable.add(3, 6, 0, bytesOf("a"), 0, 1, bytesOf("a"), 0, 0)).toThrow("kind must be 1 or 2, not 3");
  expect(() => memtable.add(1, 6, 0, bytesOf("a"), 0, 1, bytesOf("a"), 0, 0x400_0001)).toThrow(RangeError);
  expect(() => new Memtable({ hashKey: hashKeyOfTests, expectedEntries: -1 })).toThrow("expectedEntries");
  expect(() => new Memtable({ hashKey: hashKeyOfTests, expected: 1 } as never)).toThrow('unknown option "expected"');
  expect(state()).toEqual(before);
});

test("law 6: the empty key and the empty value, in a memtable that has nothing else", () => {
  const memtable = newMemtable();
  const empty = new Uint8Array();
  memtable.put(empty, empty, 1);
  expect(find(memtable, empty, 1)).toEqual({ key: empty, seqno: 1, value: empty });
  expect(forward(memtable.sortedCursor())).toEqual([{ key: empty, seqno: 1, value: empty }]);
});

test("keys with one hash are told apart", () => {
  const memtable = newMemtable();
  for (let at = 0; at < 200; at++) {
    const key = bytesOf(`k${at}`);
    memtable.put(key, bytesOf(`v${at}`), at + 1, 42);
  }
  for (let at = 0; at < 200; at++) {
    expect(memtable.find(bytesOf(`k${at}`), 42, 999)?.seqno).toBe(at + 1);
    expect(memtable.find(bytesOf(`k${at}`), 43, 999)).toBeUndefined();
  }
});

test("values beside the arena, and bytes that are counted", () => {
  const memtable = newMemtable();
  const entries = Array.from({ length: 40 }, (_, at) => ({
    key: bytesOf(`k${at}`),
    seqno: at + 1,
    value: new Uint8Array(at % 4 === 0 ? 70_000 : 40_000).fill(at),
  }));
  for (const entry of entries) write(memtable, entry);
  expect(isSame(forward(memtable.sortedCursor()), entries.toSorted(compareEntries))).toBe(true);
  for (const entry of entries) {
    const found = find(memtable, entry.key, 99);
    expect(found !== undefined && isSame([found], [entry])).toBe(true);
  }
  const raw = entries.reduce((sum, { key, value }) => sum + key.length + value.length, 0);
  expect(memtable.bytes).toBeGreaterThan(raw);
  expect(memtable.bytes).toBeLessThan(raw * 1.05 + 0x10_0000);
});

test("law 17: a record of the log is added as its operations are, and copied", () => {
  const values = fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.constant(new Uint8Array(30_000).fill(7)));
  const operation = fc.record({ key: crowdedKeys, value: fc.option(values, { nil: undefined }) });
  const records = fc.array(fc.array(operation, { minLength: 1, maxLength: 8 }), { maxLength: 8 });
  fc.assert(
    fc.property(records, (batches) => {
      const memtable = newMemtable();
      const batch = new WriteBatch();
      const entries: Entry[] = [];
      for (const operations of batches) {
        batch.reset();
        const baseSeqno = entries.length + 1;
        for (const { key, value } of operations) {
          if (value === undefined) batch.delete(key);
          else batch.put(key, value);
          entries.push({ key, seqno: entries.length + 1, value });
        }
        const record = batch.finish(baseSeqno);
        applyBatch(record, baseSeqno, operations.length, memtable, hashKeyOfTests);
        record.fill(0xee);
      }
      expect(isSame(forward(memtable.sortedCursor()), entries.toSorted(compareEntries))).toBe(true);
      for (const { key, seqno } of entries) {
        for (const at of [seqno - 1, seqno]) {
          const [found, expected] = [find(memtable, key, at), versionAt(entries, key, at)];
          expect(isSame(found === undefined ? [] : [found], expected === undefined ? [] : [expected])).toBe(true);
        }
      }
    }),
    { numRuns: 60 },
  );
});

test("inputs are copied", () => {
  const memtable = newMemtable();
  const [key, value] = [bytesOf("key"), bytesOf("value")];
  memtable.put(key, value, 1);
  key.fill(0xff);
  value.fill(0xff);
  expect(find(memtable, bytesOf("key"), 1)).toEqual({ key: bytesOf("key"), seqno: 1, value: bytesOf("value") });
});

test("ranges of larger bytes are added as whole ones are", () => {
  const memtable = newMemtable();
  const record = bytesOf("..key..value..");
  memtable.add(1, 1, hashOf(bytesOf("key")), record, 2, 5, record, 7, 12);
  expect(find(memtable, bytesOf("key"), 1)).toEqual({ key: bytesOf("key"), seqno: 1, value: bytesOf("value") });
});
