// What a log refuses, and that it is as it was afterwards.
import { Directory } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { describe, expect, test } from "vitest";
import { openWal, openWalReader, type ReaderOptions, type WalOptions } from "../src/index.js";
import { openRecordLog } from "../src/record-log-entry.js";
import { bytesOf, copyOf, small } from "./log-law.js";

const code = (name: string): unknown => expect.objectContaining({ code: name });

test.each([
  { segmentByte: 128 },
  { segmentBytes: 127 },
  { segmentBytes: 128.5 },
  { maxSegmentAgeMs: 0 },
  { bufferBytes: 63 },
  { maxRecordBytes: -1 },
  { maxRecordBytes: 2 ** 28 + 1 },
  { preallocateBytes: Number.NaN },
  { prepareSegments: 1 },
  { syncPolicy: { kind: "always" } },
  { syncPolicy: { kind: "every", appends: 0 } },
  { syncPolicy: { kind: "interval", intervalMs: -1 } },
  { mergeBytes: "64" },
  { content: 0 },
  { content: 256 },
  { maxCheckpointBytes: 2 ** 28 + 1 },
  { keepCheckpoints: 0 },
  { maxAsideFiles: -1 },
  { firstLsn: 0 },
  { firstLsn: 1.5 },
  { mode: "repair" },
  { now: 5 },
  { mayPrune: true },
  { observer: {} },
  { directory: "/tmp" },
])("options %j are refused by name, before anything is touched", async (wrong) => {
  const fs = new MemoryFs();
  // Wrong on purpose: callers of plain JavaScript have no compiler.
  const options = { directory: new Directory(fs), ...wrong } as unknown as WalOptions;
  await expect(openWal(options)).rejects.toMatchObject({
    code: "WAL_INVALID_OPTION",
    context: { option: Object.keys(wrong)[0] },
  });
  expect(new Directory(fs).list()).toEqual([]);
});

test.each([
  [{ kind: "interval", intervalMs: 5, intervalMS: 50 }, "intervalMS"],
  [{ kind: "every", appends: 5, intervalMs: 50 }, "intervalMs"],
  [{ kind: "manual", appends: 1 }, "appends"],
])("of a sync policy %j what is not its own is refused", async (syncPolicy, option) => {
  const directory = new Directory(new MemoryFs());
  const options = { directory, syncPolicy } as unknown as WalOptions;
  await expect(openWal(options)).rejects.toMatchObject({ code: "WAL_INVALID_OPTION", context: { option } });
  expect(directory.list()).toEqual([]);
});

test("a reader's options are refused by name", () => {
  const directory = new Directory(new MemoryFs());
  for (const wrong of [{ pollIntervalMs: -1 }, { segmentBytes: 1000 }, { mode: "careful" }]) {
    const options = { directory, ...wrong } as unknown as ReaderOptions;
    expect(() => openWalReader(options)).toThrowError(code("WAL_INVALID_OPTION"));
  }
  expect(() => openWalReader({ directory })).toThrowError(code("WAL_NOT_FOUND"));
});

test.each([0, -1, Number.NaN, "64", Infinity])("batches of %j bytes, by whoever reads or follows", async (wrong) => {
  const directory = new Directory(new MemoryFs());
  const log = await openWal({ directory, ...small });
  await log.appendDurable(bytesOf("a"));
  const reader = openWalReader({ directory });
  const maxBatchBytes = wrong as number;
  const signal = AbortSignal.abort(); // nobody waits where it is not refused
  for (const from of [log, reader]) {
    for (const batches of [from.readBatches({ maxBatchBytes }), from.follow({ maxBatchBytes, signal })]) {
      await expect(batches.next()).rejects.toMatchObject({
        code: "WAL_INVALID_OPTION",
        context: { option: "maxBatchBytes" },
      });
    }
  }
  await log.close();
});

test("a follower from what is no LSN, before it waits", async () => {
  const directory = new Directory(new MemoryFs());
  const log = await openWal({ directory, ...small });
  const signal = AbortSignal.abort();
  for (const follower of [log, openWalReader({ directory })]) {
    for (const from of [Number.NaN, 0, 1.5]) {
      await expect(follower.follow({ from, signal }).next()).rejects.toMatchObject({ code: "WAL_LSN_OUT_OF_RANGE" });
    }
  }
  await log.close();
});

test("a blocking barrier beside one that is under way", async () => {
  const log = await openWal({ directory: new Directory(new MemoryFs()), ...small });
  log.append(bytesOf("a"));
  const syncing = log.sync();
  expect(() => log.syncBlocking()).toThrowError(code("WAL_BUSY"));
  expect(await syncing).toBe(1);
  expect(log.syncBlocking()).toBe(1);
  await log.close();
});

