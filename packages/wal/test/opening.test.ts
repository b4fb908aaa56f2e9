// What an open that is refused, or fails, leaves behind; what a full disk is called, wherever it is met; and what stays open.
import { cleanupFailureOf, Directory, openDirectory, type StoreFs } from "@holdfast/fs-seam";
import { CrashFs } from "@holdfast/fs-seam/crash";
import { FaultFs } from "@holdfast/fs-seam/fault";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { openWal, openWalReader, type PrunableSegment, type RecoveryMode, type Wal } from "../src/index.js";
import { openRecordLog, openRecordLogReader, type RecordLog } from "../src/record-log-entry.js";
import { bytesOf, small, textsOf } from "./log-law.js";

const name = "events";
const record = (text: string): Uint8Array => bytesOf(text.padEnd(40, "."));

const kinds = [
  {
    kind: "a log",
    open: (directory: Directory, mode: RecoveryMode = "recover"): Promise<Wal | RecordLog> =>
      openWal({ directory, ...small, segmentBytes: 4096, mode }),
    reader: (directory: Directory) => openWalReader({ directory }),
    lock: "LOCK",
    temp: ".~00000000000000000002-00000000.seg.1-0",
    /** Where the first frame begins. */
    frames: 64,
  },
  {
    kind: "a record log",
    open: (directory: Directory, mode: RecoveryMode = "recover"): Promise<Wal | RecordLog> =>
      openRecordLog({ directory, name, bufferBytes: 256, preallocateBytes: 0, mode }),
    reader: (directory: Directory) => openRecordLogReader({ directory, name }),
    lock: `${name}.lock`,
    temp: `.~${name}.1-0`,
    frames: 160,
  },
] as const;

type Kind = (typeof kinds)[number];

const cleanUp: (() => void)[] = [];
afterEach(() => {
  for (const each of cleanUp.splice(0)) each();
});

/** Every name of the root with what it holds, temporary ones included. */
function contents(fs: StoreFs): Map<string, string> {
  const directory = new Directory(fs);
  return new Map(
    fs.list("/").map((entry) => [entry.name, Buffer.from(directory.readFile(entry.name)).toString("latin1")]),
  );
}

/** Three durable records, closed, and a temporary file of a run that was killed. */
async function closed({ open, temp }: Kind): Promise<{ fs: MemoryFs; directory: Directory; file: string }> {
  const fs = new MemoryFs();
  const directory = new Directory(fs);
  const log = await open(directory);
  for (const text of ["a", "b", "c"]) await log.appendDurable(record(text));
  await log.close();
  directory.writeFile(temp, bytesOf("half done"));
  return { fs, directory, file: directory.list()[0]?.name ?? "" };
}

