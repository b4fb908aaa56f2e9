// Appending with every call of the file system failing once, and what it refuses.
import { Directory, FsError } from "@holdfast/fs-seam";
import { everyNthFault } from "@holdfast/fs-seam/fault";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { expect, test } from "vitest";
import { appendToDurabilityLog, encodeDurabilitySegmentHeader, verifyDurabilityLog } from "../src/durability-entry.js";
import { goldenFiles, directoryWith, hex, readLog } from "./durability-golden.js";

const payload = (index: number): Uint8Array => new Uint8Array(20).fill(index);
const run = (...indexes: readonly number[]): Uint8Array[] => indexes.map(payload);

/** A log of two entries, with a tail that a crash left. */
function torn(): MemoryFs {
  const fs = new MemoryFs();
  const directory = new Directory(fs);
  for (const [file, bytes] of goldenFiles("wal-torn-payload")) {
    directory.makeDirectories("wal");
    directory.writeFile(file, bytes);
  }
  return fs;
}

test.each(["EIO", "ENOSPC"])("%s at any call: an error, no handle left open, and a log that goes on", async (errno) => {
  const before = readLog(new Directory(torn())).entries.map(hex);
  const report = await everyNthFault({
    make: torn,
    fault: errno,
    run: async (fs) => {
      const directory = new Directory(fs);
      await appendToDurabilityLog({ directory, version: 3, payloads: run(5, 6, 7), segmentBytes: 100 });
    },
    check: ({ error, struck, leaked, inner }) => {
      expect(leaked).toEqual([]);
      const directory = new Directory(inner);
      const { entries, error: damage } = readLog(directory);
      expect(damage).toBeUndefined();
      const all = [...before, ...run(5, 6, 7).map(hex)];
      expect(entries.map(hex)).toEqual(all.slice(0, entries.length));
      expect(entries.length).toBeGreaterThanOrEqual(before.length);
      if (struck === undefined) expect([error, entries.length]).toEqual([undefined, all.length]);
      else expect(error).toBeInstanceOf(FsError);
    },
  });
  expect(report.faults).toBeGreaterThan(40);
});

test("a read that fails is the file system's error, and leaves no handle open", () => {
  const report = everyNthFault({
    make: torn,
    fault: "EIO",
    run: (fs) => void verifyDurabilityLog({ directory: new Directory(fs) }),
    check: ({ struck, error, leaked }) => {
      expect(leaked).toEqual([]);
      if (struck !== undefined) expect(error).toBeInstanceOf(FsError);
    },
  });
  expect(report.faults).toBeGreaterThan(8);
});

test("begins a log, goes on with it, and says what comes next", async () => {
  const directory = new Directory(new MemoryFs());
  const first = await appendToDurabilityLog({ directory, version: 2, payloads: run(1, 2) });
  expect(first).toEqual({ entryCount: 2, nextEntryId: 3, cut: undefined });
  expect(directory.list("wal").map(({ name }) => name)).toEqual(["wal_1.log"]);
  async function* more(): AsyncGenerator<Uint8Array> {
    yield payload(3);
    yield new Uint8Array(70_000).fill(4); // more than the buffer holds
    yield payload(5);
  }
  const second = await appendToDurabilityLog({ directory, version: 2, payloads: more() });
  expect(second).toEqual({ entryCount: 3, nextEntryId: 6, cut: undefined });
  const { ids, entries } = readLog(directory, { mode: "strict" });
  expect([ids, entries.map(({ length }) => length)]).toEqual([
    [1, 2, 3, 4, 5],
    [20, 20, 20, 70_000, 20],
  ]);
  expect(await appendToDurabilityLog({ directory, version: 2, payloads: [] })).toMatchObject({ nextEntryId: 6 });
});

test("many entries pass through one buffer", async () => {
  const directory = new Directory(new MemoryFs());
  const payloads = Array.from({ length: 5000 }, (_, index) => payload(index % 256));
  await appendToDurabilityLog({ directory, version: 3, payloads, segmentBytes: 100_000 });
  const { entries, report } = readLog(directory, { mode: "strict" });
  expect(entries.map(hex)).toEqual(payloads.map(hex));
  expect(report?.segmentCount).toBe(2);
});

