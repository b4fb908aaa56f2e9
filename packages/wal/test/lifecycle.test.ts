// What closing waits for, what a full disk may hold up, and what a log that has failed does not do any more.
import { Directory } from "@holdfast/fs-seam";
import { CrashFs } from "@holdfast/fs-seam/crash";
import { FaultFs } from "@holdfast/fs-seam/fault";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { describe, expect, test } from "vitest";
import { openWal, openWalReader, type Wal, type WalOptions } from "../src/index.js";
import { bytesOf, copyOf, listed, small, textsOf } from "./log-law.js";

const record = (name: string): Uint8Array => bytesOf(name.padEnd(40, "."));

async function faulty(
  plan = "",
  options: Partial<WalOptions> = {},
): Promise<{ fs: FaultFs; log: Wal; memory: MemoryFs }> {
  const memory = new MemoryFs();
  const fs = new FaultFs(memory, plan);
  const log = await openWal({ directory: new Directory(fs), ...small, ...options });
  return { fs, log, memory };
}

describe("close", () => {
  test.each([
    ["prune", (log: Wal) => log.prune(log.lastLsn)],
    ["publish", (log: Wal) => log.publish(bytesOf("state"))],
    ["checkpoint", (log: Wal) => log.checkpoint(bytesOf("state"))],
  ])("waits for a %s that is under way, and nothing touches a file behind it", async (_, work) => {
    const { fs, log } = await faulty();
    for (const name of ["a", "b", "c", "d", "e", "f"]) log.append(record(name));
    const working = work(log).catch((error: unknown) => error);
    await log.close();
    const { plan } = fs;
    const behind = plan.arm("*:* EIO");
    await working;
    expect(behind.seen).toBe(0);
    expect(fs.openHandles).toEqual([]);
  });

  test.each([
    ["a barrier", "sync", false, (log: Wal) => log.sync()],
    ["the barrier of a prune", "syncNames", true, (log: Wal) => log.prune(1)],
    ["the barrier of a checkpoint", "sync", true, (log: Wal) => log.checkpoint(bytesOf("state"), { lsn: 1 })],
  ])("waits for %s that takes its time", async (_, operation, isSynced, work) => {
    let release = (): void => {};
    const wait = (): Promise<void> => new Promise((resolve) => (release = resolve));
    const fs = new FaultFs(new MemoryFs(), "", { timer: { wait, pass: () => {} } });
    const log = await openWal({ directory: new Directory(fs), ...small });
    for (const name of ["a", "b", "c", "d", "e", "f"]) log.append(record(name));
    if (isSynced) await log.sync();
    const slow = fs.plan.arm(`${operation}:* n1 delay 5ms`);
    const working = work(log);
    let isClosed = false;
    for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
    expect(slow.fired).toBe(1);
    const closing = log.close().then(() => (isClosed = true));
    for (let turn = 0; turn < 200; turn += 1) await Promise.resolve();
    expect(isClosed).toBe(false);
    expect(new Directory(fs).exists("LOCK")).toBe(true);
    release();
    await working;
    await closing;
    expect(fs.openHandles).toEqual([]);
  });

  test("gives the lock back even when a file cannot be closed", async () => {
    const { fs, log, memory } = await faulty();
    log.append(record("a"));
    await log.sync();
    fs.plan.arm("close:*.seg n1 EIO");
    await expect(log.close()).rejects.toMatchObject({ code: "FS_IO" });
    expect(fs.openHandles).toEqual([]);
    expect(new Directory(memory).exists("LOCK")).toBe(false);
    const again = await openWal({ directory: new Directory(fs), ...small });
    expect(again.lastLsn).toBe(1);
    await again.close();
  });

  test("closes every handle, whichever of them fails", async () => {
    const { fs, log } = await faulty();
    for (const name of ["a", "b", "c", "d"]) log.append(record(name));
    fs.plan.arm("write:*.seg n1 EIO");
    expect(() => log.write()).toThrowError(expect.objectContaining({ code: "FS_IO" }));
    expect(fs.openHandles.length).toBeGreaterThan(2);
    fs.plan.arm("close:*.seg n1 EIO");
    await expect(log.close()).rejects.toMatchObject({ code: "FS_IO" });
    expect(fs.openHandles).toEqual([]);
  });

  test("may be called again when the lock could not be given back", async () => {
    const { fs, log } = await faulty();
    await log.appendDurable(record("a"));
    fs.plan.arm("remove:/LOCK n1 EIO");
    await expect(log.close()).rejects.toMatchObject({ code: "FS_IO" });
    expect(() => log.append(record("b"))).toThrowError(expect.objectContaining({ code: "WAL_POISONED" }));
    await log.close();
    const again = await openWal({ directory: new Directory(fs), ...small });
    expect(again.lastLsn).toBe(1);
    await again.close();
  });

  test("stays open while a full disk keeps records in memory, and works on", async () => {
    const scheduled: (() => void)[] = [];
    const schedule = (action: () => void): (() => void) => {
      scheduled.push(action);
      return () => void scheduled.splice(scheduled.indexOf(action), 1);
    };
    const { fs, log, memory } = await faulty("", { syncPolicy: { kind: "interval", intervalMs: 5 }, schedule });
    log.append(record("a"));
    const full = fs.plan.arm("write,append:*.seg times 1 ENOSPC");
    await expect(log.close()).rejects.toMatchObject({ code: "WAL_NO_SPACE" });
    expect(full.fired).toBe(1);
    expect(scheduled.length).toBe(1); // the policy is at work as before
    log.append(record("b"));
    expect(scheduled.length).toBe(1);
    await log.close();
    const again = await openWal({ directory: copyOf(memory.snapshot()), ...small });
    expect(textsOf(again).length).toBe(2);
    await again.close();
  });

  test("needs no room when every record is durable", async () => {
    const { fs, log, memory } = await faulty("", { preallocateBytes: 4096 });
    await log.appendDurable(record("a"));
    fs.plan.arm("write:*.seg torn 9 ENOSPC");
    await log.close();
    for (const mode of ["strict", "recover"] as const) {
      const again = await openWal({ directory: copyOf(memory.snapshot()), ...small, mode });
      expect(textsOf(again)).toEqual(listed(["a".padEnd(40, ".")]));
      expect(again.report.dropped).toEqual([]);
      await again.close();
    }
  });

  test("leaves a file that ends with its last frame, and a statement that survives a power loss", async () => {
    const disk = new CrashFs();
    const directory = new Directory(disk);
    const log = await openWal({ directory, ...small, preallocateBytes: 4096, segmentBytes: 4096 });
    await log.appendDurable(record("a"));
    const file = directory.list().find(({ name }) => name.endsWith(".seg"))?.name ?? "";
    expect(directory.stat(file).size).toBeGreaterThan(1000);
    await log.close();
    expect(directory.stat(file).size).toBe(64 + 72 + 32);
    disk.crash("worst");
    const again = await openWal({ directory, ...small });
    expect(again.report).toMatchObject({ lastLsn: 1, provenLsn: 1, rewrittenRecords: 0 });
  });

  test("waits for the segment that is made ready, and leaves nothing of it", async () => {
    const { fs, log, memory } = await faulty("", { prepareSegments: true, preallocateBytes: 1024, segmentBytes: 1024 });
    for (let count = 0; count < 8; count += 1) log.append(record("a"));
    log.write();
    const [, second] = new Directory(memory).list().filter(({ name }) => name.endsWith(".seg"));
    expect(second).toBeDefined();
    await log.close();
    expect(fs.openHandles).toEqual([]);
    expect(new Directory(memory).list().filter(({ name }) => name.endsWith(".seg")).length).toBe(1);
  });

  test("waits for the barrier that is under way when the log fails", async () => {
    let release = (): void => {};
    const wait = (): Promise<void> => new Promise((resolve) => (release = resolve));
    const fs = new FaultFs(new MemoryFs(), "", { timer: { wait, pass: () => {} } });
    const log = await openWal({ directory: new Directory(fs), ...small });
    log.append(record("a"));
    fs.plan.arm("sync:*.seg n1 delay 5ms");
    const syncing = log.sync();
    for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
    log.append(bytesOf("b"));
    fs.plan.arm("write:*.seg n1 EIO");
    expect(() => log.write()).toThrowError(expect.objectContaining({ code: "FS_IO" }));
    let isClosed = false;
    const closing = log.close().then(() => (isClosed = true));
    for (let turn = 0; turn < 200; turn += 1) await Promise.resolve();
    expect(isClosed).toBe(false);
    release();
    expect(await syncing).toBe(1);
    await closing;
  });

  test("is idempotent, and every call behind it is refused", async () => {
    const { log } = await faulty();
    const closing = log.close();
    expect(log.close()).toBe(closing);
    await closing;
    const refused = { code: "WAL_CLOSED" };
    expect(() => log.append(record("a"))).toThrowError(expect.objectContaining(refused));
    expect(() => log.appendBatch([record("a")])).toThrowError(expect.objectContaining(refused));
    expect(() => log.write()).toThrowError(expect.objectContaining(refused));
    expect(() => log.syncBlocking()).toThrowError(expect.objectContaining(refused));
    expect(() => log.latestCheckpoint()).toThrowError(expect.objectContaining(refused));
    expect(() => [...log.read()]).toThrowError(expect.objectContaining(refused));
    await expect(log.sync()).rejects.toMatchObject(refused);
    await expect(log.appendDurable(record("a"))).rejects.toMatchObject(refused);
    await expect(log.whenDurable(1)).rejects.toMatchObject(refused);
    await expect(log.prune(1)).rejects.toMatchObject(refused);
    await expect(log.checkpoint(bytesOf("state"))).rejects.toMatchObject(refused);
  });
});

