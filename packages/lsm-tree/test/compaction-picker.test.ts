// Which compaction is due, from nothing but a version. Plans are written as "merge 1 2 3 > 6": kind, table numbers, level of the outputs.
import fc from "fast-check";
import { expect, test } from "vitest";
import { baseLevel, compactionDebtBytes, levelTargets } from "../src/compaction/level-targets.js";
import { pickCompaction, type PickerState } from "../src/compaction/picker.js";
import type { CompactionPlan } from "../src/compaction/plan.js";
import { RangeWalk } from "../src/compaction/range-walk.js";
import type { TableMeta } from "../src/format-entry.js";
import { Version } from "../src/format-entry.js";
import { bytesOf } from "./support/entries.js";
import { metaOf, versionOf, type MetaSketch } from "./support/table-metas.js";

const targetTableBytes = 1000;

function show(plan: CompactionPlan | undefined): string {
  if (plan === undefined) return "none";
  return `${plan.kind} ${plan.inputs.map(({ tableNumber }) => tableNumber).join(" ")} > ${plan.outputLevel}`;
}

function pick(version: Version, state: Partial<PickerState> = {}): CompactionPlan | undefined {
  const idle = { version, pointers: new Map<number, Uint8Array>(), running: [], unreadable: new Set<number>() };
  return pickCompaction({ ...idle, ...state }, { targetTableBytes });
}

/** Tables of level 0 from number 101 on, each over all keys unless it says otherwise; the newest has the greatest number. */
function level0(count: number, sketch: Partial<MetaSketch> = {}): MetaSketch[] {
  return Array.from({ length: count }, (_, at) => ({ n: 101 + at, keys: ["a", "z"], ...sketch }));
}

test("three tables of level 0 are left alone, four go to the last level of an empty tree", () => {
  expect(show(pick(Version.empty(7)))).toBe("none");
  expect(show(pick(versionOf({ 0: level0(3) })))).toBe("none");
  const plan = pick(versionOf({ 0: level0(4) }));
  expect(show(plan)).toBe("merge 104 103 102 101 > 6");
  expect(plan?.reason).toBe("level 0");
  expect(show(pick(versionOf({ 0: level0(4) }, 3)))).toBe("merge 104 103 102 101 > 2");
});

test("level 0 is merged no deeper than to what is five times as large, and takes along what lies on the way", () => {
  const eight = level0(8, { bytes: 50 });
  expect(baseLevel(versionOf({ 6: [{ n: 1, keys: ["a", "z"], bytes: 2000 }] }), 400)).toBe(6);
  expect(baseLevel(versionOf({ 6: [{ n: 1, keys: ["a", "z"], bytes: 2001 }] }), 400)).toBe(5);
  const both = { 5: [{ n: 2, keys: ["c", "d"], bytes: 900 }], 6: [{ n: 1, keys: ["a", "z"], bytes: 1100 }] } as const;
  expect(show(pick(versionOf({ 0: eight, ...both })))).toBe("merge 108 107 106 105 104 103 102 101 2 1 > 6");
  const more = { ...both, 5: [{ n: 2, keys: ["c", "d"], bytes: 901 }] } as const;
  expect(baseLevel(versionOf(more), 400)).toBe(5);
  const full = versionOf({ 1: [{ n: 1, keys: ["a", "z"], bytes: 5000 }] });
  expect(baseLevel(full, 400)).toBe(1);
});

test("a level may have a tenth of the next, and the last whatever it has", () => {
  const version = versionOf({ 3: [{ n: 1, keys: ["a", "b"], bytes: 5000 }] }, 4);
  expect(levelTargets(version)).toEqual([5, 50, 500, Infinity]);
});

test("of a level that is too large the table goes that meets the fewest bytes below for its own", () => {
  const version = versionOf({
    5: [
      { n: 11, keys: ["a", "c"], bytes: 600 },
      { n: 12, keys: ["e", "g"], bytes: 600 },
      { n: 13, keys: ["i", "k"], bytes: 300 },
    ],
    6: [
      { n: 1, keys: ["a", "d"], bytes: 3000 },
      { n: 2, keys: ["f", "g"], bytes: 2000 },
      { n: 3, keys: ["h", "z"], bytes: 1900 },
    ],
  });
  const plan = pick(version);
  expect(show(plan)).toBe("merge 12 2 > 6");
  expect(plan?.pointer).toEqual({ level: 5, key: bytesOf("g") });
  const small = versionOf({
    5: [{ n: 11, keys: ["a", "c"], bytes: 690 }],
    6: [{ n: 1, keys: ["a", "d"], bytes: 6900 }],
  });
  expect(show(pick(small))).toBe("none");
});

