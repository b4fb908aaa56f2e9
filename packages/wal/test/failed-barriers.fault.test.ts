// Barriers that fail, each one in turn and in every way a disk forgets: the log says so and takes nothing more, counts nothing as
// durable that was lost, and the next open has everything that was promised.
import { Directory, type FileHandle } from "@holdfast/fs-seam";
import { CrashFs, type FailedSyncAftermath } from "@holdfast/fs-seam/crash";
import { FaultFs } from "@holdfast/fs-seam/fault";
import { describe, expect, test } from "vitest";
import { footers } from "./footers.js";
import { openWal, openWalReader, WalError, type Wal, type WalOptions } from "../src/index.js";
import { bytesOf, demandPrefix, readInEveryMode, small, textsOf } from "./log-law.js";

const record = (name: string): string => name.padEnd(40, ".");
const history = ["1", "2", "a", "b", "c", "d", "e", "f", "g"].map(record);

const settings: Readonly<Record<string, Partial<WalOptions>>> = {
  plain: small,
  "with footers": { ...small, preallocateBytes: 128, footers },
  prepared: { ...small, preallocateBytes: 128, prepareSegments: true, turn: () => Promise.resolve() },
};

async function prepared(): Promise<CrashFs> {
  const fs = new CrashFs();
  const log = await openWal({ directory: new Directory(fs), ...small });
  for (const each of history.slice(0, 2)) await log.appendDurable(bytesOf(each));
  await log.close();
  return new CrashFs({ image: fs.snapshot() });
}

interface Run {
  acked: number;
  log: Wal | undefined;
  error: unknown;
}

/** Rotates twice, prunes, writes a checkpoint and closes; stops at the first failure. */
async function program(fs: FaultFs, options: Partial<WalOptions>): Promise<Run> {
  const run: Run = { acked: 2, log: undefined, error: undefined };
  try {
    const log = (run.log = await openWal({ directory: new Directory(fs), ...options }));
    for (const each of history.slice(2, 5)) run.acked = await log.appendDurable(bytesOf(each));
    for (const each of history.slice(5, 8)) log.append(bytesOf(each));
    run.acked = log.syncBlocking();
    log.append(bytesOf(history[8] as string));
    await log.checkpoint(bytesOf("state"));
    await log.prune(2);
    await log.close();
    run.acked = 9;
  } catch (error) {
    run.error = error;
  }
  return run;
}

/** After a failed barrier every call is refused, except closing, and `durableLsn` stands still. */
async function demandPoisoned(log: Wal, acked: number): Promise<void> {
  const refused = expect.objectContaining({ code: "WAL_POISONED" });
  expect(() => log.append(bytesOf("x"))).toThrowError(refused);
  expect(() => log.appendBatch([bytesOf("x")])).toThrowError(refused);
  expect(() => log.write()).toThrowError(refused);
  expect(() => log.syncBlocking()).toThrowError(refused);
  await expect(log.sync()).rejects.toMatchObject({ code: "WAL_POISONED" });
  await expect(log.appendDurable(bytesOf("x"))).rejects.toMatchObject({ code: "WAL_POISONED" });
  await expect(log.whenDurable(99)).rejects.toMatchObject({ code: "WAL_POISONED" });
  await expect(log.prune(1)).rejects.toMatchObject({ code: "WAL_POISONED" });
  await expect(log.publish(bytesOf("x"))).rejects.toMatchObject({ code: "WAL_POISONED" });
  expect(log.durableLsn).toBeLessThanOrEqual(acked);
}

const aftermaths: readonly FailedSyncAftermath[] = ["clean-keep-new", "revert", "keep-dirty"];

