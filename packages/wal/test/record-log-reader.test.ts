// Readers of a record log beside whoever writes it, and options that are refused.
import { Directory } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { expect, test } from "vitest";
import {
  openRecordLog,
  openRecordLogReader,
  type RecordLog,
  type RecordLogOptions,
  type RecordLogReader,
} from "../src/record-log-entry.js";
import { bytesOf, listed, textOf, textsOf } from "./log-law.js";
import { copyOf, name, open, plain } from "./record-log-law.js";

function empty(): Directory {
  return new Directory(new MemoryFs());
}

function appendAll(log: RecordLog, records: readonly string[]): void {
  for (const each of records) log.append(bytesOf(each));
  log.write();
}

test("a reader sees what the system has, and across the writer's opens and closes", async () => {
  const directory = empty();
  const log = await open(directory, { ...plain, preallocateBytes: 4096 });
  const reader = openRecordLogReader({ directory, name });
  expect([reader.firstLsn, reader.lastLsn, reader.report.mode]).toEqual([1, 0, "read-only"]);
  log.append(bytesOf("a"));
  expect(reader.refresh()).toBe(0);
  log.write();
  expect(reader.lastLsn).toBe(0);
  expect(reader.refresh()).toBe(1);
  await log.close();
  // Two opens that append nothing, the second in the place of the first, and one that does.
  for (let run = 0; run < 2; run += 1) {
    const idle = await open(directory);
    expect(reader.refresh()).toBe(1);
    await idle.close();
  }
  const next = await open(directory);
  appendAll(next, ["b", "c"]);
  expect(reader.refresh()).toBe(3);
  expect(textsOf(reader)).toEqual(listed(["a", "b", "c"]));
  expect([...reader.readLast(2)].map(({ payload }) => textOf(payload))).toEqual(["b", "c"]);
  expect([...reader.read({ from: 4 })]).toEqual([]);
  await next.close();
  const batches: number[] = [];
  for await (const batch of reader.readBatches({ from: 2, maxBatchBytes: 1 })) batches.push(batch[0]?.lsn ?? 0);
  expect(batches).toEqual([2, 3]);
  reader.close();
  expect(() => reader.refresh()).toThrowError(expect.objectContaining({ code: "WAL_CLOSED" }));
});

test("an open that nothing is appended to leaves the file as it was", async () => {
  const directory = empty();
  const log = await open(directory);
  await log.appendDurable(bytesOf("a"));
  await log.close();
  const bytes = directory.readFile(name);
  for (let run = 0; run < 3; run += 1) {
    const idle = await open(directory);
    expect(idle.stats()).toMatchObject({ appendedRecords: 0, sectionCount: 2 });
    expect(textsOf(idle)).toEqual(["1:a"]);
    await idle.close();
    expect(directory.readFile(name)).toEqual(bytes);
  }
});

test("a close leaves nothing ahead of the end, and states what its open has proven", async () => {
  const directory = empty();
  const log = await open(directory, { ...plain, preallocateBytes: 65_536 });
  await log.appendDurable(bytesOf("a"));
  expect(directory.stat(name).size).toBeGreaterThan(10_000);
  await log.close();
  expect(directory.stat(name).size).toBe(160 + 40 + 96);
  const fs = directory.fs as MemoryFs;
  const next = await open(directory);
  next.append(bytesOf("b"));
  next.write();
  const killed = copyOf(fs.snapshot());
  await (await open(killed)).close(); // proves "b", and appends nothing
  const last = await open(killed);
  expect(last.report).toMatchObject({ lastLsn: 2, provenLsn: 2, rewrittenRecords: 0 });
  await Promise.all([last.close(), next.close()]);
});

test("a range behind the end is empty, though the section that began there is no more", async () => {
  const directory = empty();
  const log = await open(directory);
  await log.appendDurable(bytesOf("a"));
  await log.close();
  const idle = await open(directory);
  const reader = openRecordLogReader({ directory, name });
  await idle.close();
  expect([...reader.read({ from: 2 })]).toEqual([]);
});

test("following ends with the signal, and waits where there is nothing yet", async () => {
  const directory = empty();
  const log = await open(directory);
  const stop = new AbortController();
  const steps = [(): void => appendAll(log, ["a", "b"]), (): void => appendAll(log, ["c"]), (): void => stop.abort()];
  const schedule = (action: () => void): (() => void) => {
    steps.shift()?.();
    queueMicrotask(action);
    return () => {};
  };
  const reader = openRecordLogReader({ directory, name, schedule });
  const seen: string[] = [];
  for await (const batch of reader.follow({ signal: stop.signal })) {
    for (const { lsn, payload } of batch) seen.push(`${lsn}:${textOf(payload)}`);
  }
  expect(seen).toEqual(listed(["a", "b", "c"]));
  await log.close();
});

