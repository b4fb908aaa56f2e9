// Bounds and steps of the log that no law of crashes asks for: what a barrier of each rung syncs, when a segment is full or old, in
// which order files go, which names and numbers files get, and what everybody who waits is told.
import { crashMatrix } from "@holdfast/crash-test";
import { Directory } from "@holdfast/fs-seam";
import { CrashFs } from "@holdfast/fs-seam/crash";
import { FaultFs } from "@holdfast/fs-seam/fault";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { inspectSegmentHeader, type SegmentHeader } from "@holdfast/segment-codec";
import { describe, expect, test } from "vitest";
import { openWal, openWalReader, WalError, type Wal, type WalOptions } from "../src/index.js";
import { bytesOf, copyOf, listed, small, textsOf } from "./log-law.js";

/** With its frame's header, 72 bytes. */
const record = (name: string): Uint8Array => bytesOf(name.padEnd(40, "."));
const text = (name: string): string => name.padEnd(40, ".");

async function faulty(options: Partial<WalOptions> = {}): Promise<{ fs: FaultFs; memory: MemoryFs; log: Wal }> {
  const memory = new MemoryFs();
  const fs = new FaultFs(memory);
  const log = await openWal({ directory: new Directory(fs), ...small, ...options });
  return { fs, memory, log };
}

function segmentsOf(directory: Directory): string[] {
  return directory
    .list()
    .map(({ name }) => name)
    .filter((name) => name.endsWith(".seg"));
}

function headersOf(directory: Directory): SegmentHeader[] {
  return segmentsOf(directory).flatMap((file) => {
    const outcome = inspectSegmentHeader(directory.readFile(file));
    return outcome.kind === "segment" ? [outcome.header] : [];
  });
}

describe("rungs", () => {
  test("data and full asked for at once are one barrier, of rung full", async () => {
    const { log } = await faulty();
    log.append(record("a"));
    await Promise.all([log.sync("data"), log.sync("full"), log.sync("data")]);
    await log.sync("full");
    expect(log.stats().barriers.barriers).toBe(1);
    await log.close();
  });

  test("full behind data syncs the file once more", async () => {
    const { fs, log } = await faulty();
    log.append(record("a"));
    await log.sync("data");
    const syncs = fs.plan.arm("sync:*.seg delay 0ms");
    await log.sync("data");
    expect(syncs.seen).toBe(0);
    await log.sync("full");
    expect(syncs.seen).toBe(1);
    await log.close();
  });

  test("one that holds the event loop is refused while another is on its way to the disk", async () => {
    const { fs, log } = await faulty();
    const said: unknown[] = [];
    const busy = (): void => {
      log.append(record("b"));
      try {
        said.push(log.syncBlocking());
      } catch (error) {
        said.push((error as { code: unknown }).code);
      }
    };
    fs.plan.arm({
      operations: ["sync"],
      times: 1,
      action: { kind: "callback", callback: () => queueMicrotask(busy) },
    });
    log.append(record("a"));
    expect(await log.sync()).toBe(1);
    expect(said).toEqual(["WAL_BUSY"]);
    expect(log.syncBlocking()).toBe(2);
    await log.close();
  });

  test("os is written when the promise resolves, and not synced", async () => {
    const { log } = await faulty();
    expect(await log.appendDurable(record("a"), { rung: "os" })).toBe(1);
    expect([log.writtenLsn, log.durableLsn]).toEqual([1, 0]);
    await log.close();
  });
});