describe.each(Object.entries(settings))("%s", (_, options) => {
  test.each(aftermaths)("the n-th barrier fails (%s), for every n", async (aftermath) => {
    for (const operation of ["sync", "syncNames"]) {
      for (let n = 1; ; n += 1) {
        const disk = await prepared();
        const fs = new FaultFs(disk, `${operation}:* n${n} failedSync EIO ${aftermath}`);
        const { log, acked, error } = await program(fs, options);
        const story = `${operation} ${n}, ${aftermath}: ${String(error)}`;
        if (fs.plan.fired === 0) {
          expect(error, story).toBeUndefined();
          expect(n, story).toBeGreaterThan(3);
          break;
        }
        if (log !== undefined && error !== undefined) expect(log.durableLsn, story).toBeLessThanOrEqual(9);
        await log?.close().catch(() => undefined);
        expect(fs.openHandles, story).toEqual([]);
        // The same process goes on, with what its cache still shows; then the power fails, and nothing unsynced survives.
        const again = await openAgain(disk, options, story);
        demandPrefix(again, history, { acked, maxFirstLsn: 3 });
        disk.crash("worst");
        const last = await readInEveryMode(disk.snapshot(), options);
        expect(last, story).toEqual(again);
      }
    }
  });

  test("every n-th barrier fails, and the log is opened again each time: what was promised is there at the end", async () => {
    for (const [n, aftermath] of [2, 3, 5].flatMap((n) => aftermaths.map((each) => [n, each] as const))) {
      const disk = await prepared();
      const fs = new FaultFs(disk, `sync:* every ${n} failedSync EIO ${aftermath}`);
      const promised: string[] = history.slice(0, 2);
      for (let run = 0; run < 12; run += 1) {
        let log: Wal | undefined;
        try {
          log = await openWal({ directory: new Directory(fs), ...options });
          promised.splice(0, Number.POSITIVE_INFINITY, ...plain(textsOf(log)));
          for (let count = 0; count < 3; count += 1) {
            const each = record(`${run}-${count}`);
            await log.appendDurable(bytesOf(each));
            promised.push(each);
          }
        } catch (error) {
          expect(error).toMatchObject({ code: "FS_IO" });
          if (log !== undefined) await demandPoisoned(log, promised.length);
        }
        await log?.close().catch(() => undefined);
        disk.crash("worst");
        const read = plain(await readInEveryMode(disk.snapshot(), options));
        expect(read.slice(0, promised.length), `every ${n}, ${aftermath}, run ${run}`).toEqual(promised);
      }
      expect(fs.plan.fired).toBeGreaterThan(3);
    }
  });
});

function plain(records: readonly string[]): string[] {
  return records.map((each) => each.slice(each.indexOf(":") + 1));
}

async function openAgain(disk: CrashFs, options: Partial<WalOptions>, story: string): Promise<string[]> {
  // A names barrier that failed stays failed for this process; the next one begins anew.
  disk.processCrash();
  const log = await openWal({ directory: new Directory(disk), ...options });
  const records = textsOf(log);
  expect(log.durableLsn, story).toBe(log.lastLsn);
  return records;
}