describe.each(kinds)("$kind", (kind) => {
  const { open, reader, lock, temp, frames } = kind;

  test("a strict open that refuses a torn tail changes nothing, not even a temporary file", async () => {
    const { fs, directory, file } = await closed(kind);
    directory.writeFile(file, directory.readFile(file).subarray(0, frames + 3 * 72 + 10));
    const before = contents(fs);
    expect([...before.keys()]).toContain(temp);
    await expect(open(directory, "strict")).rejects.toMatchObject({
      code: "WAL_TORN",
      context: { file, offset: frames + 3 * 72 },
    });
    expect(contents(fs)).toEqual(before);
    const log = await open(directory);
    expect([...contents(fs).keys()]).not.toContain(temp);
    await log.close();
  });

  test.each(["strict", "recover"] as const)("an open in mode %s that refuses damage changes nothing", async (mode) => {
    const { fs, directory, file } = await closed(kind);
    const bytes = directory.readFile(file);
    bytes[frames + 50] = 0xff;
    directory.writeFile(file, bytes);
    const before = contents(fs);
    await expect(open(directory, mode)).rejects.toMatchObject({ code: "WAL_CORRUPT" });
    expect(contents(fs)).toEqual(before);
  });

  test("a strict open takes records that are not proven, and proves them", async () => {
    const fs = new MemoryFs();
    const killed = await open(new Directory(fs));
    killed.append(record("a"));
    killed.write();
    const directory = new Directory(new MemoryFs({ image: fs.snapshot() }));
    directory.remove(lock);
    const log = await open(directory, "strict");
    expect(log.report).toMatchObject({ lastLsn: 1, provenLsn: 0, rewrittenRecords: 1, dropped: [] });
    await log.close();
    await killed.close();
  });

  test("an open that fails throws its own failure, whether the lock can be given back or not", async () => {
    const { fs } = await closed(kind);
    const faults = new FaultFs(fs, `read:~"seg|${name}$" n1 EIO; remove:/${lock} n1 EACCES`);
    const failure: unknown = await open(new Directory(faults)).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "FS_IO" });
    expect(cleanupFailureOf(failure)).toMatchObject({ code: "FS_PERMISSION_DENIED", operation: "remove" });
  });

  test("a full disk is WAL_NO_SPACE for an open at every call, and the log is what it was", async () => {
    const { fs } = await closed(kind);
    let fired = 0;
    for (let n = 1; ; n += 1) {
      const image = new MemoryFs({ image: fs.snapshot() });
      const faults = new FaultFs(image, `write,append,makeDirectory,rename:* n${n} ENOSPC`);
      const opened: unknown = await open(new Directory(faults)).catch((error: unknown) => error);
      if (faults.plan.fired === 0) break;
      fired += 1;
      expect(opened).toMatchObject({ code: "WAL_NO_SPACE", cause: { code: "FS_NO_SPACE" } });
      const log = await open(new Directory(image));
      expect(textsOf(log).length).toBe(3);
      await log.close();
    }
    expect(fired).toBeGreaterThan(2);
  });

  test("a barrier that says that the disk is full is final, as every barrier that fails", async () => {
    const faults = new FaultFs(new MemoryFs());
    const log = await open(new Directory(faults));
    log.append(record("a"));
    faults.plan.arm("sync:* n1 ENOSPC");
    await expect(log.sync()).rejects.toMatchObject({ code: "FS_NO_SPACE" });
    await expect(log.sync()).rejects.toMatchObject({ code: "WAL_POISONED", cause: { code: "FS_NO_SPACE" } });
    await log.close();
  });

  test("reading holds nothing open before its first record is asked for", async () => {
    const faults = new FaultFs(new MemoryFs());
    const directory = new Directory(faults);
    const log = await open(directory);
    for (const text of ["a", "b", "c"]) log.append(record(text));
    log.write();
    const beside = reader(directory);
    const before = faults.openHandles.length;
    const unread = [log.read(), log.readBatches(), log.readLast(2), beside.readLast(2), beside.readBatches()];
    expect(faults.openHandles.length).toBe(before);
    for (const each of unread.slice(0, 2)) await each.return();
    const late = log.read();
    log.append(record("d")); // behind the call, and not read
    expect([...late].length).toBe(3);
    expect(faults.openHandles.length).toBe(before);
    const [, , last, besides] = unread as [unknown, unknown, ReturnType<Wal["read"]>, ReturnType<Wal["read"]>];
    await log.close();
    beside.close();
    expect(() => last.next()).toThrowError(expect.objectContaining({ code: "WAL_CLOSED" }));
    expect(() => besides.next()).toThrowError(expect.objectContaining({ code: "WAL_CLOSED" }));
    expect(faults.openHandles).toEqual([]);
  });

  test("following ends among records that are there, by the signal or by its caller, and holds nothing open", async () => {
    const fs = new FaultFs(new MemoryFs());
    const directory = new Directory(fs);
    const log = await open(directory);
    for (const text of ["a", "b", "c"]) await log.appendDurable(record(text));
    const handles = fs.openHandles.length;
    for (const each of [log, reader(directory)]) {
      const stop = new AbortController();
      const seen: number[][] = [];
      for await (const batch of each.follow({ maxBatchBytes: 1, signal: stop.signal })) {
        seen.push(batch.map(({ lsn }) => lsn));
        if (seen.length === 2) stop.abort();
      }
      expect(seen).toEqual([[1], [2]]);
      expect(fs.openHandles.length).toBe(handles);
      const following = each.follow({ maxBatchBytes: 1 });
      expect((await following.next()).value).toMatchObject([{ lsn: 1 }]);
      await following.return(undefined);
      expect(fs.openHandles.length).toBe(handles);
    }
    await log.close();
  });

  test("a hundred times open and closed: no handle, no timer, no file is kept", { timeout: 300_000 }, async () => {
    const path = mkdtempSync(join(tmpdir(), "holdfast-open-"));
    cleanUp.push(() => rmSync(path, { recursive: true, force: true }));
    const directory = openDirectory(path);
    let timers = 0;
    const schedule = (): (() => void) => {
      timers += 1;
      return () => void (timers -= 1);
    };
    const options = { directory, syncPolicy: { kind: "interval", intervalMs: 60_000 }, schedule } as const;
    const descriptors = (): number => readdirSync("/proc/self/fd").length;
    const before = descriptors();
    for (let run = 1; run <= 100; run += 1) {
      const log = await (kind.kind === "a log" ? openWal(options) : openRecordLog({ ...options, name }));
      log.append(record("a")); // makes the policy wait for its barrier
      expect(timers).toBe(1);
      for (const { lsn } of log.read()) if (lsn > 1) break;
      await log.close();
      expect(timers).toBe(0);
    }
    expect(descriptors()).toBe(before);
    expect(readdirSync(path).length).toBeLessThanOrEqual(16);
  });
});

