// Laws 23 and 27: merging several sources gives what one sorted list would, in both directions, and a snapshot sees its own versions.
import fc from "fast-check";
import { expect, test } from "vitest";
import { type KeyBounds } from "../src/index.js";
import { Memtable, MergeIterator, VisibleEntries, type EntryCursor } from "../src/format-entry.js";
import {
  bytesOf,
  compareEntries,
  crowdedKeys,
  entryOf,
  keys,
  lowerBound,
  visibleAt,
  writes,
  type Entry,
} from "./support/entries.js";
import { buildTable, hashKeyOfTests, openTable } from "./support/tables.js";

/** The entries dealt to so many sources, each a table or a memtable, by `deal`. */
function cursorsOver(entries: readonly Entry[], deal: readonly number[], count: number): EntryCursor[] {
  const hands = Array.from({ length: count }, (): Entry[] => []);
  entries.forEach((entry, at) => hands[(deal[at % Math.max(1, deal.length)] ?? 0) % Math.max(1, count)]?.push(entry));
  return hands.map((hand, at) => {
    if (at % 2 === 0) {
      const { bytes } = buildTable(hand.toSorted(compareEntries), { blockBytes: 60, restartInterval: 3 });
      return openTable(bytes).cursor();
    }
    const memtable = new Memtable({ hashKey: hashKeyOfTests, expectedEntries: 0 });
    for (const { key, seqno, value } of hand) {
      if (value === undefined) memtable.delete(key, seqno);
      else memtable.put(key, value, seqno);
    }
    return memtable.sortedCursor();
  });
}

function walk(merge: MergeIterator): Entry[] {
  const found: Entry[] = [];
  for (; merge.current !== undefined; merge.next()) found.push(entryOf(merge.current));
  return found;
}

const deals = fc.array(fc.nat({ max: 6 }), { minLength: 1, maxLength: 20 });

test("law 27: a merge is the sorted list, from any place and in both directions", () => {
  fc.assert(
    fc.property(
      writes(),
      deals,
      fc.integer({ min: 1, max: 6 }),
      keys,
      fc.constantFrom(-1, 5, 1e9),
      (entries, deal, count, key, seqno) => {
        const inOrder = entries.toSorted(compareEntries);
        const forward = new MergeIterator(cursorsOver(entries, deal, count), "forward");
        forward.start();
        expect(walk(forward)).toEqual(inOrder);
        const reverse = new MergeIterator(cursorsOver(entries, deal, count), "reverse");
        reverse.start();
        expect(walk(reverse)).toEqual(inOrder.toReversed());
        for (const target of [{ key, seqno }, ...entries.slice(0, 5)]) {
          const at = lowerBound(inOrder, target.key, target.seqno);
          forward.seek(target.key, target.seqno);
          expect(walk(forward)).toEqual(inOrder.slice(at));
          reverse.seek(target.key, target.seqno);
          expect(walk(reverse)).toEqual(inOrder.slice(0, at).toReversed());
        }
      },
    ),
    { numRuns: 80 },
  );
});

test("a cursor and a merge know whether a step leads to another version of the same key", () => {
  fc.assert(
    fc.property(
      fc.oneof(writes(80, crowdedKeys), writes()),
      deals,
      fc.integer({ min: 1, max: 6 }),
      crowdedKeys,
      (entries, deal, count, key) => {
        const repeats = (found: readonly Entry[]): boolean[] =>
          found.slice(1).map((entry, at) => Buffer.compare(entry.key, found[at]!.key) === 0);
        for (const direction of ["forward", "reverse"] as const) {
          const merge = new MergeIterator(cursorsOver(entries, deal, count), direction);
          for (const place of ["start", "seek"] as const) {
            if (place === "start") merge.start();
            else merge.seek(key, 40);
            const [found, told]: [Entry[], boolean[]] = [[], []];
            for (; merge.current !== undefined; merge.next()) {
              if (found.length > 0) told.push(merge.repeatsKey);
              found.push(entryOf(merge.current));
            }
            expect(told).toEqual(repeats(found));
          }
          for (const cursor of cursorsOver(entries, deal, count)) {
            const [found, told]: [Entry[], boolean[]] = [[], []];
            if (direction === "forward") cursor.first();
            else cursor.last();
            while (cursor.valid) {
              if (found.length > 0) told.push(cursor.repeatsKey);
              found.push(entryOf(cursor));
              if (direction === "forward") cursor.next();
              else cursor.prev();
            }
            expect(told).toEqual(repeats(found));
          }
        }
      },
    ),
    { numRuns: 150 },
  );
});

test("a merge of nothing has nothing", () => {
  const merge = new MergeIterator([], "forward");
  merge.start();
  expect(merge.current).toBeUndefined();
  merge.next();
  expect(merge.current).toBeUndefined();
});

test("two entries with one seqno are told, not chosen from", () => {
  const entry = { key: bytesOf("a"), seqno: 1, value: bytesOf("x") };
  const cursors = [...cursorsOver([entry], [0], 1), ...cursorsOver([entry], [0], 1)];
  expect(() => new MergeIterator(cursors, "forward").start()).toThrow(
    expect.objectContaining({ code: "LSM_OUT_OF_ORDER" }),
  );
});