test("who stops waiting changes nothing about what was waited for", async () => {
  const log = await openWal({ directory: new Directory(new MemoryFs()), ...small });
  const stop = new AbortController();
  const waiting = log.appendDurable(bytesOf("a"), { signal: stop.signal });
  const hoping = log.whenDurable(5, { signal: stop.signal });
  stop.abort();
  await expect(waiting).rejects.toEqual(code("WAL_ABORTED"));
  await expect(hoping).rejects.toEqual(code("WAL_ABORTED"));
  await expect(log.sync("data", { signal: stop.signal })).rejects.toEqual(code("WAL_ABORTED"));
  expect(await log.sync()).toBe(1);
  await log.close();
});

test("a checkpoint above the limit, when it is written and when it is read", async () => {
  const directory = new Directory(new MemoryFs());
  const log = await openWal({ directory, ...small, maxCheckpointBytes: 10 });
  await expect(log.checkpoint(new Uint8Array(11))).rejects.toEqual(code("WAL_CHECKPOINT_TOO_LARGE"));
  expect(directory.list().some(({ name }) => name.endsWith(".ckpt"))).toBe(false);
  await log.checkpoint(new Uint8Array(10));
  await log.close();
  const smaller = await openWal({ directory, ...small, maxCheckpointBytes: 1 });
  expect(smaller.latestCheckpoint()).toMatchObject({ checkpoint: undefined, skipped: [{ why: "it is too large" }] });
  await smaller.close();
});

test("records that were pruned, and none but those", async () => {
  const directory = new Directory(new MemoryFs());
  const log = await openWal({ directory, ...small });
  for (let lsn = 1; lsn <= 9; lsn += 1) log.append(bytesOf(`record ${lsn}`.padEnd(40, ".")));
  await log.prune(5);
  const { firstLsn } = log;
  expect(firstLsn).toBeGreaterThan(1);
  const reader = openWalReader({ directory });
  for (const each of [log, reader]) {
    const pruned = { code: "WAL_PRUNED", context: { lsn: firstLsn - 1, expected: firstLsn } };
    expect(() => each.read({ from: firstLsn - 1 }).next()).toThrowError(expect.objectContaining(pruned));
    expect([...each.read({ from: firstLsn })].map(({ lsn }) => lsn)[0]).toBe(firstLsn);
  }
  await log.close();
});

test("LSNs and records that are none", async () => {
  const log = await openWal({ directory: new Directory(new MemoryFs()), ...small });
  log.append(bytesOf("a"));
  expect(() => log.append("a" as unknown as Uint8Array)).toThrowError(TypeError);
  expect(() => log.appendBatch([])).toThrowError(TypeError);
  for (const from of [0, -1, 1.5, Number.NaN]) {
    expect(() => log.read({ from })).toThrowError(code("WAL_LSN_OUT_OF_RANGE"));
  }
  await expect(log.prune(-1)).rejects.toEqual(code("WAL_LSN_OUT_OF_RANGE"));
  await expect(log.checkpoint(bytesOf("x"), { lsn: 2 })).rejects.toEqual(code("WAL_LSN_OUT_OF_RANGE"));
  expect(log.lastLsn).toBe(1);
  await log.close();
});

type Loose = Record<string, (...args: readonly unknown[]) => unknown>;

/** What a generator or a promise comes to. */
async function outcome(call: () => unknown): Promise<unknown> {
  const result = await call();
  return result instanceof Object && "next" in result ? (result as Generator).next() : result;
}

test.each([
  ["sync", ["os"], "rung"],
  ["sync", [{ signal: new AbortController().signal }], "rung"],
  ["sync", ["data", { signl: 1 }], "signl"],
  ["syncBlocking", ["memory"], "rung"],
  ["appendDurable", [bytesOf("a"), { rung: "memory" }], "rung"],
  ["appendDurable", [bytesOf("a"), { rong: "os" }], "rong"],
  ["appendDurable", [bytesOf("a"), "full"], undefined],
  ["whenDurable", [1, { abort: 1 }], "abort"],
  ["read", [{ form: 1 }], "form"],
  ["readBatches", [{ maxBytes: 1 }], "maxBytes"],
  ["follow", [{ until: "durabel" }], "until"],
  ["follow", [{ to: 5 }], "to"],
  ["checkpoint", [bytesOf("a"), { lns: 1 }], "lns"],
  ["checkpoint", [bytesOf("a"), 1], undefined],
  ["publish", [bytesOf("a"), { lns: 1 }], "lns"],
  ["latestCheckpoint", [{ upto: 1 }], "upto"],
] as const)("%s(%j) is refused by name, and the log goes on", async (method, args, option) => {
  const log = await openWal({ directory: new Directory(new MemoryFs()), ...small });
  log.append(bytesOf("a"));
  const call = outcome(() => (log as unknown as Loose)[method]?.call(log, ...args));
  await expect(call).rejects.toMatchObject({
    code: "WAL_INVALID_OPTION",
    context: option === undefined ? {} : { option },
  });
  expect(log.lastLsn).toBe(1);
  expect(await log.appendDurable(bytesOf("b"))).toBe(2);
  await log.close();
});