test("a rotation that had no room leaves no file", async () => {
  const { fs, log, memory } = await faulty();
  log.append(record("a"));
  const count = new Directory(memory).list().length;
  fs.plan.arm("write:*.seg n2 ENOSPC"); // the first is that of the buffer
  expect(() => log.append(record("b"))).toThrowError(expect.objectContaining({ code: "WAL_NO_SPACE" }));
  expect(new Directory(memory).list().length).toBe(count);
  expect(log.append(record("b"))).toBe(2);
  await log.close();
});

test("an open removes temporary files that a crash left", async () => {
  const memory = new MemoryFs();
  new Directory(memory).writeFile(".~left.1", bytesOf("x"));
  const log = await openWal({ directory: new Directory(memory), ...small });
  expect(memory.list("/").map(({ name }) => name)).not.toContain(".~left.1");
  await log.close();
});

test("an open that ended before it cleared what it replaced is gone on from", async () => {
  const memory = new MemoryFs();
  const log = await openWal({ directory: new Directory(memory), ...small });
  for (const name of ["a", "b", "c", "d"]) log.append(record(name));
  log.write();
  // As a power loss may leave it: nothing was synced, and the header of the second segment never arrived.
  const directory = copyOf(memory.snapshot());
  const files = directory.list().flatMap(({ name }) => (name.endsWith(".seg") ? [name] : []));
  expect(files.length).toBe(4);
  const bytes = directory.readFile(files[1] as string);
  directory.writeFile(files[1] as string, bytes.fill(0, 0, 64));
  const faulty = new Directory(new FaultFs(directory.fs, "remove:*.seg n1 EIO"));
  await expect(openWal({ directory: faulty, ...small, maxAsideFiles: 0 })).rejects.toMatchObject({ code: "FS_IO" });
  expect(directory.list().length).toBe(5); // the new segment, beside all that it replaces
  expect(textsOf(openWalReader({ directory }))).toEqual(listed(["a".padEnd(40, ".")]));
  const again = await openWal({ directory, ...small });
  expect(textsOf(again)).toEqual(listed(["a".padEnd(40, ".")]));
  await again.close();
});