test("a quota that is used up is a full disk", async () => {
  const faults = new FaultFs(new MemoryFs());
  const log = await openWal({ directory: new Directory(faults), ...small });
  faults.plan.arm('append:~"ckpt" n1 EDQUOT');
  await expect(log.checkpoint(bytesOf("state"))).rejects.toMatchObject({
    code: "WAL_NO_SPACE",
    cause: { code: "FS_QUOTA_EXCEEDED" },
  });
  await log.close();
});

test("a full disk is WAL_NO_SPACE for a checkpoint, and the one before stays", async () => {
  const faults = new FaultFs(new MemoryFs());
  const log = await openWal({ directory: new Directory(faults), ...small });
  log.append(record("a"));
  await log.checkpoint(bytesOf("first"));
  log.append(record("b"));
  await log.sync();
  for (const call of ["open", "append", "sync"]) {
    const full = faults.plan.arm(`${call}:~"ckpt" n1 ENOSPC`);
    await expect(log.checkpoint(bytesOf("second"))).rejects.toMatchObject({
      code: "WAL_NO_SPACE",
      cause: { code: "FS_NO_SPACE" },
    });
    expect(full.fired).toBe(1);
    expect(log.latestCheckpoint()).toMatchObject({ checkpoint: { lsn: 1 }, skipped: [] });
  }
  expect(await log.checkpoint(bytesOf("second"))).toBe(1);
  expect(log.latestCheckpoint().checkpoint?.lsn).toBe(2);
  await log.close();
});

test("a reading that was never begun does not hold up pruning", async () => {
  const log = await openWal({ directory: new Directory(new MemoryFs()), ...small });
  for (const text of ["a", "b", "c", "d", "e", "f", "g"]) log.append(record(text));
  const unread = log.read();
  expect(await log.prune(4)).toBeGreaterThan(0);
  expect(() => unread.next()).toThrowError(expect.objectContaining({ code: "WAL_PRUNED" }));
  expect(() => log.read({ from: log.firstLsn - 1 }).next()).toThrowError(
    expect.objectContaining({ code: "WAL_PRUNED" }),
  );
  const begun = log.read();
  begun.next();
  expect(await log.prune(7)).toBe(1); // the one that it has read
  begun.return();
  expect(await log.prune(7)).toBeGreaterThan(0);
  await log.close();
});

