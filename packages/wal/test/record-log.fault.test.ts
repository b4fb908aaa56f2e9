// Calls and barriers of a record log that fail, each one in turn: a typed error or full success, no file left open, nothing counted
// as durable that was lost, and the next open has everything that was promised.
import { acquireDirectoryLock, Directory, isFsError } from "@holdfast/fs-seam";
import { CrashFs, type FailedSyncAftermath } from "@holdfast/fs-seam/crash";
import { FaultFs } from "@holdfast/fs-seam/fault";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { expect, test } from "vitest";
import { again, once, type Attempt } from "./attempt.js";
import { openWal } from "../src/index.js";
import { openRecordLogReader, WalError, type RecordLog } from "../src/record-log-entry.js";
import { bytesOf, demandPrefix, listed, textsOf } from "./log-law.js";
import { copyOf, name, open, plain, readInEveryMode, type Settings } from "./record-log-law.js";

const record = (text: string): string => text.padEnd(40, ".");
const history = ["1", "2", "a", "b", "c", "d", "e", "f"].map(record);

/** Two records, of which the second is not proven, and a torn tail behind them. */
async function prepared(): Promise<CrashFs> {
  const fs = new CrashFs();
  const directory = new Directory(fs);
  const log = await open(directory);
  for (const each of history.slice(0, 2)) await log.appendDurable(bytesOf(each));
  fs.processCrash();
  using file = directory.open(name, { mode: "append" });
  file.append(bytesOf("torn"));
  return new CrashFs({ image: fs.snapshot() });
}

/** Two runs; `ack` hears of what is promised. */
async function program(fs: FaultFs, options: Settings, ack: (lsn: number) => void, attempt: Attempt): Promise<void> {
  const log: RecordLog = await attempt(() => open(new Directory(fs), options));
  ack(log.lastLsn);
  try {
    for (const each of history.slice(2, 4)) {
      await attempt(() => log.append(bytesOf(each)));
      ack(await attempt(() => log.sync()));
    }
    await attempt(() => log.appendBatch(history.slice(4, 6).map(bytesOf)));
    ack(await attempt(() => log.syncBlocking()));
    await attempt(() => log.append(bytesOf(history[6] as string)));
  } finally {
    await again(() => log.close());
  }
  ack(7);
  const next = await attempt(() => open(new Directory(fs), options));
  try {
    await attempt(() => next.append(bytesOf(history[7] as string)));
  } finally {
    await again(() => next.close());
  }
  ack(8);
}

const settings: readonly Settings[] = [plain, { ...plain, preallocateBytes: 128 }];

test.each(["EIO", "EIO late", "EDQUOT"])("the n-th call fails with %s", async (fault) => {
  for (const options of settings) {
    for (let n = 1; ; n += 1) {
      const disk = await prepared();
      const fs = new FaultFs(disk, `*:* n${n} ${fault}`);
      let acked = 2;
      let failure: unknown;
      await program(fs, options, (lsn) => (acked = lsn), once).catch((error: unknown) => (failure = error));
      const struck = fs.plan.rules[0]?.firstStruck;
      const story = `call ${n}, ${struck?.operation ?? "none"} ${struck?.path ?? ""}: ${String(failure)}`;
      if (struck?.operation !== "close") expect(fs.openHandles, story).toEqual([]);
      if (failure !== undefined) expect(failure instanceof WalError || isFsError(failure), story).toBe(true);
      for (const tree of [disk.snapshot(), disk.durableImage()]) {
        const records = await readInEveryMode(tree, options).catch((error: unknown) => {
          throw new Error(story, { cause: error });
        });
        demandPrefix(records, history, { acked });
      }
      if (struck !== undefined) continue;
      expect(n).toBeGreaterThan(40);
      expect(failure).toBeUndefined();
      break;
    }
  }
});

const aftermaths: readonly FailedSyncAftermath[] = ["clean-keep-new", "revert", "keep-dirty"];