test("many short runs leave two small files at most, and every other open writes nothing again", async () => {
  const directory = new Directory(new MemoryFs());
  const sizes = (): number[] => {
    return directory.list().flatMap(({ name }) => (name.endsWith(".seg") ? [directory.stat(name).size] : []));
  };
  for (let run = 0; run < 50; run += 1) {
    const log = await openWal({ directory, ...small, segmentBytes: 65536, mergeBytes: 65536 });
    expect(log.report.rewrittenRecords).toBe(run % 2 === 0 ? run : 0);
    log.append(record("a"));
    await log.close();
    const [first = 0, second, ...more] = sizes();
    expect(more).toEqual([]);
    expect(second).toBe(run % 2 === 0 ? undefined : 64 + 72 + 32);
    // Of what was written again, and of the last run, a watermark each.
    expect(first).toBe(64 + 72 * (run % 2 === 0 ? run + 1 : run) + (run < 2 ? 32 : 64));
  }
});

test("one small segment alone is written again where bytes behind it are cut off, which are kept aside", async () => {
  const directory = new Directory(new MemoryFs());
  const settings = { directory, ...small, mergeBytes: 65536 };
  const log = await openWal(settings);
  log.append(record("a"));
  const { file = "" } = log.segments()[0] ?? {};
  await log.close();
  const torn = [...directory.readFile(file), 1, 2, 3, 4, 5, 6, 7, 8];
  directory.writeFile(file, Uint8Array.from(torn));
  const again = await openWal(settings);
  expect(again.report).toMatchObject({ rewrittenRecords: 1, segmentCount: 1, asideFiles: [file] });
  expect([...directory.readFile(`aside/${file}`)]).toEqual(torn);
  await again.close();
});