describe("segments", () => {
  test("one is full when the next frame would pass its size, and not before", async () => {
    const { log } = await faulty({ segmentBytes: 64 + 2 * 72 });
    const rotations = ["a", "b", "c", "d", "e"].map((name) => (log.append(record(name)), log.stats().rotations));
    expect(rotations).toEqual([0, 0, 1, 1, 2]);
    await log.close();
  });

  test("one is old when it has reached its age, and the next is new", async () => {
    let now = 0;
    const { log } = await faulty({ segmentBytes: 4096, maxSegmentAgeMs: 10, now: () => now });
    const rotations = [0, 9, 10, 19, 20, 21].map((moment) => {
      now = moment;
      log.append(record("a"));
      return log.stats().rotations;
    });
    expect(rotations).toEqual([0, 0, 1, 1, 2, 2]);
    await log.close();
  });

  test("a quota that is used up is a full disk", async () => {
    const { fs, log } = await faulty();
    log.append(record("a"));
    fs.plan.arm("write:*.seg times 1 EDQUOT");
    await expect(log.sync()).rejects.toMatchObject({ code: "WAL_NO_SPACE" });
    expect(await log.sync()).toBe(1);
    await log.close();
  });

  test("every open counts the epoch, and continues the chain of what went before", async () => {
    const directory = new Directory(new MemoryFs());
    for (const name of ["a", "b", "c"]) {
      const log = await openWal({ directory, ...small });
      log.append(record(name));
      await log.close();
    }
    const headers = headersOf(directory);
    expect(headers.map(({ epoch }) => epoch)).toEqual([1, 2, 3]);
    expect(headers.map(({ segmentId }) => segmentId)).toEqual([1, 2, 3]);
    expect(headers.map(({ previousChain }) => previousChain === 0)).toEqual([true, false, false]);
  });

  test("no number is given twice, not even that of a file without a header", async () => {
    const directory = new Directory(new MemoryFs());
    await (await openWal({ directory, ...small })).close();
    directory.writeFile("00000000000000000009-00000001.seg", new Uint8Array(4096));
    const log = await openWal({ directory, ...small });
    expect(headersOf(directory).map(({ segmentId }) => segmentId)).toEqual([10]);
    await log.close();
  });

  test("a file without a header that holds nothing is no damage, wherever its number lies", async () => {
    const directory = new Directory(new MemoryFs());
    for (const name of ["a", "b", "c"]) {
      const log = await openWal({ directory, ...small });
      log.append(record(name));
      await log.close();
    }
    directory.writeFile("00000000000000000002-00000001.seg", new Uint8Array(4096));
    expect(textsOf(openWalReader({ directory }))).toEqual(listed(["a", "b", "c"].map(text)));
    const log = await openWal({ directory, ...small, mode: "strict" });
    expect(textsOf(log)).toEqual(listed(["a", "b", "c"].map(text)));
    expect(log.report.removedFiles).toContain("00000000000000000002-00000001.seg");
    await log.close();
  });

  test("each that is pruned is gone durably before the next goes", async () => {
    const { fs, log } = await faulty();
    for (const name of ["a", "b", "c", "d"]) log.append(record(name));
    await log.sync();
    const order: string[] = [];
    fs.plan.arm({
      operations: ["remove", "syncNames"],
      action: { kind: "callback", callback: ({ operation }) => void order.push(operation) },
    });
    expect(await log.prune(2)).toBe(2);
    expect(order).toEqual(["remove", "syncNames", "remove", "syncNames"]);
    expect(log.firstLsn).toBe(3);
    await log.close();
  });
});

test("a batch of which a checkpoint proves a part is written once more as a whole", async () => {
  const disk = new CrashFs();
  const log = await openWal({ directory: new Directory(disk), ...small, segmentBytes: 4096 });
  log.append(record("a"));
  log.appendBatch(["b", "c", "d", "e"].map(record));
  await log.checkpoint(bytesOf("state"), { lsn: 3 });
  disk.processCrash();
  const again = await openWal({ directory: new Directory(disk), ...small, segmentBytes: 4096 });
  expect(again.report).toMatchObject({ provenLsn: 3, lastLsn: 5, rewrittenRecords: 4 });
  expect(textsOf(again)).toEqual(listed(["a", "b", "c", "d", "e"].map(text)));
});