test("among equals it is the next behind the pointer's, and behind the last the first", () => {
  const sketches: MetaSketch[] = ["a", "c", "e", "g"].map((key, at) => ({ n: 11 + at, keys: [key, key], bytes: 1000 }));
  const version = versionOf({ 5: sketches, 6: [{ n: 1, keys: ["x", "z"], bytes: 1000 }] });
  const next = (key: string): string => show(pick(version, { pointers: new Map([[5, bytesOf(key)]]) }));
  expect([show(pick(version)), next("a"), next("d"), next("e"), next("g")]).toEqual([
    ...["move 11 > 6", "move 12 > 6", "move 13 > 6", "move 14 > 6", "move 11 > 6"],
  ]);
});

test("tables full of deletes go first although they are small, and can be what makes a level too large", () => {
  const level6: MetaSketch[] = [
    { n: 1, keys: ["a", "c"], bytes: 4000, entries: 40 },
    { n: 2, keys: ["e", "g"], bytes: 4000, entries: 40 },
  ];
  const level5 = (deletes: number): MetaSketch[] => [
    { n: 11, keys: ["a", "c"], bytes: 300, entries: 10 },
    { n: 12, keys: ["e", "g"], bytes: 200, entries: 20, deletes },
  ];
  expect(show(pick(versionOf({ 5: level5(10), 6: level6 })))).toBe("none");
  expect(show(pick(versionOf({ 5: level5(20), 6: level6 })))).toBe("merge 12 2 > 6");
});

test("more tables go along where that costs nothing below", () => {
  const sketches: MetaSketch[] = ["a", "c", "e"].map((key, at) => ({ n: 11 + at, keys: [key, key], bytes: 400 }));
  const below = (largest: string): Version =>
    versionOf({
      5: sketches,
      6: [
        { n: 1, keys: ["a", largest], bytes: 1500 },
        { n: 2, keys: ["f", "z"], bytes: 1500 },
      ],
    });
  expect(show(pick(below("d"), { pointers: new Map([[5, bytesOf("e")]]) }))).toBe("move 13 > 6");
  expect(show(pick(below("e")))).toBe("merge 11 12 13 1 > 6");
  const overlapping = versionOf({
    5: [
      { n: 11, keys: ["a", "b"], bytes: 1500 },
      { n: 12, keys: ["d", "f"], bytes: 400 },
    ],
    6: [
      { n: 1, keys: ["a", "d"], bytes: 1500 },
      { n: 2, keys: ["e", "z"], bytes: 1500 },
    ],
  });
  expect(show(pick(overlapping))).toBe("merge 11 1 > 6");
});

test("level 0 goes first once it delays writes, whatever the others need", () => {
  const deep = { 5: [{ n: 1, keys: ["a", "z"], bytes: 3000 }], 6: [{ n: 2, keys: ["a", "z"], bytes: 3000 }] } as const;
  const first = (count: number): string => pick(versionOf({ 0: level0(count), ...deep }))?.reason ?? "none";
  expect([first(4), first(7), first(8)]).toEqual(["size", "size", "level 0"]);
});