test.each([
  ["whenDurable", [Number.NaN], "lsn"],
  ["whenDurable", ["1"], "lsn"],
  ["prune", [-1], "lsn"],
  ["readLast", [-1], "count"],
  ["read", [{ from: 0 }], "from"],
  ["read", [{ to: 0.5 }], "to"],
  ["follow", [{ from: Number.NaN }], "from"],
  ["latestCheckpoint", [{ upTo: Number.NaN }], "upTo"],
  ["latestCheckpoint", [{ upTo: -1 }], "upTo"],
] as const)("%s(%j) is no LSN, and the message names it", async (method, args, name) => {
  const log = await openWal({ directory: new Directory(new MemoryFs()), ...small });
  const call = outcome(() => (log as unknown as Loose)[method]?.call(log, ...args));
  await expect(call).rejects.toMatchObject({
    code: "WAL_LSN_OUT_OF_RANGE",
    message: expect.stringMatching(new RegExp(`^${name} must be`)) as string,
  });
  await log.close();
});

test("a mayPrune that gives a promise gives no leave", async () => {
  const mayPrune = (async () => true) as unknown as () => boolean;
  const log = await openWal({ directory: new Directory(new MemoryFs()), ...small, mayPrune });
  for (let count = 0; count < 12; count += 1) await log.appendDurable(bytesOf("x".repeat(60)));
  expect(await log.prune(12)).toBe(0);
  expect(log.firstLsn).toBe(1);
  await log.close();
});

describe("a stored record above maxRecordBytes", () => {
  const long = new Uint8Array(1000);
  const tooLarge = { code: "WAL_RECORD_TOO_LARGE", context: { offset: 64, expected: 100, actual: 1000 } };

  test("is refused by whoever opens or reads the log, with file and place, and the lock is given back", async () => {
    const memory = new MemoryFs();
    const log = await openWal({ directory: new Directory(memory), ...small });
    await log.appendDurable(long);
    const [segment] = log.segments();
    const directory = copyOf(memory.snapshot());
    const named = { ...tooLarge, context: { ...tooLarge.context, file: segment?.file } };
    for (const mode of ["recover", "strict", "salvage"] as const) {
      await expect(openWal({ directory, mode, maxRecordBytes: 100 })).rejects.toMatchObject(named);
    }
    expect(() => openWalReader({ directory, maxRecordBytes: 100 })).toThrowError(code("WAL_RECORD_TOO_LARGE"));
    for (const each of ["b", "c"]) await log.appendDurable(bytesOf(each)); // in a segment of their own
    await log.close();
    const again = await openWal({ directory: new Directory(memory), ...small, maxRecordBytes: 100 });
    expect([...again.read({ from: 2 })].length).toBe(2);
    expect(() => [...again.read()]).toThrowError(code("WAL_RECORD_TOO_LARGE"));
    await again.close();
    const sound = await openWal({ directory, ...small });
    expect([...sound.read()].map(({ payload }) => payload)).toEqual([long]);
    await sound.close();
  });

  test("is refused by a record log", async () => {
    const directory = new Directory(new MemoryFs());
    const log = await openRecordLog({ directory, name: "log" });
    await log.appendDurable(long);
    await log.close();
    await expect(openRecordLog({ directory, name: "log", maxRecordBytes: 100 })).rejects.toMatchObject({
      code: "WAL_RECORD_TOO_LARGE",
      context: { file: "log", expected: 100, actual: 1000 },
    });
  });
});

test.each(["00009007199254740991-deadbeef.seg", "00009007199254740990-deadbeef.seg"])(
  "a file %s, which no log gets to, is refused by name in every mode",
  async (file) => {
    const directory = new Directory(new MemoryFs());
    await (await openWal({ directory, ...small })).close();
    directory.writeFile(file, new Uint8Array());
    for (const mode of ["recover", "strict", "salvage"] as const) {
      await expect(openWal({ directory, ...small, mode })).rejects.toMatchObject({
        code: "WAL_FOREIGN_SEGMENT",
        context: { file },
      });
    }
    directory.remove(file);
    await (await openWal({ directory, ...small })).close();
  },
);

test.each(["LOCK", "aside"])(
  "a record log cannot be called %s, as a file of a segmented log in its directory",
  async (name) => {
    const directory = new Directory(new MemoryFs());
    await expect(openRecordLog({ directory, name })).rejects.toMatchObject({
      code: "WAL_INVALID_OPTION",
      context: { option: "name" },
    });
    expect(directory.list()).toEqual([]);
  },
);