test("a failed barrier ends the log, and its waiters, and nothing after it succeeds", async () => {
  for (const plan of ["sync:*.seg n2 failedSync EIO", "syncNames:/ n2 failedSync EIO"]) {
    const fs = new FaultFs(new CrashFs(), plan);
    const log = await openWal({ directory: new Directory(fs), ...small });
    for (const each of history) log.append(bytesOf(each));
    const waiting = Promise.allSettled([log.sync(), log.sync("full"), log.whenDurable(9), log.whenDurable(1)]);
    await waiting;
    expect((await waiting).map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected", "rejected"]);
    expect(fs.plan.fired).toBe(1);
    await demandPoisoned(log, 0);
    const calls = fs.plan.arm("sync,syncNames,write,append,truncate,allocate:* delay 0ms");
    await log.close();
    expect(calls.fired).toBe(0);
  }
});

test.each([
  ["a blocking barrier", "sync:*.seg n1 failedSync EIO", (log: Wal) => log.syncBlocking()],
  ["a blocking barrier of names", "syncNames:/ n2 failedSync EIO", (log: Wal) => log.syncBlocking()],
  ["a write before a barrier", "write:*.seg n1 EIO", (log: Wal) => log.sync()],
  ["a write before a blocking barrier", "write:*.seg n1 EIO", (log: Wal) => log.syncBlocking()],
  ["a write", "write:*.seg n1 EIO", (log: Wal) => log.write()],
  ["the names barrier of a prune", "syncNames:/ n3 failedSync EIO", (log: Wal) => log.prune(3)],
] as const)("%s that fails ends the log", async (_, plan, step) => {
  const fs = new FaultFs(new CrashFs(), plan);
  const log = await openWal({ directory: new Directory(fs), ...small, bufferBytes: 4096, segmentBytes: 128 });
  for (const each of ["a", "b", "c", "d"]) {
    if (plan.startsWith("write")) break;
    log.append(bytesOf(each));
  }
  if (plan.startsWith("write")) log.append(bytesOf("a"));
  await expect((async () => step(log))()).rejects.toMatchObject({ code: "FS_IO" });
  await demandPoisoned(log, 4);
  await log.close();
  expect(fs.openHandles).toEqual([]);
});

test("a removal that fails leaves the log as it was, and another prune goes on from there", async () => {
  for (const isGone of [false, true]) {
    const memory = new CrashFs();
    const fs = new FaultFs(memory, "remove:*.seg n2 EIO");
    const directory = new Directory(fs);
    const log = await openWal({ directory, ...small, bufferBytes: 4096, segmentBytes: 128 });
    for (const each of ["a", "b", "c", "d", "e"]) log.append(bytesOf(each.repeat(60)));
    await log.sync();
    expect(log.segments().map(({ baseLsn }) => baseLsn)).toEqual([1, 2, 3, 4, 5]);
    await expect(log.prune(4)).rejects.toMatchObject({ code: "FS_IO", operation: "remove" });
    expect(log.failure).toBeUndefined();
    expect(log.firstLsn).toBe(2);
    const [second] = log.segments();
    if (isGone) memory.remove(`/${second?.file}`); // the system has said otherwise
    log.append(bytesOf("f"));
    expect(await log.prune(4)).toBe(3);
    expect(log.firstLsn).toBe(5);
    await log.close();
    expect(textsOf(openWalReader({ directory: new Directory(memory) }))).toEqual([`5:${"e".repeat(60)}`, "6:f"]);
    expect(fs.openHandles).toEqual([]);
  }
});

/** Its next barrier of a file fails once, with an error that no file system of the seam throws. */
class Strange extends Directory {
  error: Error | undefined = undefined;

  override open(...args: Parameters<Directory["open"]>): FileHandle {
    const handle = super.open(...args);
    const fail = (): void => {
      const { error } = this;
      this.error = undefined;
      if (error !== undefined) throw error;
    };
    const sync = handle.sync.bind(handle);
    const syncBlocking = handle.syncBlocking.bind(handle);
    handle.sync = async (rung) => (fail(), sync(rung));
    handle.syncBlocking = (rung) => (fail(), syncBlocking(rung));
    return handle;
  }
}

test.each([
  ["a promise", (log: Wal) => log.sync()],
  ["a blocking", (log: Wal) => log.syncBlocking()],
] as const)("%s barrier that fails with anything but an FsError is as final", async (_, barrier) => {
  for (const error of [new Error("EIO: i/o error, fsync"), new WalError("WAL_NO_SPACE", "of another log")]) {
    const directory = new Strange(new CrashFs());
    const log = await openWal({ directory, ...small });
    log.append(bytesOf("a"));
    directory.error = error;
    await expect((async () => barrier(log))()).rejects.toBe(error);
    expect(log.failure).toBe(error);
    await demandPoisoned(log, 0);
    await log.close();
  }
});