test("a follower holds up pruning while it waits, from the record that it waits for", async () => {
  const log = await openWal({ directory: new Directory(new MemoryFs()), ...small });
  const following = log.follow();
  const first = following.next();
  await Promise.resolve(); // it waits
  for (const text of ["a", "b", "c", "d", "e", "f", "g"]) log.append(record(text));
  expect(await Promise.all([log.sync(), log.prune(7)])).toEqual([7, 0]);
  expect((await first).value?.map(({ lsn }) => lsn)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(await log.prune(7)).toBeGreaterThan(0); // what it was given it has
  await following.return();
  await log.close();
});

test("a reader follows what the log states as durable, in records, rotations and at the end", async () => {
  const directory = new Directory(new MemoryFs());
  const log = await openWal({ directory, ...small });
  log.append(record("a"));
  log.write();
  const looks: (() => void)[] = [];
  const reader = openWalReader({ directory, schedule: (look) => (looks.push(look), (): void => {}) });
  const control = new AbortController();
  const got: number[] = [];
  const following = (async (): Promise<void> => {
    const { signal } = control;
    for await (const batch of reader.follow({ until: "durable", signal })) got.push(...batch.map(({ lsn }) => lsn));
  })();
  const look = async (): Promise<unknown> => {
    looks.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
    return [got.join(), reader.durableLsn, reader.lastLsn];
  };
  expect(await look()).toEqual(["", 0, 1]);
  await log.sync();
  log.append(record("b")); // states that the first is durable, be it in the next segment
  log.write();
  expect(await look()).toEqual(["1", 1, 2]);
  log.append(record("c"));
  log.write();
  expect(await look()).toEqual(["1", 1, 3]);
  await log.close();
  expect(await look()).toEqual(["1,2,3", 3, 3]);
  control.abort();
  await following;
  expect(() => reader.follow({ until: "durabel" as "durable" })).toThrowError(
    expect.objectContaining({ code: "WAL_INVALID_OPTION", context: { option: "until" } }),
  );
});

test("what an open has proven is durable to a reader, whether it looked before or looks first", async () => {
  const disk = new CrashFs();
  const directory = new Directory(disk);
  const killed = await openWal({ directory, ...small });
  for (const text of ["a", "b", "c"]) killed.append(record(text));
  killed.write();
  const reader = openWalReader({ directory });
  expect([reader.durableLsn, reader.lastLsn]).toEqual([0, 3]);
  disk.processCrash();
  const log = await openWal({ directory, ...small });
  await log.close();
  reader.refresh();
  for (const each of [reader, openWalReader({ directory })]) {
    expect([each.durableLsn, each.lastLsn]).toEqual([3, 3]);
  }
});

test("records without a byte fill a batch as well", async () => {
  const log = await openWal({ directory: new Directory(new MemoryFs()) });
  log.appendBatch(Array.from({ length: 20 }, () => new Uint8Array()));
  const sizes: number[] = [];
  for await (const batch of log.readBatches({ maxBatchBytes: 8 * 32 })) sizes.push(batch.length);
  expect(sizes).toEqual([8, 8, 4]);
  await log.close();
});

test("pruning ends before the first segment that its owner keeps", async () => {
  const directory = new Directory(new MemoryFs());
  let keepFrom = 3;
  const asked = new Map<string, unknown>();
  const mayPrune = ({ file, ...segment }: PrunableSegment): boolean => {
    asked.set(file, segment);
    if (keepFrom === 0) throw new RangeError("of the owner");
    return segment.lastLsn < keepFrom;
  };
  const log = await openWal({ directory, ...small, mayPrune });
  for (const text of ["a", "b", "c", "d", "e"]) log.append(record(text));
  const files = (): string[] => directory.list().flatMap((entry) => (entry.name.endsWith(".seg") ? [entry.name] : []));
  const before = files();
  expect(await log.publish(bytesOf("state"))).toBe(2);
  expect([log.firstLsn, files()]).toEqual([3, before.slice(2)]);
  expect([...asked]).toEqual(
    before.slice(0, 3).map((file, index) => [file, { segmentId: index + 1, firstLsn: index + 1, lastLsn: index + 1 }]),
  );
  keepFrom = 0;
  await expect(log.prune(5)).rejects.toThrow(RangeError);
  keepFrom = 9;
  expect(await log.prune(5)).toBe(2); // the log works on
  expect(files()).toEqual(before.slice(4));
  await log.close();
});