test("tables that meet nothing are moved; small ones, overlapping ones and deletes at the bottom are not", () => {
  const four = (sketch: Partial<MetaSketch>): MetaSketch[] =>
    ["a", "c", "e", "g"].map((key, at) => ({ n: 101 + at, keys: [key, key], bytes: 250, ...sketch }));
  expect(show(pick(versionOf({ 0: four({}) })))).toBe("move 104 103 102 101 > 6");
  expect(show(pick(versionOf({ 0: four({ bytes: 249 }) })))).toBe("merge 104 103 102 101 > 6");
  expect(show(pick(versionOf({ 0: four({ deletes: 1 }) })))).toBe("merge 104 103 102 101 > 6");
  expect(show(pick(versionOf({ 0: four({ keys: ["c", "d"] }) })))).toBe("merge 104 103 102 101 > 6");
  const around = versionOf({ 0: four({}), 6: [{ n: 1, keys: ["d", "d"], bytes: 4000 }] });
  expect(show(pick(around))).toBe("merge 104 103 102 101 1 > 6");
  // With something below a delete hides it, and a move keeps it.
  const level5 = (deletes: number): MetaSketch[] => [{ n: 11, keys: ["a", "c"], bytes: 300, deletes }];
  const level7 = (bytes: number): MetaSketch[] => [{ n: 1, keys: ["a", "c"], bytes }];
  expect(show(pick(versionOf({ 5: level5(3), 7: level7(10_000) }, 8)))).toBe("move 11 > 6");
  expect(show(pick(versionOf({ 5: level5(3), 7: [{ n: 1, keys: ["d", "e"], bytes: 10_000 }] }, 8)))).toBe(
    "merge 11 > 6",
  );
  // Over more than ten tables' worth of the level below the output: in pieces rather.
  expect(show(pick(versionOf({ 5: level5(3), 7: level7(10_001) }, 8)))).toBe("merge 11 > 6");
});

test("a table beside goes along as long as it is no larger than the rest and one table has room for all", () => {
  const four: MetaSketch[] = ["k", "l", "m", "n"].map((key, at) => ({ n: 101 + at, keys: [key, key], bytes: 100 }));
  const beside = (bytes: readonly number[]): string =>
    show(
      pick(
        versionOf({ 0: four, 6: bytes.map((each, at) => ({ n: at + 1, keys: [`c${at}`, `c${at}`], bytes: each })) }),
      ),
    );
  expect(beside([400])).toBe("merge 104 103 102 101 1 > 6");
  expect(beside([401])).toBe("merge 104 103 102 101 > 6");
  expect(beside([100, 300])).toBe("merge 104 103 102 101 2 1 > 6");
  expect(beside([300, 301])).toBe("merge 104 103 102 101 2 > 6"); // 1001 with both
  const right = versionOf({ 0: four, 6: [{ n: 1, keys: ["x", "z"], bytes: 100 }] });
  expect(show(pick(right))).toBe("merge 104 103 102 101 1 > 6");
});

test("where level 0 cannot go down its newest tables of a size become one, four at least", () => {
  const base: MetaSketch = { n: 1, keys: ["a", "z"], bytes: 900 };
  const blocked = (tables: MetaSketch[]): string =>
    show(pick(versionOf({ 0: tables, 6: [base] }), { unreadable: new Set([1]) }));
  expect(blocked(level0(4))).toBe("merge 104 103 102 101 > 0");
  expect(blocked(level0(3))).toBe("none");
  const sized = (...bytes: number[]): MetaSketch[] =>
    bytes.map((each, at) => ({ n: 101 + at, keys: ["a", "z"], bytes: each }));
  expect(blocked(sized(700, 300, 100, 100, 100))).toBe("merge 105 104 103 102 > 0");
  expect(blocked(sized(600, 300, 100, 100, 100))).toBe("merge 105 104 103 102 101 > 0");
  expect(blocked(sized(100, 100, 100, 201))).toBe("merge 104 103 102 101 > 0");
  expect(blocked(sized(201, 100, 100, 100))).toBe("merge 104 103 102 101 > 0");
  expect(blocked(sized(100, 100, 201, 100))).toBe("none");
  const running = pick(versionOf({ 0: level0(4), 6: [base] }));
  const newer = versionOf({ 0: level0(8), 6: [base] });
  expect(show(pick(newer, { running: running === undefined ? [] : [running] }))).toBe("merge 108 107 106 105 > 0");
});

