// What a job does with tables, and what it leaves when it is stopped or something fails: laws 30 and 37, S7.
import { describe, expect, test } from "vitest";
import { runCompaction } from "../src/compaction/job.js";
import type { CompactionPlan } from "../src/compaction/plan.js";
import type { TableMeta } from "../src/format-entry.js";
import { WorkSlices } from "../src/work-slices.js";
import { bytesOf, compareEntries, type Entry } from "./support/entries.js";
import { endlessSlices, LevelModel } from "./support/level-model.js";

function put(key: string, seqno: number, valueBytes = 10): Entry {
  return { key: bytesOf(key), seqno, value: new Uint8Array(valueBytes).fill(seqno) };
}

/** A model with tables of these entries at these levels, and the plan to merge all of them into `outputLevel`. */
async function modelOf(
  levels: readonly { readonly level: number; readonly entries: readonly Entry[] }[],
  { outputLevel = 2, targetTableBytes = 800 } = {},
): Promise<{ model: LevelModel; plan: CompactionPlan; inputs: TableMeta[] }> {
  const model = new LevelModel({ targetTableBytes, levelCount: 4 });
  for (const { level, entries } of levels) {
    const table = await model.tables.write(model.nextNumber++, level, entries.toSorted(compareEntries));
    model.install([{ kind: "addTable", table }]);
    model.seqno = Math.max(model.seqno, table.maxSeqno);
  }
  const inputs = [...model.version.tables()].filter(({ level }) => level <= outputLevel);
  return { model, inputs, plan: { kind: "merge", reason: "range", inputs, outputLevel } };
}

const many = (count: number, from: number, valueBytes = 60): Entry[] =>
  Array.from({ length: count }, (_, at) => put(`k${1000 + 2 * at + (from % 2)}`, from + at, valueBytes));

function shown(entries: readonly Entry[]): string[] {
  return entries.map(({ key, seqno, value }) => `${Buffer.from(key).toString()}@${seqno}${value ? "" : " deleted"}`);
}

test("the edit removes every input, adds every output, moves the pointer and says why", async () => {
  const { model, plan } = await modelOf([
    { level: 1, entries: [put("a", 5), put("b", 6)] },
    { level: 2, entries: [put("b", 2), put("c", 3)] },
  ]);
  const pointer = { level: 1, key: bytesOf("b") };
  const { added, changes, ...counts } = await model.run({ ...plan, pointer });
  expect(changes).toEqual([
    { kind: "deleteTable", level: 1, tableNumber: 1 },
    { kind: "deleteTable", level: 2, tableNumber: 2 },
    { kind: "addTable", table: added[0] },
    { kind: "compactPointer", level: 1, key: bytesOf("b") },
    { kind: "note", text: "compaction: range" },
  ]);
  const [first, second] = plan.inputs;
  const bytesRead = (first?.bytes ?? 0) + (second?.bytes ?? 0);
  expect(counts).toEqual({ bytesRead, bytesWritten: added[0]?.bytes, entriesRead: 4, entriesDropped: 1 });
  expect(shown(model.tables.entries(added[0]!))).toEqual(["a@0", "b@0", "c@0"]);
  // Bytes and names are durable before the edit can be appended.
  expect(model.tables.steps.slice(-2)).toEqual(["finish 3", "names"]);
});

test("a move is an edit alone", async () => {
  const { model, plan, inputs } = await modelOf([{ level: 1, entries: [put("a", 5)] }]);
  const { changes, bytesWritten } = await model.run({ ...plan, kind: "move" });
  const table = { ...inputs[0]!, level: 2 };
  const note = { kind: "note", text: "compaction: range" };
  expect(changes).toEqual([{ kind: "deleteTable", level: 1, tableNumber: 1 }, { kind: "addTable", table }, note]);
  expect([bytesWritten, model.tables.steps]).toEqual([0, ["create 1", "finish 1"]]);
});

test("where everything is dropped, nothing is written", async () => {
  const gone = { key: bytesOf("a"), seqno: 5, value: undefined };
  const { model, plan } = await modelOf([
    { level: 1, entries: [gone] },
    { level: 2, entries: [put("a", 2)] },
  ]);
  const { added, changes } = await model.run(plan);
  expect([added.length, changes.length]).toEqual([0, 3]);
  expect(model.tables.steps.filter((step) => step.startsWith("create"))).toEqual(["create 1", "create 2"]);
});