test("the writer's own follower hears of what is durable, or written", async () => {
  const directory = empty();
  const log = await open(directory);
  appendAll(log, ["a"]);
  const written = log.follow({ until: "written" });
  const durable = log.follow({ from: 2 });
  expect((await written.next()).value).toMatchObject([{ lsn: 1 }]);
  const waiting = durable.next();
  log.append(bytesOf("b"));
  expect(log.durableLsn).toBe(0);
  await log.sync();
  expect((await waiting).value).toMatchObject([{ lsn: 2 }]);
  const last = durable.next();
  await written.return();
  await Promise.all([expect(last).rejects.toMatchObject({ code: "WAL_CLOSED" }), log.close()]);
});

function damage(directory: Directory, from: number): void {
  using file = directory.open(name, { mode: "write" });
  file.writeAt(new Uint8Array(16).fill(0xee), from);
}

test("damage behind what was seen is reported by the next look, and a shorter log as well", async () => {
  const directory = empty();
  const log = await open(directory);
  await log.appendDurable(bytesOf("a"));
  const reader: RecordLogReader = openRecordLogReader({ directory, name });
  const { writtenBytes } = log.stats();
  await log.appendDurable(bytesOf("b"));
  await log.appendDurable(bytesOf("c"));
  damage(directory, writtenBytes);
  expect(() => reader.refresh()).toThrowError(expect.objectContaining({ code: "WAL_CORRUPT" }));
  using file = directory.open(name, { mode: "write" });
  file.truncate(160);
  expect(() => reader.refresh()).toThrowError(expect.objectContaining({ code: "WAL_CORRUPT" }));
});

test("a record that is damaged behind the writer's back is an error where it is read", async () => {
  const directory = empty();
  const log = await open(directory);
  await log.appendDurable(bytesOf("a"));
  await log.appendDurable(bytesOf("b"));
  damage(directory, 160 + 8);
  expect(() => [...log.read()]).toThrowError(expect.objectContaining({ code: "WAL_CORRUPT" }));
  expect(() => log.append(new Uint8Array(17 * 1024 * 1024))).toThrowError(
    expect.objectContaining({ code: "WAL_RECORD_TOO_LARGE" }),
  );
  await log.close();
});

test("there is nothing to read", () => {
  expect(() => openRecordLogReader({ directory: empty(), name })).toThrowError(
    expect.objectContaining({ code: "WAL_NOT_FOUND" }),
  );
});

test.each([
  ["segmentBytes", { segmentBytes: 4096 }],
  ["nmae", { nmae: "x" }],
  ["name", { name: "" }],
  ["name", { name: "a/b" }],
  ["name", { name: "a.lock" }],
  ["name", { name: "a.lock.b" }],
  ["name", { name: "a.aside-b" }],
  ["name", { name: ".~a" }],
  ["name", { name: "ä".repeat(65) }],
  ["name", { name: 7 }],
  ["maxRecordBytes", { maxRecordBytes: -1 }],
  ["mode", { mode: "lenient" }],
])("option %s is refused: %j", async (option, wrong) => {
  const options = { directory: empty(), name, ...wrong } as unknown as RecordLogOptions;
  await expect(openRecordLog(options)).rejects.toMatchObject({ code: "WAL_INVALID_OPTION", context: { option } });
  expect(options.directory.list()).toEqual([]);
  if (option === "name" || option === "maxRecordBytes" || option === "nmae") {
    expect(() => openRecordLogReader(options)).toThrowError(
      expect.objectContaining({ code: "WAL_INVALID_OPTION", context: { option } }),
    );
  }
});

test("records shorter than a header can be the longest, and a longer one that is there is an error", async () => {
  const directory = empty();
  const log = await open(directory, { ...plain, maxRecordBytes: 5 });
  await log.appendDurable(bytesOf("short"));
  expect(() => log.append(bytesOf("longer"))).toThrowError(expect.objectContaining({ code: "WAL_RECORD_TOO_LARGE" }));
  await log.close();
  const next = await open(directory, { ...plain, maxRecordBytes: 5 });
  expect(textsOf(next)).toEqual(["1:short"]);
  await next.close();
});
