// Laws 24 to 26, 34, 35, 39 and 40: whatever is flushed, snapshotted and compacted, everybody sees what they saw. The oracle is the list of all writes; tables
// are so small that every level is reached.
import fc from "fast-check";
import { expect, test } from "vitest";
import type { CompactionPlan } from "../src/compaction/plan.js";
import { RangeWalk } from "../src/compaction/range-walk.js";
import { bytesOf, crowdedKeys, hexOf, values, type Entry } from "./support/entries.js";
import { LevelModel, linesOf } from "./support/level-model.js";

interface Write {
  readonly key: Uint8Array;
  readonly value: Uint8Array | undefined;
}

type Step =
  | { readonly kind: "flush"; readonly writes: readonly Write[] }
  | { readonly kind: "snapshot" }
  | { readonly kind: "release"; readonly which: number }
  | { readonly kind: "compact" }
  | { readonly kind: "range"; readonly start: Uint8Array | undefined; readonly end: Uint8Array | undefined };

const keysOf: fc.Arbitrary<Uint8Array> = fc.oneof(
  { weight: 1, arbitrary: crowdedKeys },
  { weight: 2, arbitrary: fc.nat({ max: 200 }).map((each) => bytesOf(`user:${each}`)) },
);
const bound = fc.option(keysOf, { nil: undefined });
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        kind: fc.constant("flush" as const),
        writes: fc.array(fc.record({ key: keysOf, value: values }), { minLength: 1, maxLength: 12 }),
      }),
    },
    { weight: 2, arbitrary: fc.constant({ kind: "snapshot" as const }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("release" as const), which: fc.nat({ max: 8 }) }) },
    { weight: 8, arbitrary: fc.constant({ kind: "compact" as const }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("range" as const), start: bound, end: bound }) },
  ),
  { minLength: 10, maxLength: 60 },
);

/** A model and beside it every write there was. */
class Checked {
  readonly model: LevelModel;
  readonly history: Entry[] = [];

  constructor(levelCount: number) {
    this.model = new LevelModel({ targetTableBytes: 700, levelCount });
  }

  async flush(writes: readonly Write[]): Promise<void> {
    const { seqno } = this.model;
    this.history.push(...writes.map((write, at) => ({ ...write, seqno: seqno + 1 + at })));
    await this.model.flush(writes);
  }

  async carryOut(plan: CompactionPlan): Promise<void> {
    this.model.install((await this.model.run(plan)).changes);
    this.check();
    this.checkFiles();
  }

  async range(start: Uint8Array | undefined, end: Uint8Array | undefined): Promise<void> {
    const walk = new RangeWalk({ start, end, targetTableBytes: this.model.targetTableBytes });
    for (let plan = walk.next(this.model.version); plan !== undefined; plan = walk.next(this.model.version)) {
      await this.carryOut(plan);
    }
  }

  /** That tables of a level do not overlap (law 34) is what a version refuses to be without. */
  check(): void {
    const { model, history } = this;
    for (const seqno of [...model.snapshots, model.seqno]) {
      expect(model.seenAt(seqno), `seen at ${seqno}`).toEqual(linesOf(history, seqno));
    }
    // Law 35: from level to level, and in level 0 from table to table, versions of a key become older.
    const last = new Map<string, number>();
    for (const { key, seqno } of model.entries()) {
      const name = hexOf(key);
      expect(seqno).toBeLessThan(last.get(name) ?? Infinity);
      last.set(name, seqno);
    }
  }

  /** That there are no other files than the live ones, and nobody reads any: while nothing runs. */
  checkFiles(): void {
    const { version, tables } = this.model;
    const live = [...version.tables()].map(({ tableNumber }) => tableNumber);
    expect([...tables.files.keys()].toSorted((a, b) => a - b)).toEqual(live.toSorted((a, b) => a - b));
    expect([tables.pinCount, tables.begun.size]).toEqual([0, 0]);
  }

  async step(step: Step): Promise<void> {
    const { model } = this;
    switch (step.kind) {
      case "flush":
        return this.flush(step.writes);
      case "snapshot":
        if (model.snapshots.length < 8 && model.snapshots.at(-1) !== model.seqno) model.snapshots.push(model.seqno);
        return;
      case "release":
        model.snapshots.splice(step.which % Math.max(1, model.snapshots.length), 1);
        return;
      case "compact": {
        const plan = model.pick();
        return plan === undefined ? undefined : this.carryOut(plan);
      }
      case "range":
        return this.range(step.start, step.end);
    }
  }
}

test("law 40: every snapshot, and whoever comes now, sees the same before and after each compaction", async () => {
  await fc.assert(
    fc.asyncProperty(steps, fc.integer({ min: 2, max: 7 }), async (history, levelCount) => {
      const checked = new Checked(levelCount);
      for (const step of history) await checked.step(step);
      checked.check();
    }),
    { numRuns: 100 },
  );
});

test("laws 25 and 26: without snapshots a compacted range holds what is seen and nothing else, all of it at seqno 0", async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (history) => {
      const checked = new Checked(5);
      for (const step of history) await checked.step(step);
      const { model } = checked;
      model.snapshots.length = 0;
      await checked.range(undefined, undefined);
      const entries = model.entries();
      expect(entries.length).toBe(model.seenAt().length);
      expect(entries.filter(({ seqno, value }) => seqno !== 0 || value === undefined)).toEqual([]);
      expect(model.version.levels.filter((tables) => tables.length > 0).length).toBeLessThanOrEqual(1);
      // And then there is nothing to be done.
      expect(new RangeWalk({ targetTableBytes: 700 }).next(model.version)).toBeUndefined();
    }),
    { numRuns: 60 },
  );
});