describe("what is older", () => {
  const gone = (key: string, seqno: number): Entry => ({ key: bytesOf(key), seqno, value: undefined });

  test("below the output keeps deletes of its keys, and their seqnos", async () => {
    const { model, plan } = await modelOf([
      { level: 1, entries: [gone("b", 7), gone("c", 8), gone("d", 10), gone("dd", 9), put("e", 11)] },
      { level: 2, entries: [put("a", 4)] },
      { level: 3, entries: [put("c", 1), put("d", 2)] },
    ]);
    const { added } = await model.run(plan);
    expect(shown(added.flatMap((table) => model.tables.entries(table)))).toEqual([
      "a@4",
      "c@8 deleted",
      "d@10 deleted",
      "e@11",
    ]);
  });

  test("is not what lies above the job", async () => {
    const { model, inputs } = await modelOf(
      [
        { level: 1, entries: [put("a", 7), put("z", 8)] },
        { level: 2, entries: [gone("b", 5), put("c", 6)] },
        { level: 3, entries: [put("b", 1), put("c", 2)] },
      ],
      { outputLevel: 3 },
    );
    const { added } = await model.run({ kind: "merge", reason: "size", inputs: inputs.slice(1), outputLevel: 3 });
    expect(shown(added.flatMap((table) => model.tables.entries(table)))).toEqual(["c@0"]);
  });

  test("in level 0 outside the job keeps deletes, and what is newer does not", async () => {
    const { model } = await modelOf([
      { level: 0, entries: [put("a", 1), put("z", 2)] },
      { level: 0, entries: [gone("b", 3)] },
      { level: 0, entries: [gone("c", 4)] },
      { level: 0, entries: [put("a", 5), put("y", 6)] },
    ]);
    const [newest, third, second] = model.version.tablesOf(0);
    const plan = { kind: "merge", reason: "level 0 blocked", outputLevel: 0 } as const;
    const middle = await model.run({ ...plan, inputs: [third!, second!] });
    expect(shown(middle.added.flatMap((table) => model.tables.entries(table)))).toEqual(["b@3 deleted", "c@4 deleted"]);
    const oldest = [third!, second!, model.version.tablesOf(0)[3]!];
    const below = await model.run({ ...plan, inputs: oldest });
    expect(shown(below.added.flatMap((table) => model.tables.entries(table)))).toEqual(["a@1", "z@2"]);
    expect(newest?.tableNumber).toBe(4);
  });
});