test("a range is compacted level by level down to the last that has data, and there in place", () => {
  const version = versionOf({
    0: level0(1, { keys: ["a", "c"] }),
    3: [
      { n: 31, keys: ["b", "m"], bytes: 3000 },
      { n: 32, keys: ["n", "p"], bytes: 300 },
    ],
    5: [
      { n: 51, keys: ["a", "d"], bytes: 3000 },
      { n: 52, keys: ["e", "z"], bytes: 9500 },
    ],
    6: [
      { n: 61, keys: ["a", "b"], bytes: 1e6 },
      { n: 62, keys: ["x", "y"], seqnos: [0, 0], bytes: 1e6 },
    ],
  });
  const plans = (start: string | undefined, end: string | undefined): string[] => {
    const bound = (key: string | undefined): Uint8Array | undefined => (key === undefined ? undefined : bytesOf(key));
    const walk = new RangeWalk({ start: bound(start), end: bound(end), targetTableBytes });
    // The version stays what it was, so that each level is seen as it lies.
    return Array.from({ length: 9 }, () => show(walk.next(version))).filter((each) => each !== "none");
  };
  expect(plans(undefined, undefined)).toEqual([
    ...["move 101 > 2", "merge 31 51 52 > 5", "merge 32 52 > 5", "merge 51 61 > 6", "merge 52 62 > 6", "merge 61 > 6"],
  ]);
  expect(plans("d", "e")).toEqual(["merge 31 51 52 > 5", "merge 51 61 > 6", "merge 52 62 > 6"]);
  expect(plans("q", undefined)).toEqual(["merge 52 62 > 6"]);
  expect(plans(undefined, "a")).toEqual(["move 101 > 2", "merge 51 61 > 6", "merge 61 > 6"]);
});

test("what a range has written by itself it does not write again", () => {
  const walk = new RangeWalk({ targetTableBytes });
  const level0Alone = versionOf({ 0: level0(2) });
  expect(show(walk.next(level0Alone))).toBe("merge 102 101 > 6");
  const rewritten = { n: 103, keys: ["a", "z"], seqnos: [5, 9] } as const; // a snapshot keeps its seqnos
  expect(show(walk.next(versionOf({ 6: [rewritten] })))).toBe("none");
  expect(show(new RangeWalk({ targetTableBytes }).next(versionOf({ 6: [rewritten] })))).toBe("merge 103 > 6");
});

test("debt is what level 0 and levels that are too large will have to write", () => {
  expect(compactionDebtBytes(versionOf({ 0: level0(3), 6: [{ n: 1, keys: ["a", "z"], bytes: 1000 }] }))).toBe(0);
  expect(compactionDebtBytes(versionOf({ 0: level0(4), 6: [{ n: 1, keys: ["a", "z"], bytes: 1000 }] }))).toBe(1400);
  const full = versionOf({ 5: [{ n: 2, keys: ["a", "z"], bytes: 300 }], 6: [{ n: 1, keys: ["a", "z"], bytes: 2000 }] });
  expect(compactionDebtBytes(full)).toBeCloseTo(100 * (1 + 2000 / 300), 6);
  expect(compactionDebtBytes(Version.empty(7))).toBe(0);
});

test("options are checked", () => {
  const state = { version: Version.empty(7), pointers: new Map(), running: [], unreadable: new Set<number>() };
  const misspelled = { targetTableBytes: 1, targetTablesBytes: 2 };
  expect(() => pickCompaction(state, misspelled)).toThrow('unknown option "targetTablesBytes"');
  expect(() => pickCompaction(state, { targetTableBytes: 0 })).toThrow(
    "targetTableBytes must be a whole number from 1",
  );
});

/** Any version: level 0 over any keys, other levels with tables one behind the other. */
const versions = fc
  .record({
    level0: fc.array(fc.tuple(fc.nat(99), fc.nat(99), fc.integer({ min: 1, max: 2000 })), { maxLength: 12 }),
    deeper: fc.array(
      fc.tuple(fc.uniqueArray(fc.nat(99), { maxLength: 12 }), fc.integer({ min: 1, max: 3000 }), fc.nat(10)),
      { minLength: 4, maxLength: 4 },
    ),
  })
  .map(({ level0: shallow, deeper }) => {
    let n = 0;
    const name = (key: number): string => String(key).padStart(2, "0");
    const sketches: Record<number, MetaSketch[]> = {
      0: shallow.map(([a, b, bytes]) => ({ n: ++n, keys: [name(Math.min(a, b)), name(Math.max(a, b))], bytes })),
    };
    deeper.forEach(([keys, bytes, deletes], at) => {
      const ends = keys.toSorted((a, b) => a - b);
      sketches[at + 1] = Array.from({ length: Math.floor(ends.length / 2) }, (_, each) => {
        const [from, to] = [ends[2 * each] ?? 0, ends[2 * each + 1] ?? 0];
        return { n: ++n, keys: [name(from), name(to)], bytes: 1 + ((bytes * (each + 7)) % 3000), deletes };
      });
    });
    return versionOf(sketches, 5);
  });