describe("aside", () => {
  /** A log that was killed before it synced anything, with bytes behind its record that no encoder wrote. */
  async function torn(directory: Directory): Promise<Uint8Array> {
    const log = await openWal({ directory, ...small });
    log.append(record("a"));
    log.write();
    (directory.fs as CrashFs).processCrash();
    const file = segmentsOf(directory).at(-1) as string;
    const bytes = Uint8Array.from([...directory.readFile(file), ...bytesOf("torn".repeat(20))]);
    directory.writeFile(file, bytes);
    return bytes;
  }

  test.each([
    ["by a second name", undefined],
    ["as a copy where there are no links", "link:* EPERM"],
  ])("what an open cuts off is durable there when it is open, %s", async (_how, fault) => {
    const disk = new CrashFs();
    const directory = new Directory(disk);
    const bytes = await torn(directory);
    const file = segmentsOf(directory).at(-1) as string;
    const opened = new Directory(fault === undefined ? disk : new FaultFs(disk, fault));
    expect((await openWal({ directory: opened, ...small })).report.asideFiles).toEqual([file]);
    disk.crash("worst");
    expect(new Directory(disk).readFile(`aside/${file}`)).toEqual(bytes);
  });

  /** Whether there is a file with these bytes, where it was or aside. */
  function has(directory: Directory, bytes: Uint8Array): boolean {
    const aside = directory.exists("aside") ? directory.list("aside").map(({ name }) => `aside/${name}`) : [];
    return [...segmentsOf(directory), ...aside].some((file) => Buffer.compare(directory.readFile(file), bytes) === 0);
  }

  test("what an open cuts off is where it was, or aside, at every crash point", async () => {
    let bytes = new Uint8Array();
    const report = await crashMatrix({
      name: "aside",
      setup: async (directory) => {
        bytes = Uint8Array.from(await torn(directory));
      },
      workload: async (directory) => {
        await openWal({ directory, ...small });
      },
      recover: async (directory) => {
        const isThere = has(directory, bytes);
        const log = await openWal({ directory, ...small });
        return isThere && has(directory, bytes) && log.lastLsn === 1;
      },
      check: (holds) => holds,
      strategy: { kind: "exhaustive", limit: 4096 },
      personalities: ["posix", "ext4-ordered", "xfs"],
      nested: 0,
    });
    expect(report.recoveries).toBeGreaterThan(20);
  });

  test("the oldest go where they are too many", async () => {
    const directory = new Directory(new CrashFs());
    const seen: string[] = [];
    for (let run = 0; run < 4; run += 1) {
      await torn(directory);
      if (run === 3) directory.writeFile("aside/.~half", bytesOf("left by a crash"));
      const log = await openWal({ directory, ...small, maxAsideFiles: 2 });
      seen.push(...log.report.asideFiles);
      await log.close();
    }
    expect(seen.length).toBe(4);
    expect(directory.fs.list("/aside").map(({ name }) => name)).toEqual(seen.slice(-2));
  });
});

describe("who waits", () => {
  test("is told that the log was closed", async () => {
    const { log } = await faulty();
    const following = log.follow({ from: 1, until: "written" }).next();
    const waiting = log.whenDurable(5);
    const told = Promise.allSettled([following, waiting]);
    await log.close();
    const closed = { status: "rejected", reason: { code: "WAL_CLOSED" } };
    expect(await told).toMatchObject([closed, closed]);
  });

  test("is told that the log has failed, and its policy ends", async () => {
    const scheduled = new Set<() => void>();
    const schedule = (action: () => void): (() => void) => {
      scheduled.add(action);
      return () => void scheduled.delete(action);
    };
    const { fs, log } = await faulty({ syncPolicy: { kind: "interval", intervalMs: 5 }, schedule });
    const told = Promise.allSettled([log.follow({ from: 1, until: "written" }).next(), log.whenDurable(1)]);
    log.append(record("a"));
    expect(scheduled.size).toBe(1);
    fs.plan.arm("write:*.seg n1 EIO");
    expect(() => log.write()).toThrowError(expect.objectContaining({ code: "FS_IO" }));
    expect(scheduled.size).toBe(0);
    const failed = { status: "rejected", reason: { code: "FS_IO" } };
    expect(await told).toMatchObject([failed, failed]);
    await log.close();
  });

  test("for what is written hears of it when it is, and of a failure", async () => {
    const { fs, log } = await faulty();
    log.append(record("a"));
    let told = "nothing";
    const waiting = log.whenWritten(1).then(() => (told = "written"));
    await new Promise((resolve) => setImmediate(resolve));
    expect([told, log.writtenLsn]).toEqual(["nothing", 0]);
    log.write();
    await waiting;
    expect([told, log.writtenLsn, log.durableLsn]).toEqual(["written", 1, 0]);
    const signal = AbortSignal.abort();
    await expect(log.whenWritten(2, { signal })).rejects.toMatchObject({ code: "WAL_ABORTED" });
    await expect(log.whenWritten(-1)).rejects.toMatchObject({ code: "WAL_LSN_OUT_OF_RANGE" });
    const last = log.whenWritten(2).catch((error: unknown) => error);
    log.append(record("b"));
    fs.plan.arm("write:*.seg n1 EIO");
    expect(() => log.write()).toThrowError(expect.objectContaining({ code: "FS_IO" }));
    expect(await last).toMatchObject({ code: "FS_IO" });
    await log.close();
  });

  test("for what is durable sees nothing else", async () => {
    const { log } = await faulty();
    log.append(record("a"));
    await log.sync();
    log.append(record("b"));
    log.write();
    const { value } = await log.follow().next();
    expect(value?.map(({ lsn }) => lsn)).toEqual([1]);
    await log.close();
  });
});