describe("outputs end", () => {
  test("when they are full, and only between user keys", async () => {
    const versions = Array.from({ length: 30 }, (_, at) => put("k1010", 500 + at, 60));
    const { model, plan } = await modelOf([{ level: 1, entries: [...many(60, 1), ...versions] }]);
    model.snapshots.push(...versions.map(({ seqno }) => seqno));
    const { added } = await model.run(plan);
    expect(added.length).toBeGreaterThan(4);
    for (const table of added) {
      const others = model.tables.entries(table).filter(({ seqno }) => seqno < 500);
      expect(others.length * 60).toBeLessThan(2 * model.targetTableBytes);
    }
    model.install([
      ...plan.inputs.map(({ level, tableNumber }) => ({ kind: "deleteTable", level, tableNumber }) as const),
      ...added.map((table) => ({ kind: "addTable", table }) as const),
    ]);
    expect(model.version.tablesOf(2).length).toBe(added.length); // a version refuses a key in two tables
  });

  test("when they lie over more than ten tables' worth of the level below", async () => {
    const below = Array.from({ length: 24 }, (_, at) => ({
      level: 3,
      entries: [put(`c${10 + at}`, 1 + at, 700)],
    }));
    const above = Array.from({ length: 24 }, (_, at) => put(`c${10 + at}x`, 100 + at, 0));
    const { model, plan } = await modelOf([{ level: 1, entries: above }, ...below]);
    const { added } = await model.run(plan);
    expect(added.length).toBeGreaterThanOrEqual(2);
    expect(added.length).toBeLessThan(6); // 24 tables below of some 1200 bytes, 8000 for each output
    for (const { smallest, largest } of added) {
      const meets = model.version.overlapping(3, smallest, largest);
      expect(meets.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThan(13 * model.targetTableBytes);
    }
  });

  test("in level 0 never: its tables part the seqnos", async () => {
    const { model } = await modelOf([
      { level: 0, entries: many(40, 1) },
      { level: 0, entries: many(40, 102) },
    ]);
    const inputs = model.version.tablesOf(0);
    const { added } = await model.run({ kind: "merge", reason: "level 0 blocked", inputs, outputLevel: 0 });
    expect(added.length).toBe(1);
    expect([added[0]?.entryCount, added[0]?.minSeqno, added[0]?.maxSeqno]).toEqual([80, 1, 141]);
  });
});

test("where slices end has no influence on what is written", async () => {
  const written = async (now: () => number): Promise<{ readonly files: Buffer; readonly turns: number }> => {
    const { model, plan } = await modelOf(
      [
        { level: 1, entries: many(200, 1000, 300) },
        { level: 2, entries: many(200, 1, 300) },
      ],
      { targetTableBytes: 20_000 },
    );
    let turns = 0;
    const turn = (): Promise<void> => Promise.resolve().then(() => void (turns += 1));
    const { added } = await model.run(plan, new WorkSlices({ now, turn, signals: [] }));
    expect(added.length).toBeGreaterThan(3);
    return { files: Buffer.concat(added.map(({ tableNumber }) => model.tables.files.get(tableNumber)!)), turns };
  };
  const still = await written(() => 0);
  let ms = 0;
  const fast = await written(() => (ms += 3));
  expect(fast.turns).toBeGreaterThan(still.turns);
  expect(Buffer.compare(still.files, fast.files)).toBe(0);
});

/** Inputs that take several slices and outputs, so that there are many places to stop at. */
function stoppable(): Promise<{ model: LevelModel; plan: CompactionPlan; inputs: TableMeta[] }> {
  return modelOf(
    [
      { level: 0, entries: many(60, 2001, 500) },
      { level: 1, entries: many(60, 1000, 500) },
      { level: 2, entries: many(60, 1, 500) },
    ],
    { targetTableBytes: 12_000 },
  );
}

test("law 37, S7: stopped at any slice a job leaves its inputs and nothing else", async () => {
  let stops = 0;
  for (let at = 0; ; at++) {
    const { model, plan, inputs } = await stoppable();
    const stop = new AbortController();
    let turns = 0;
    const turn = (): Promise<void> =>
      Promise.resolve().then(() => (turns++ === at ? stop.abort("closing") : undefined));
    let ms = 0;
    const slices = new WorkSlices({ now: () => (ms += 3), turn, signals: [stop.signal] });
    const outcome = await model.run(plan, slices).then(
      () => "done",
      (error: unknown) => error,
    );
    const left = [...model.tables.files.keys()];
    if (outcome === "done") {
      expect(left.length).toBeGreaterThan(inputs.length);
      break;
    }
    expect(outcome).toMatchObject({ code: "LSM_ABORTED", cause: "closing" });
    expect(left).toEqual(inputs.map(({ tableNumber }) => tableNumber).toSorted((a, b) => a - b));
    expect([model.tables.begun.size, model.tables.pinCount]).toEqual([0, 0]);
    stops += 1;
  }
  expect(stops).toBeGreaterThan(10);
});

test("a signal that was aborted before stops a job before it reads", async () => {
  const { model, plan } = await stoppable();
  const slices = new WorkSlices({ now: () => 0, turn: () => Promise.resolve(), signals: [AbortSignal.abort("gone")] });
  await expect(model.run(plan, slices)).rejects.toMatchObject({ code: "LSM_ABORTED", cause: "gone" });
  expect(model.tables.steps.filter((step) => step.startsWith("pin"))).toEqual([]);
});

test("whichever step fails, the job fails with its error and leaves its inputs and nothing else", async () => {
  let failures = 0;
  for (let at = 0; ; at++) {
    const { model, plan, inputs } = await stoppable();
    let steps = 0;
    let failed = "";
    model.tables.before = (step) => {
      if (/^(abandon|remove)/.test(step) || steps++ !== at) return;
      failed = step;
      throw new Error(`no ${step}`);
    };
    const outcome = await model.run(plan).then(
      () => "done",
      (error: unknown) => error,
    );
    if (outcome === "done") break;
    expect(outcome).toEqual(new Error(`no ${failed}`));
    expect([...model.tables.files.keys()]).toEqual(
      inputs.map(({ tableNumber }) => tableNumber).toSorted((a, b) => a - b),
    );
    expect([model.tables.begun.size, model.tables.pinCount]).toEqual([0, 0]);
    failures += 1;
  }
  expect(failures).toBeGreaterThan(8); // three pins, outputs created and finished, names
});

test("outputs that cannot be removed change nothing about why a job failed", async () => {
  const { model, plan } = await stoppable();
  model.tables.before = (step) => {
    if (step === "names") throw new Error("no names");
    if (step.startsWith("remove")) throw new Error("no removal either");
  };
  await expect(model.run(plan)).rejects.toThrow("no names");
});

test("a damaged block of an input is the job's error, with table and keys; nothing is lost", async () => {
  const { model, plan, inputs } = await stoppable();
  const table = inputs[1]!;
  const file = model.tables.files.get(table.tableNumber)!;
  const middle = file.length >> 1;
  const before = file[middle]!;
  file[middle] = before ^ 1;
  await expect(model.run(plan)).rejects.toMatchObject({
    code: "LSM_CORRUPT",
    context: { tableNumber: table.tableNumber, keysUpTo: expect.any(String) },
  });
  expect([...model.tables.files.keys()].length).toBe(inputs.length);
  file[middle] = before;
  expect((await model.run(plan)).entriesRead).toBe(180);
});

test("inputs with other entries than the manifest has are not replaced", async () => {
  const { model, plan, inputs } = await stoppable();
  const forged = inputs.map((table, at) => (at === 0 ? { ...table, entryCount: table.entryCount + 1 } : table));
  await expect(model.run({ ...plan, inputs: forged })).rejects.toMatchObject({
    code: "LSM_CORRUPT",
    context: { expected: 181, actual: 180 },
  });
  expect(model.tables.files.size).toBe(inputs.length);
});

test("tables with writes that nobody may see yet are refused", async () => {
  const { model, plan } = await stoppable();
  const { version, tables, targetTableBytes } = model;
  const context = { version, tables, targetTableBytes, snapshots: [], allocateTableNumber: () => 99 };
  const run = runCompaction(plan, { ...context, visibleSeqno: 2059, slices: endlessSlices() });
  await expect(run).rejects.toThrow("writes that nobody may see yet: 2060");
});