test.each(aftermaths)("the n-th barrier fails (%s), and the same machine goes on", async (aftermath) => {
  for (const operation of ["sync", "syncNames"]) {
    for (let n = 1; ; n += 1) {
      const disk = await prepared();
      const fs = new FaultFs(disk, `${operation}:* n${n} failedSync EIO ${aftermath}`);
      let acked = 2;
      let failure: unknown;
      await program(fs, plain, (lsn) => (acked = lsn), once).catch((error: unknown) => (failure = error));
      const story = `${operation} ${n}, ${aftermath}: ${String(failure)}`;
      expect(fs.openHandles, story).toEqual([]);
      if (fs.plan.fired === 0) {
        expect(n).toBeGreaterThan(2);
        break;
      }
      expect(failure, story).toBeInstanceOf(Error);
      // The next open shows what the cache still has, and promises it; then the power fails, and nothing unsynced survives.
      disk.processCrash();
      const log = await open(new Directory(disk));
      const records = textsOf(log);
      expect(log.durableLsn, story).toBe(log.lastLsn);
      demandPrefix(records, history, { acked });
      await log.appendDurable(bytesOf("more"));
      disk.crash("worst");
      expect(await readInEveryMode(disk.snapshot()), story).toEqual([...records, `${records.length + 1}:more`]);
    }
  }
});