type BoundName = keyof KeyBounds;
const lower = fc.tuple(fc.constantFrom<BoundName>("gt", "gte"), crowdedKeys);
const upper = fc.tuple(fc.constantFrom<BoundName>("lt", "lte"), crowdedKeys);
const bounds: fc.Arbitrary<KeyBounds> = fc
  .oneof(
    fc.constant([]),
    lower.map((one) => [one]),
    upper.map((one) => [one]),
    fc.tuple(lower, upper),
  )
  .map((chosen) => Object.fromEntries(chosen) as KeyBounds); // names are those of bounds

function isInside(key: Uint8Array, { gt, gte, lt, lte }: KeyBounds): boolean {
  const above = gte !== undefined ? Buffer.compare(key, gte) >= 0 : gt === undefined || Buffer.compare(key, gt) > 0;
  const below = lte !== undefined ? Buffer.compare(key, lte) <= 0 : lt === undefined || Buffer.compare(key, lt) < 0;
  return above && below;
}

function visit(entries: VisibleEntries): Entry[] {
  const found: Entry[] = [];
  for (; entries.valid; entries.next()) found.push(entryOf(entries));
  return found;
}

test("laws 23 and 27: a snapshot sees each key once, in order, inside its bounds, from wherever it is placed", () => {
  fc.assert(
    fc.property(
      fc.oneof(writes(80, crowdedKeys), writes()),
      deals,
      fc.integer({ min: 1, max: 5 }),
      bounds,
      fc.array(crowdedKeys, { maxLength: 4 }),
      fc.nat(),
      (entries, deal, count, within, targets, pick) => {
        const snapshot = [0, 50, entries[pick % Math.max(1, entries.length)]?.seqno ?? 7, Number.MAX_SAFE_INTEGER][
          pick % 4
        ]!;
        const seen = visibleAt(entries, snapshot).filter(({ key }) => isInside(key, within));
        const forward = new VisibleEntries(
          new MergeIterator(cursorsOver(entries, deal, count), "forward"),
          "forward",
          snapshot,
          within,
        );
        const reverse = new VisibleEntries(
          new MergeIterator(cursorsOver(entries, deal, count), "reverse"),
          "reverse",
          snapshot,
          within,
        );
        for (let round = 0; round < 2; round++) {
          forward.start();
          expect(visit(forward)).toEqual(seen);
          reverse.start();
          expect(visit(reverse)).toEqual(seen.toReversed());
          for (const key of [...targets, ...seen.slice(0, 3).map((entry) => entry.key)]) {
            const inside = isInside(key, within);
            forward.seek(key);
            expect(visit(forward)).toEqual(inside ? seen.filter((entry) => Buffer.compare(entry.key, key) >= 0) : []);
            reverse.seek(key);
            expect(visit(reverse)).toEqual(
              inside ? seen.filter((entry) => Buffer.compare(entry.key, key) <= 0).toReversed() : [],
            );
          }
        }
      },
    ),
    { numRuns: 120 },
  );
});

test("an empty bound is a bound", () => {
  const empty = new Uint8Array();
  const entries = [
    { key: empty, seqno: 1, value: bytesOf("e") },
    { key: bytesOf("a"), seqno: 2, value: bytesOf("a") },
  ];
  const over = (within: KeyBounds): Entry[] => {
    const found = new VisibleEntries(new MergeIterator(cursorsOver(entries, [0], 1), "forward"), "forward", 9, within);
    found.start();
    return visit(found);
  };
  expect(over({ gt: empty })).toEqual([entries[1]]);
  expect(over({ gte: empty })).toEqual(entries);
  expect(over({ lt: empty })).toEqual([]);
  expect(over({ lte: empty })).toEqual([entries[0]]);
});

test("a key with thousands of versions is passed in few steps, whichever of them a snapshot sees", () => {
  const hot = Array.from({ length: 5000 }, (_, at) => ({
    key: bytesOf("hot"),
    seqno: at + 1,
    value: bytesOf(`${at}`),
  }));
  const entries = [
    ...hot,
    { key: bytesOf("i"), seqno: 6000, value: bytesOf("i") },
    { key: bytesOf("hot"), seqno: 6001, value: undefined },
  ];
  let steps = 0;
  class CountingMerge extends MergeIterator {
    override next(): void {
      steps += 1;
      super.next();
    }
  }
  for (const snapshot of [1, 2500, 5000, 7000]) {
    const found = new VisibleEntries(
      new CountingMerge(cursorsOver(entries, [0, 1, 1], 3), "forward"),
      "forward",
      snapshot,
    );
    found.start();
    expect(visit(found)).toEqual(visibleAt(entries.slice(-2).concat(hot.slice(0, snapshot).slice(-1)), snapshot));
  }
  expect(steps).toBeLessThan(200);
});

test("values stay good when the iteration goes on", () => {
  const entries = Array.from({ length: 40 }, (_, at) => ({
    key: bytesOf(`k${at + 10}`),
    seqno: at + 1,
    value: bytesOf(`value ${at}`),
  }));
  const found = new VisibleEntries(new MergeIterator(cursorsOver(entries, [0, 1, 2], 3), "reverse"), "reverse", 99);
  const kept: Uint8Array[] = [];
  for (found.start(); found.valid; found.next()) kept.push(found.valueBytes.subarray(found.valueStart, found.valueEnd));
  expect(kept).toEqual(entries.map(({ value }) => value).toReversed());
});
