// What a log refuses, and that it is as it was afterwards.
import { Directory } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { expect, test } from "vitest";
import { openWal, openWalReader, type ReaderOptions, type WalOptions } from "../src/index.js";
import { bytesOf, small } from "./log-law.js";

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

test("a reader's options are refused by name", () => {
  const directory = new Directory(new MemoryFs());
  for (const wrong of [{ pollIntervalMs: -1 }, { segmentBytes: 1000 }]) {
    const options = { directory, ...wrong } as unknown as ReaderOptions;
    expect(() => openWalReader(options)).toThrowError(code("WAL_INVALID_OPTION"));
  }
  expect(() => openWalReader({ directory })).toThrowError(code("WAL_NOT_FOUND"));
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