test("all that is not proven is written again, although only the last segment of it is small", async () => {
  const memory = new MemoryFs();
  const settings = { ...small, segmentBytes: 64 + 72 };
  const log = await openWal({ directory: new Directory(memory), ...settings });
  for (const name of ["a", "b", "c"]) log.append(record(name));
  log.write();
  const directory = copyOf(memory.snapshot());
  await log.close();
  const again = await openWal({ directory, ...settings, mergeBytes: 100 });
  expect(again.report).toMatchObject({ provenLsn: 0, rewrittenRecords: 3, segmentCount: 1 });
  await again.close();
});

test.each(["recover", "salvage"] as const)(
  "one small segment alone is written again by %s where its records are not proven",
  async (mode) => {
    const memory = new MemoryFs();
    const settings = { ...small, mergeBytes: 65536 };
    const log = await openWal({ directory: new Directory(memory), ...settings });
    log.append(record("a"));
    log.write();
    const directory = copyOf(memory.snapshot());
    await log.close();
    const again = await openWal({ directory, ...settings, mode });
    expect(again.report).toMatchObject({ provenLsn: 0, rewrittenRecords: 1, segmentCount: 1 });
    await again.close();
  },
);

test("a log that fails while a prune waits for its barrier prunes nothing", async () => {
  const { fs, log } = await faulty();
  for (const name of ["a", "b", "c", "d", "e", "f", "g"]) log.append(record(name));
  await log.sync();
  log.append(record("h"));
  const pruning = log.prune(8).catch((error: unknown) => error);
  fs.plan.arm("write:*.seg times 1 EIO");
  expect(() => log.write()).toThrowError(expect.objectContaining({ code: "FS_IO" }));
  const work = fs.plan.arm("sync,syncNames,remove:*.seg delay 0ms");
  expect(await pruning).toMatchObject({ code: "WAL_POISONED" });
  expect(work.fired).toBe(0);
  await log.close();
  expect(log.durableLsn).toBe(7);
});

test("a reader that comes while a prune waits for its barrier keeps its segments", async () => {
  const fs = new MemoryFs();
  const log = await openWal({ directory: new Directory(fs), ...small });
  log.appendBatch([record("a"), record("b")]); // in one segment, of which the reader has still to read the second
  for (const name of ["c", "d", "e"]) log.append(record(name));
  const pruning = log.prune(4);
  const reading = log.read();
  reading.next();
  expect(await pruning).toBe(0);
  expect([...reading].length).toBe(4);
  await log.close();
});

test("checkpoints of another log neither count nor are touched", async () => {
  const elsewhere = new MemoryFs();
  elsewhere.nonce(); // another identity
  const stranger = new Directory(elsewhere);
  const other = await openWal({ directory: stranger, ...small });
  for (let count = 0; count < 300; count += 1) other.append(record("x"));
  await other.checkpoint(bytesOf("theirs"), { lsn: 299 });
  await other.checkpoint(bytesOf("theirs"), { lsn: 300 });
  const directory = new Directory(new MemoryFs());
  const log = await openWal({ directory, ...small });
  for (const name of ["a", "b", "c", "d", "e", "f"]) log.append(record(name));
  for (const lsn of ["299", "300"]) {
    const file = `${lsn.padStart(20, "0")}.ckpt`;
    directory.writeFile(file, stranger.readFile(file));
  }
  await log.publish(bytesOf("ours"), { lsn: 3 });
  expect(log.latestCheckpoint().checkpoint).toEqual({ lsn: 3, payload: bytesOf("ours") });
  expect(log.firstLsn).toBeLessThanOrEqual(4);
  expect(textsOf(log).length).toBeGreaterThanOrEqual(3);
  await log.publish(bytesOf("ours, and later"), { lsn: 5 });
  expect(log.latestCheckpoint({ upTo: 4 }).checkpoint).toEqual({ lsn: 3, payload: bytesOf("ours") });
  await log.close();
  await other.close();
});