/** A version in which the inputs have become one table over all their keys: the worst that a merge can leave. */
function merged(version: Version, { inputs, kind, outputLevel }: CompactionPlan, n: number): Version {
  const removed = inputs.map(({ level, tableNumber }) => ({ kind: "deleteTable", level, tableNumber }) as const);
  const order = (a: TableMeta, b: TableMeta): number => Buffer.compare(a.smallest, b.smallest);
  const smallest = inputs.toSorted(order)[0]?.smallest ?? bytesOf("");
  const largest =
    inputs
      .map((table) => table.largest)
      .toSorted((a, b) => Buffer.compare(a, b))
      .at(-1) ?? smallest;
  const bytes = inputs.reduce((sum, table) => sum + table.bytes, 0);
  const seqnos = [...inputs.flatMap((table) => [table.minSeqno, table.maxSeqno])].toSorted((a, b) => a - b);
  const one = { ...metaOf(outputLevel, { n, keys: ["", ""], bytes }), smallest, largest };
  const range = { minSeqno: seqnos[0] ?? 0, maxSeqno: seqnos.at(-1) ?? 0 };
  const added = kind === "move" ? inputs.map((table) => ({ ...table, level: outputLevel })) : [{ ...one, ...range }];
  return version.apply([...removed, ...added.map((table) => ({ kind: "addTable", table }) as const)]);
}

test("law 39: no plan takes a table of another, nor writes where another does, whatever runs", () => {
  fc.assert(
    fc.property(versions, (version) => {
      const running: CompactionPlan[] = [];
      for (let plan = pick(version); plan !== undefined && running.length < 20; plan = pick(version, { running })) {
        running.push(plan);
      }
      const taken = running.flatMap(({ inputs }) => inputs.map(({ tableNumber }) => tableNumber));
      expect(new Set(taken).size).toBe(taken.length);
      // They may end in any order: a version refuses tables of a level that overlap.
      let [after, n] = [version, 1000];
      for (const plan of running.toReversed()) after = merged(after, plan, n++);
      expect(after.tableCount).toBeLessThanOrEqual(version.tableCount);
    }),
    { numRuns: 500 },
  );
});

test("a plan takes whatever would be left behind: nothing older than an output stays above it", () => {
  fc.assert(
    fc.property(versions, fc.uniqueArray(fc.integer({ min: 1, max: 40 }), { maxLength: 3 }), (version, unreadable) => {
      const plan = pick(version, { unreadable: new Set(unreadable) });
      if (plan === undefined) return;
      const { inputs, outputLevel } = plan;
      expect(inputs.filter(({ tableNumber }) => unreadable.includes(tableNumber))).toEqual([]);
      for (const input of inputs) {
        for (const table of version.tables()) {
          const overlaps =
            Buffer.compare(table.smallest, input.largest) <= 0 && Buffer.compare(input.smallest, table.largest) <= 0;
          const isBetween = table.level > input.level && table.level <= outputLevel;
          const isOlder0 = input.level === 0 && outputLevel > 0 && table.level === 0 && table.maxSeqno < input.maxSeqno;
          if (overlaps && (isBetween || isOlder0)) expect(inputs).toContain(table);
        }
      }
      if (outputLevel > 0) return;
      // Inside level 0: side by side, so that their seqnos part those of the others.
      const at = inputs.map((table) => version.tablesOf(0).indexOf(table));
      expect(at).toEqual(at.map((_, each) => (at[0] ?? 0) + each));
    }),
    { numRuns: 500 },
  );
});

test("compactions come to an end", () => {
  fc.assert(
    fc.property(versions, (version) => {
      let current = version;
      let steps = 0;
      for (let plan = pick(current); plan !== undefined; plan = pick(current)) {
        current = merged(current, plan, 1000 + steps);
        steps += 1;
        expect(steps).toBeLessThan(200);
      }
      expect(current.tablesOf(0).length).toBeLessThan(4);
      const targets = levelTargets(current);
      for (let level = 1; level < 4; level++) expect(current.bytes(level)).toBeLessThanOrEqual(targets[level] ?? 0);
    }),
    { numRuns: 300 },
  );
});