test("what is cut off is kept under a name of its own; zeros are not worth one", async () => {
  const directory = new Directory(torn());
  const original = hex(directory.readFile("wal/wal_2.log"));
  directory.writeFile("wal/wal_2.log.cut-at-44", new Uint8Array([1]));
  const { cut } = await appendToDurabilityLog({ directory, version: 2, payloads: run(9) });
  expect(cut).toEqual({ file: "wal/wal_2.log", sizeBytes: 44, keptAs: "wal/wal_2.log.cut-at-44-2" });
  expect(hex(directory.readFile("wal/wal_2.log.cut-at-44-2"))).toBe(original);
  expect(hex(directory.readFile("wal/wal_2.log.cut-at-44"))).toBe("01");
  const padded = directoryWith(goldenFiles("wal-zero-tail"));
  const zeros = await appendToDurabilityLog({ directory: padded, version: 2, payloads: run(9) });
  expect(zeros.cut).toEqual({ file: "wal/wal_2.log", sizeBytes: 73, keptAs: undefined });
  expect(readLog(padded, { mode: "strict" }).ids).toEqual([1, 2, 3, 4, 5, 6]);
});

test("a lock, damage, and an empty directory are refused, and nothing is changed", async () => {
  const append = (directory: Directory, more: object = {}): Promise<unknown> =>
    appendToDurabilityLog({ directory, version: 2, payloads: run(1), ...more });
  const state = (directory: Directory): unknown =>
    directory.list("wal").map(({ name }) => [name, hex(directory.readFile(`wal/${name}`))]);

  const locked = directoryWith(goldenFiles("wal-header-only-crash"));
  await expect(append(locked)).rejects.toMatchObject({ code: "WAL_BUSY", context: { file: "wal/.lock" } });
  expect(locked.exists("wal/.lock")).toBe(true);

  const damaged = directoryWith(goldenFiles("wal-length-flip-mid"));
  const before = state(damaged);
  await expect(append(damaged)).rejects.toMatchObject({ code: "WAL_CORRUPT" });
  expect(state(damaged)).toEqual(before);

  const newer = directoryWith(goldenFiles("v3-hello"));
  const asTwo = state(newer);
  await expect(append(newer)).rejects.toMatchObject({ code: "WAL_INVALID_OPTION", context: { option: "version" } });
  expect(state(newer)).toEqual(asTwo);

  const empty = new Directory(new MemoryFs());
  await expect(append(empty, { segmentBytes: 1 })).rejects.toMatchObject({ code: "WAL_INVALID_OPTION" });
  await expect(append(empty, { segmentbytes: 100 })).rejects.toMatchObject({ context: { option: "segmentbytes" } });
  expect(empty.list()).toEqual([]);
  await expect(appendToDurabilityLog(null as never)).rejects.toMatchObject({ code: "WAL_INVALID_OPTION" });
  await expect(append("/" as never)).rejects.toMatchObject({ context: { option: "directory" } });
  empty.makeDirectory("wal");
  await expect(append(empty)).rejects.toMatchObject({ context: { option: "firstEntryId" } });
  await append(empty, { firstEntryId: 7 });
  expect(readLog(empty).ids).toEqual([7]);
});

test("a failing source of payloads leaves what was laid out before it, or less", async () => {
  const directory = new Directory(new MemoryFs());
  function* failing(): Generator<Uint8Array> {
    yield payload(1);
    throw new RangeError("no more");
  }
  await expect(appendToDurabilityLog({ directory, version: 2, payloads: failing() })).rejects.toThrow("no more");
  expect(readLog(directory).error).toBeUndefined();
  expect(directory.exists("wal/.lock")).toBe(false);
});

test("a lone header that was lost is begun again with an id that somebody names", async () => {
  const directory = directoryWith(new Map([["wal/wal_4.log", new Uint8Array(9)]]));
  await expect(appendToDurabilityLog({ directory, version: 2, payloads: run(1) })).rejects.toMatchObject({
    context: { option: "firstEntryId" },
  });
  await appendToDurabilityLog({ directory, version: 2, payloads: [], firstEntryId: 90 });
  await appendToDurabilityLog({ directory, version: 2, payloads: run(1), firstEntryId: 90 });
  expect(hex(directory.readFile("wal/wal_4.log").slice(0, 24))).toBe(
    hex(encodeDurabilitySegmentHeader({ version: 2, startEntryId: 90, segmentId: 4 })),
  );
});