describe("a policy on a full disk", () => {
  test("of an interval asks again when the next one has passed, and only once at a time", async () => {
    const due: (() => void)[] = [];
    const schedule = (action: () => void): (() => void) => {
      due.push(action);
      return () => void due.splice(due.indexOf(action), 1);
    };
    const { fs, log } = await faulty("", { syncPolicy: { kind: "interval", intervalMs: 5 }, schedule });
    log.append(record("a"));
    const full = fs.plan.arm("write,append:*.seg times 2 ENOSPC");
    for (const fired of [1, 2]) {
      expect(due.length).toBe(1);
      due.shift()?.();
      await expect(log.sync()).rejects.toMatchObject({ code: "WAL_NO_SPACE" }); // shares the policy's barrier
      await Promise.resolve();
      expect(full.fired).toBe(fired);
    }
    due.shift()?.();
    await log.whenDurable(1);
    expect(due).toEqual([]);
    await log.close();
  });

  test("of appends asks again with the next append", async () => {
    const { fs, log } = await faulty("", { syncPolicy: { kind: "every", appends: 3 }, segmentBytes: 4096 });
    fs.plan.arm("write,append:*.seg times 1 ENOSPC");
    for (const name of ["a", "b", "c"]) log.append(record(name));
    await expect(log.sync()).rejects.toMatchObject({ code: "WAL_NO_SPACE" });
    await Promise.resolve();
    log.append(record("d"));
    await log.whenDurable(4);
    await log.close();
  });
});

test("a schedule that throws ends the log, behind the append that it was asked by", async () => {
  const own = new Error("no timers here");
  const schedule = (): never => {
    throw own;
  };
  const { log } = await faulty("", { syncPolicy: { kind: "interval", intervalMs: 5 }, schedule });
  expect(log.append(record("a"))).toBe(1);
  expect(log.failure).toBe(own);
  expect(() => log.append(record("b"))).toThrowError(expect.objectContaining({ code: "WAL_POISONED", cause: own }));
  await log.close();
});

describe("a disk that stays full", () => {
  async function full(): Promise<{ fs: FaultFs; log: Wal; memory: MemoryFs }> {
    const made = await faulty("", { segmentBytes: 4096 });
    await made.log.appendDurable(record("a"));
    await made.log.appendDurable(record("b"));
    made.fs.plan.arm("write,append,allocate:*.seg ENOSPC");
    made.log.append(record("c"));
    return made;
  }

  test("leaves what is durable to be read, and says so of what waits in memory", async () => {
    const { log } = await full();
    expect([...log.read({ to: 2 })].map(({ payload }) => payload)).toEqual([record("a"), record("b")]);
    expect([...log.read({ to: log.durableLsn })].length).toBe(2);
    for await (const batch of log.readBatches({ to: 2 })) expect(batch.length).toBe(2);
    for await (const batch of log.follow({ from: 2 })) {
      expect(batch.map(({ lsn }) => lsn)).toEqual([2]);
      break;
    }
    const noSpace = expect.objectContaining({ code: "WAL_NO_SPACE" });
    expect(() => log.read()).toThrowError(noSpace);
    expect(() => log.read({ to: 3 })).toThrowError(noSpace);
    expect(() => log.readLast(1)).toThrowError(noSpace);
    await log.close({ discard: true });
  });

  test("need not keep a log open that is given up: files and lock are given back, and what was durable is there", async () => {
    const { fs, log, memory } = await full();
    const waiting = log.whenDurable(3).catch((error: unknown) => error);
    await expect(log.close()).rejects.toMatchObject({ code: "WAL_NO_SPACE" });
    await log.close({ discard: true });
    expect(await waiting).toMatchObject({ code: "WAL_CLOSED" });
    expect(fs.openHandles).toEqual([]);
    const again = await openWal({ directory: new Directory(memory), ...small });
    expect([...again.read()].map(({ payload }) => payload)).toEqual([record("a"), record("b")]);
    await again.close();
  });

  test("is given up by nothing but discard", async () => {
    const { log } = await full();
    const misspelled = { discrad: true } as unknown as { discard: boolean };
    await expect(log.close(misspelled)).rejects.toMatchObject({ code: "WAL_INVALID_OPTION" });
    await expect(log.close({ discard: false })).rejects.toMatchObject({ code: "WAL_NO_SPACE" });
    await log.close({ discard: true });
  });
});

test("segments that nobody syncs do not use up the handles there are", async () => {
  const memory = new MemoryFs({ maxOpenHandles: 24 });
  const log = await openWal({ directory: new Directory(memory), ...small });
  const forgotten = log.sync(); // a barrier that is asked for and has not begun holds nothing up
  for (let count = 0; count < 300; count += 1) log.append(record(String(count)));
  expect(log.stats().rotations).toBeGreaterThan(99);
  expect(log.durableLsn).toBeGreaterThan(200);
  await forgotten;
  await log.close();
  const again = await openWal({ directory: new Directory(memory), ...small });
  expect(again.lastLsn).toBe(300);
  await again.close();
});