test("law 26: with a snapshot, only what it cannot tell from older versions is at seqno 0", async () => {
  const checked = new Checked(5);
  const put = (key: string, value: string): Write => ({ key: bytesOf(key), value: bytesOf(value) });
  await checked.flush([put("a", "1"), put("b", "1")]);
  checked.model.snapshots.push(2);
  await checked.flush([put("b", "2"), put("c", "1")]);
  await checked.range(undefined, undefined);
  expect(checked.model.entries().map(({ key, seqno }) => [Buffer.from(key).toString(), seqno])).toEqual([
    ["a", 0],
    ["b", 3],
    ["b", 0],
    ["c", 4],
  ]);
});

/** Numbers that look random, the same each time. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b_3c6d) + 0x9e37_79b9) >>> 0;
    return (state >>> 8) % below;
  };
}

test("long histories reach every level, under snapshots that come and go", async () => {
  const next = numbers(7);
  const checked = new Checked(4);
  const { model } = checked;
  const reached = new Set<number>();
  const kinds = new Set<string>();
  for (let round = 0; round < 200; round++) {
    const size = round < 40 ? 60 : 1;
    const writes = Array.from({ length: size }, () => ({
      key: bytesOf(`k${next(3000)}`),
      value: next(4) === 0 ? undefined : new Uint8Array(40 + next(30)).fill(next(256)),
    }));
    await checked.flush(writes);
    if (next(5) === 0 && model.snapshots.length < 6) model.snapshots.push(model.seqno);
    if (next(6) === 0) model.snapshots.splice(next(6), 1);
    await model.settle((plan) => {
      reached.add(plan.outputLevel);
      kinds.add(`${plan.kind} ${plan.reason}`);
    });
    if (round % 25 === 0) checked.check();
  }
  checked.check();
  expect(reached).toEqual(new Set([1, 2, 3]));
  expect([...kinds]).toEqual(expect.arrayContaining(["merge level 0", "merge size", "move size"]));
});

test("law 39: two compactions at once, with flushes in between and ended in either order, change nothing that is seen", async () => {
  const next = numbers(11);
  let pairs = 0;
  for (let round = 0; round < 12; round++) {
    const checked = new Checked(5);
    const { model } = checked;
    const flushes = async (count: number): Promise<void> => {
      const from = 100 * next(5);
      for (let left = count; left > 0; left--) {
        const writes = Array.from({ length: 4 + next(12) }, () => ({
          key: bytesOf(`k${from + next(100)}`),
          value: next(4) === 0 ? undefined : new Uint8Array(next(40)),
        }));
        await checked.flush(writes);
      }
    };
    for (let each = 0; each < 12; each++) {
      await flushes(next(6));
      if (next(3) === 0 && model.snapshots.length < 6) model.snapshots.push(model.seqno);
      const first = model.pick();
      if (first === undefined) continue;
      const running = [model.run(first)];
      await flushes(next(6));
      const second = model.pick([first]);
      if (second !== undefined) {
        running.push(model.run(second));
        pairs += 1;
      }
      const results = await Promise.all(running);
      for (const { changes } of next(2) === 0 ? results : results.toReversed()) {
        model.install(changes);
        checked.check();
      }
      checked.checkFiles();
    }
  }
  expect(pairs).toBeGreaterThan(20);
});

test("S12: what is written grows like the logarithm of what there is, not with the number of flushes", async () => {
  const writtenFor = async (flushes: number, keyOf: (at: number) => string): Promise<number> => {
    const model = new LevelModel({ targetTableBytes: 8000 });
    let flushedBytes = 0;
    for (let flush = 0; flush < flushes; flush++) {
      const before = model.tables.bytesWritten;
      await model.flush(
        Array.from({ length: 5 }, (_, at) => ({ key: bytesOf(keyOf(5 * flush + at)), value: new Uint8Array(100) })),
      );
      flushedBytes += model.tables.bytesWritten - before;
      await model.settle();
    }
    return model.tables.bytesWritten / flushedBytes;
  };
  const next = numbers(3);
  const random: number[] = [];
  for (const flushes of [50, 100, 200, 400]) random.push(await writtenFor(flushes, () => `k${next(100_000)}`));
  const [at50 = 0, at100 = 0, at200 = 0, at400 = 0] = random;
  // Merging inside level 0 alone would make each of these twice the one before: 116 times the user's bytes after 200.
  expect(at200).toBeLessThan(12);
  for (const [less, more] of [
    [at50, at100],
    [at100, at200],
    [at200, at400],
  ] as const) {
    expect(more).toBeLessThan(1.5 * less);
  }
  expect(at400 - at200).toBeLessThan(3);
  // Keys that ascend meet nothing. Their tables are merged until they have a size, so that they do not become as many as flushes.
  expect(await writtenFor(400, (at) => `k${100_000 + at}`)).toBeLessThan(5);
});

test("tables of flushes with ascending keys become few", async () => {
  const model = new LevelModel({ targetTableBytes: 8000 });
  for (let flush = 0; flush < 300; flush++) {
    await model.flush([{ key: bytesOf(`k${1000 + flush}`), value: new Uint8Array(100) }]);
    await model.settle();
  }
  expect(model.seenAt().length).toBe(300);
  expect(model.version.tableCount).toBeLessThan(30);
});