test("a failed barrier ends the log, and its waiters, and nothing after it succeeds", async () => {
  const fs = new FaultFs(new CrashFs(), `sync:${name} n1 failedSync EIO`);
  const log = await open(new Directory(fs));
  log.append(bytesOf("a"));
  const waiting = await Promise.allSettled([log.sync(), log.sync("full"), log.whenDurable(1), log.whenDurable(9)]);
  expect(waiting.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected", "rejected"]);
  const refused = expect.objectContaining({ code: "WAL_POISONED" });
  expect(() => log.append(bytesOf("x"))).toThrowError(refused);
  expect(() => log.appendBatch([bytesOf("x")])).toThrowError(refused);
  expect(() => log.write()).toThrowError(refused);
  expect(() => log.syncBlocking()).toThrowError(refused);
  await expect(log.sync()).rejects.toEqual(refused);
  expect(log.durableLsn).toBe(0);
  const calls = fs.plan.arm("sync,syncNames,write,append,truncate,allocate:* delay 0ms");
  await log.close();
  expect(calls.fired).toBe(0);
});

test.each(["ENOSPC", "torn 9 ENOSPC", "short 9"])("the n-th write meets %s: nothing is lost", async (fault) => {
  for (const options of settings) {
    let fired = 0;
    for (let n = 1; ; n += 1) {
      const disk = await prepared();
      const fs = new FaultFs(disk, `write,append:~"events$|events[.]aside" n${n} ${fault}`);
      await program(fs, options, () => {}, again);
      expect(fs.openHandles).toEqual([]);
      if (fs.plan.fired === 0) break;
      fired += 1;
      expect(await readInEveryMode(disk.snapshot(), options), `write ${n}`).toEqual(listed(history));
    }
    expect(fired).toBeGreaterThan(8);
  }
});

test("a disk that is really full holds the log up until there is room", async () => {
  const memory = new MemoryFs({ capacityBytes: 20 * 4096 });
  const directory = new Directory(memory);
  const log = await open(directory, { ...plain, preallocateBytes: 4096 });
  directory.writeFile("ballast", new Uint8Array(8 * 4096));
  const appended: string[] = [];
  const append = (): void => {
    const each = record(String(appended.length)).padEnd(500, "x");
    log.append(bytesOf(each));
    appended.push(each);
  };
  const full = expect.objectContaining({ code: "WAL_NO_SPACE" });
  expect(() => {
    for (;;) append();
  }).toThrowError(full);
  expect(append).toThrowError(full);
  await expect(log.sync()).rejects.toEqual(full);
  await expect(log.close()).rejects.toEqual(full);
  directory.remove("ballast");
  append();
  expect(await log.sync()).toBe(appended.length);
  await log.close();
  expect(await readInEveryMode(memory.snapshot())).toEqual(listed(appended));
});

test("a second opener is refused, another log beside it is not", async () => {
  const directory = new Directory(new MemoryFs());
  const log = await open(directory);
  await expect(open(directory)).rejects.toMatchObject({ code: "FS_LOCKED" });
  await expect(open(directory, { ...plain, mode: "salvage" })).rejects.toMatchObject({ code: "FS_LOCKED" });
  const lock = acquireDirectoryLock(directory); // whoever owns the directory is nobody's business here
  const beside = await open(directory, { ...plain, name: `${name}.2` });
  await beside.appendDurable(bytesOf("beside"));
  await log.appendDurable(bytesOf("first"));
  await Promise.all([beside.close(), log.close()]);
  lock.release();
  const next = await open(directory);
  expect(textsOf(next)).toEqual(["1:first"]);
  await next.close();
  await next.close();
  expect(() => next.append(bytesOf("x"))).toThrowError(expect.objectContaining({ code: "WAL_CLOSED" }));
  expect(directory.list().map((entry) => entry.name)).toEqual([name, `${name}.2`]);
});

test("temporary files of this log go, those of others stay", async () => {
  const directory = new Directory(new MemoryFs());
  const own = [`.~${name}.1-0`, `.~${name}.lock.1-0`, `.~${name}.aside-00000000000000000002-00000000.1-0`];
  const others = [`.~${name}.2.1-0`, ".~other.1-0", `.~${name}2.1-0`];
  for (const each of [...own, ...others]) directory.writeFile(each, bytesOf("left over"));
  await (await open(directory)).close();
  const left = directory.fs.list("/").map((entry) => entry.name);
  expect(left).toEqual([...others, name].sort());
});

test.each([
  ["a record log", `.~${name}.lock.1-0`, (directory: Directory) => open(directory)],
  ["a log", ".~LOCK.1-0", (directory: Directory) => openWal({ directory })],
])("%s opens although another that asks for its lock takes its claim away meanwhile", async (_what, claim, start) => {
  const fs = new MemoryFs();
  fs.list = (path) => {
    const entries = MemoryFs.prototype.list.call(fs, path);
    return path === "/" ? [...entries, { name: claim, kind: "file" }] : entries;
  };
  const log = await start(new Directory(fs));
  expect(log.report.created).toBe(true);
  await log.close();
});

test("a read that fails says so, and changes nothing", async () => {
  const tree = (await prepared()).snapshot();
  for (let n = 1; ; n += 1) {
    const memory = copyOf(tree).fs as MemoryFs;
    const fs = new FaultFs(memory, `read:${name} n${n} EIO`);
    const opened = await open(new Directory(fs)).catch((error: unknown) => error);
    if (fs.plan.fired === 0) {
      await (opened as RecordLog).close();
      break;
    }
    expect(opened).toMatchObject({ code: "FS_IO" });
    expect(fs.openHandles).toEqual([]);
    expect(await readInEveryMode(memory.snapshot())).toEqual(listed(history.slice(0, 2)));
  }
});

test("bytes that a read gets wrong are never records", async () => {
  const tree = (await prepared()).snapshot();
  const expected = await readInEveryMode(tree);
  for (const how of ["bit-flip", "zero", "stale"]) {
    for (let n = 1; n <= 8; n += 1) {
      const fs = new FaultFs(copyOf(tree).fs, `seed ${n}; read:${name} n${n} corrupt ${how}`);
      let seen: string[] | string;
      try {
        seen = textsOf(openRecordLogReader({ directory: new Directory(fs), name }));
      } catch (error) {
        seen = error instanceof WalError ? error.code : String(error);
      }
      if (typeof seen !== "string") expect(expected.slice(0, seen.length)).toEqual(seen);
      else expect(["WAL_CORRUPT", "WAL_UNSUPPORTED"]).toContain(seen);
    }
  }
});
