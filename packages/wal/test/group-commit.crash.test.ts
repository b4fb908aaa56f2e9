// What one barrier covers, and what is said of it while it is under way and when it has returned.
import { Directory } from "@holdfast/fs-seam";
import { CrashFs } from "@holdfast/fs-seam/crash";
import { FaultFs } from "@holdfast/fs-seam/fault";
import { expect, test } from "vitest";
import { openWal, type Wal } from "../src/index.js";
import { bytesOf, listed, readInEveryMode, small } from "./log-law.js";

/** Three of them fit into a segment. */
const record = (name: string): string => name.padEnd(8, ".");

/** A log, and what happens when its next barrier of a file is under way. */
async function scene(during: (log: Wal) => void): Promise<{ disk: CrashFs; fs: FaultFs; log: Wal }> {
  const disk = new CrashFs();
  const fs = new FaultFs(disk);
  const log = await openWal({ directory: new Directory(fs), ...small });
  fs.plan.arm({
    operations: ["sync"],
    path: "*.seg",
    times: 1,
    // A turn later: the barrier has been issued then, and covers what was written before.
    action: { kind: "callback", callback: () => queueMicrotask(() => during(log)) },
  });
  return { disk, fs, log };
}

async function survivors(disk: CrashFs): Promise<string[]> {
  return readInEveryMode(new CrashFs({ image: disk.durableImage() }).snapshot(), small);
}

test("what is appended while a barrier is under way needs the next one", async () => {
  const seen: number[] = [];
  const { disk, log } = await scene(() => {
    seen.push(log.durableLsn);
    log.append(bytesOf(record("b")));
    log.write();
    for (const name of ["c", "d", "e"]) log.append(bytesOf(record(name))); // and rotates
    log.write();
    seen.push(log.durableLsn);
  });
  log.append(bytesOf(record("a")));
  expect(await log.sync()).toBe(1);
  expect([...seen, log.durableLsn, log.writtenLsn]).toEqual([0, 0, 1, 5]);
  expect((await survivors(disk)).length).toBeGreaterThanOrEqual(1);
  expect(await log.sync()).toBe(5);
  expect(await survivors(disk)).toEqual(listed(["a", "b", "c", "d", "e"].map(record)));
});

test("who asks while a barrier is under way waits for the next, and all of them share it", async () => {
  const asked: Promise<number>[] = [];
  const { disk, log } = await scene(() => {
    log.append(bytesOf(record("b")));
    asked.push(log.sync(), log.sync(), log.appendDurable(bytesOf(record("c"))));
  });
  log.append(bytesOf(record("a")));
  expect(await log.sync()).toBe(1);
  expect(await Promise.all(asked)).toEqual([3, 3, 3]);
  expect(log.stats().barriers.barriers).toBe(2);
  expect((await survivors(disk)).length).toBe(3);
});

test("who waits for the next barrier, or for an LSN, hears of the one that failed", { timeout: 5000 }, async () => {
  const asked: Promise<unknown>[] = [];
  const { fs, log } = await scene(() => {
    log.append(bytesOf(record("b")));
    asked.push(log.sync(), log.whenDurable(2));
  });
  fs.plan.arm("sync:*.seg n1 failedSync EIO");
  log.append(bytesOf(record("a")));
  await expect(log.sync()).rejects.toMatchObject({ code: "FS_IO" });
  expect((await Promise.allSettled(asked)).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
});

test("who waits for the barrier behind one of names that failed gets none", async () => {
  const fs = new FaultFs(new CrashFs());
  const log = await openWal({ directory: new Directory(fs), ...small });
  const syncs = fs.plan.arm("sync:*.seg delay 0ms");
  const asked: Promise<unknown>[] = [];
  const ask = (): void => {
    log.append(bytesOf(record("b")));
    asked.push(log.sync());
  };
  fs.plan.arm({
    operations: ["syncNames"],
    times: 1,
    action: { kind: "callback", callback: () => queueMicrotask(ask) },
  });
  fs.plan.arm("syncNames:/ n1 failedSync EIO");
  for (const name of ["a", "b", "c", "d"]) log.append(bytesOf(record(name))); // two segments
  await expect(log.sync()).rejects.toMatchObject({ code: "FS_IO" });
  expect((await Promise.allSettled(asked)).map(({ status }) => status)).toEqual(["rejected"]);
  await log.close();
  expect(syncs.seen).toBe(2);
});

test("a segment that was made ready has a durable name when the first barrier covers it", async () => {
  const disk = new CrashFs();
  const turn = (): Promise<void> => Promise.resolve();
  const options = { ...small, preallocateBytes: 64, prepareSegments: true, turn };
  const log = await openWal({ directory: new Directory(disk), ...options });
  const names = ["a", "b", "c", "d"].map(record);
  for (const each of names) await log.appendDurable(bytesOf(each));
  expect(log.stats().rotations).toBe(1);
  expect(await survivors(disk)).toEqual(listed(names));
});

test("a segment that holds no record yet is durable before what it follows is pruned", async () => {
  const disk = new CrashFs();
  const fs = new FaultFs(disk);
  const log = await openWal({ directory: new Directory(fs), ...small });
  log.append(bytesOf(record("a").repeat(9)));
  await log.sync();
  // A rotation whose record had no room: the first write is that of the segment's header.
  const full = fs.plan.arm("write:*.seg n2 ENOSPC");
  expect(() => log.appendWritten([bytesOf(record("b").repeat(9))])).toThrowError("the disk is full");
  expect([full.fired, log.stats().rotations]).toEqual([1, 1]);
  expect([log.lastLsn, log.durableLsn]).toEqual([1, 1]);
  expect(await log.prune(1)).toBe(1);
  disk.crash("worst");
  const again = await openWal({ directory: new Directory(disk), ...small });
  expect([again.report.created, again.firstLsn, again.lastLsn]).toEqual([false, 2, 1]);
});

test("a barrier of rung full is not covered by one of rung data", async () => {
  const { log } = await scene(() => {});
  log.append(bytesOf(record("a")));
  await log.sync("data");
  await log.sync("data");
  expect(log.stats().barriers.barriers).toBe(1);
  await log.sync("full");
  expect(log.syncBlocking("full")).toBe(1);
  expect(log.stats().barriers.barriers).toBe(2);
});

test("a frame states what was durable when it was encoded, and an open believes it", async () => {
  const { disk, log } = await scene(() => {});
  await log.appendDurable(bytesOf(record("a")));
  log.append(bytesOf(record("b")));
  log.write();
  disk.processCrash();
  const again = await openWal({ directory: new Directory(disk), ...small });
  expect(again.report).toMatchObject({ lastLsn: 2, provenLsn: 1, rewrittenRecords: 1 });
});

test("the wait for an LSN ends with the barrier that covers it, whoever asked for that", async () => {
  const { log } = await scene(() => {});
  const waiting = log.whenDurable(2);
  let isOver = false;
  void waiting.then(() => (isOver = true));
  await log.appendDurable(bytesOf(record("a")));
  expect(isOver).toBe(false);
  await log.appendDurable(bytesOf(record("b")));
  await waiting;
  expect(log.durableLsn).toBe(2);
});