test("a range may end within a batch", async () => {
  const { log } = await faulty({ segmentBytes: 4096 });
  log.appendBatch(["a", "b", "c", "d"].map(record));
  expect([...log.read({ from: 2, to: 3 })].map(({ lsn }) => lsn)).toEqual([2, 3]);
  await log.close();
});

test("the last records are as many as there are, and none that was pruned", async () => {
  const { log, memory } = await faulty();
  for (const name of ["a", "b", "c", "d", "e"]) log.append(record(name));
  await log.sync();
  await log.prune(2);
  const reader = openWalReader({ directory: new Directory(memory) });
  log.append(record("f")); // behind the look of the reader
  for (const [each, lastLsn] of [
    [log, 6],
    [reader, 5],
  ] as const) {
    const lsns = (count: number): number[] => [...each.readLast(count)].map(({ lsn }) => lsn);
    expect(lsns(1)).toEqual([lastLsn]);
    expect(lsns(2)).toEqual([lastLsn - 1, lastLsn]);
    expect(lsns(100)[0]).toBe(3);
    expect(lsns(100).at(-1)).toBe(lastLsn);
    expect(lsns(0)).toEqual([]);
    for (const count of [0.5, -1]) expect(() => each.readLast(count)).toThrowError(WalError);
  }
  await log.close();
});

test("reading leaves no segment open that it has passed", async () => {
  const { fs, log } = await faulty();
  for (const name of ["a", "b", "c", "d"]) log.append(record(name));
  await log.sync();
  const before = fs.openHandles.length;
  expect([...log.read()].length).toBe(4);
  expect(fs.openHandles.length).toBe(before);
  await log.close();
});

test("a batch takes nothing but bytes, and as a whole", async () => {
  const { log } = await faulty();
  expect(() => log.appendBatch([record("a"), "b" as unknown as Uint8Array])).toThrowError(TypeError);
  expect(log.lastLsn).toBe(0);
  await log.close();
});

test("an open that cannot finish leaves no temporary file", async () => {
  const memory = new MemoryFs();
  const temps = (): string[] => memory.list("/").flatMap(({ name }) => (name.startsWith(".~") ? [name] : []));
  const broken = new Directory(new FaultFs(memory, "append:*.seg* n1 EIO"));
  await expect(openWal({ directory: broken, ...small })).rejects.toMatchObject({ code: "FS_IO" });
  expect(temps()).toEqual([]);
  // Two segments that could be gathered, the first of which is damaged: the copy is given up.
  const directory = new Directory(memory);
  for (const name of ["a", "b"]) {
    const log = await openWal({ directory, ...small });
    log.append(record(name));
    await log.close();
  }
  const [first] = segmentsOf(directory) as [string];
  const bytes = directory.readFile(first);
  directory.writeFile(first, bytes.fill(0xff, 100, 104));
  const log = await openWal({ directory, ...small, mergeBytes: 4096 });
  expect(segmentsOf(directory)).toContain(first);
  expect(temps()).toEqual([]);
  await log.close();
});

test("a reader goes on over a close and the next open, and reads only what has come", async () => {
  const { log, memory } = await faulty();
  const fs = new FaultFs(memory);
  const directory = new Directory(memory);
  log.append(record("a"));
  await log.sync();
  const reader = openWalReader({ directory: new Directory(fs) });
  await log.close();
  expect(reader.refresh()).toBe(1);
  const next = await openWal({ directory, ...small });
  next.append(record("b"));
  next.write();
  // A look from the beginning lists the checkpoints as well, before and behind the segments.
  const looks = fs.plan.arm({ operations: ["list"], action: { kind: "callback", callback: () => {} } });
  expect(reader.refresh()).toBe(2);
  expect(looks.fired).toBe(1);
  await next.close();
});

test("a reader is told when an older copy of the log was put in its place", async () => {
  const memory = new MemoryFs();
  const directory = new Directory(memory);
  const log = await openWal({ directory, ...small });
  for (const name of ["a", "b"]) log.append(record(name));
  await log.close();
  const old = copyOf(memory.snapshot());
  const more = await openWal({ directory, ...small });
  for (const name of ["c", "d"]) more.append(record(name));
  await more.close();
  const reader = openWalReader({ directory });
  expect(reader.lastLsn).toBe(4);
  for (const file of segmentsOf(directory)) directory.remove(file);
  for (const file of segmentsOf(old)) directory.writeFile(file, old.readFile(file));
  expect(() => reader.refresh()).toThrowError(expect.objectContaining({ code: "WAL_CORRUPT" }));
});
