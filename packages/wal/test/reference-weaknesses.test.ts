// What the reference does wrong, by its number in the list that was made by running it: each of these was a loss there, an
// unreadable log or a silent wrong answer. The test fails when the weakness is put into this log. Those that only a crash or a
// fault shows have more tests beside this file: wal.crash, two-runs.crash, failed-barriers.fault, nth-call.fault, damage.
import { Directory } from "@holdfast/fs-seam";
import { CrashFs } from "@holdfast/fs-seam/crash";
import { FaultFs } from "@holdfast/fs-seam/fault";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { encodeSegmentHeader } from "@holdfast/segment-codec";
import { describe, expect, test } from "vitest";
import { openWal, openWalReader, type Wal, type WalOptions } from "../src/index.js";
import { bytesOf, copyOf, listed, readInEveryMode, small, textOf, textsOf } from "./log-law.js";

const record = (name: string): string => name.padEnd(40, ".");
const FRAME_BYTES = 72;
const large: Partial<WalOptions> = { ...small, segmentBytes: 64 * 1024 };

async function logOf(
  count: number,
  options: Partial<WalOptions> = large,
  fs = new MemoryFs(),
): Promise<{ directory: Directory; log: Wal; fs: MemoryFs }> {
  const directory = new Directory(fs);
  const log = await openWal({ directory, ...options });
  for (let lsn = 1; lsn <= count; lsn += 1) log.append(bytesOf(record(String(lsn))));
  return { directory, log, fs };
}

const named = (count: number): string[] => Array.from({ length: count }, (_, index) => record(String(index + 1)));

function segments(directory: Directory): string[] {
  return directory
    .list()
    .map(({ name }) => name)
    .filter((name) => name.endsWith(".seg"));
}

/** The log as `kill -9` leaves it, its last segment changed by `edit`. */
function tailOf(fs: MemoryFs, edit: (bytes: Uint8Array) => Uint8Array | void): Directory {
  const directory = copyOf(fs.snapshot());
  const file = segments(directory).at(-1) as string;
  const bytes = directory.readFile(file);
  const edited = edit(bytes) ?? bytes;
  directory.remove(file);
  directory.writeFile(file, edited);
  return directory;
}

const refusal = (code: string): unknown => expect.objectContaining({ code });

describe("17.1 a legal crash tail can be recovered", () => {
  const tails: Readonly<Record<string, (bytes: Uint8Array) => Uint8Array | void>> = {
    "the middle of the last record is zeros": (bytes) => void bytes.fill(0, bytes.length - 50, bytes.length - 10),
    "only the header of the last frame made it": (bytes) => void bytes.fill(0, bytes.length - 40),
    "the header of the last frame is zeros": (bytes) => void bytes.fill(0, bytes.length - 72, bytes.length - 40),
    "zeros follow": (bytes) => Uint8Array.from([...bytes, ...new Uint8Array(4096)]),
    "garbage follows": (bytes) => Uint8Array.from([...bytes, ...bytesOf("garbage".repeat(100))]),
    "half a frame follows": (bytes) => Uint8Array.from([...bytes, ...bytes.slice(-FRAME_BYTES, -30)]),
    "the last frame again": (bytes) => Uint8Array.from([...bytes, ...bytes.slice(-FRAME_BYTES)]),
    "every length of the last frame": (bytes) => bytes.slice(0, -1),
  };
  test.each(Object.entries(tails))("%s", async (_, edit) => {
    const { log, fs } = await logOf(3);
    log.write();
    const directory = tailOf(fs, edit);
    const records = await readInEveryMode((directory.fs as MemoryFs).snapshot(), large);
    expect([listed(named(2)), listed(named(3))]).toContainEqual(records);
    await log.close();
  });

  test("a fresh segment whose header is zeros", async () => {
    const { log, fs, directory } = await logOf(3);
    await log.sync();
    for (const bytes of [new Uint8Array(4096), new Uint8Array(16), new Uint8Array()]) {
      const copy = copyOf(fs.snapshot());
      copy.writeFile("00000000000000000002-00000001.seg", bytes);
      expect(await readInEveryMode((copy.fs as MemoryFs).snapshot(), large)).toEqual(listed(named(3)));
    }
    expect(segments(directory).length).toBe(1);
    await log.close();
  });
});

test("17.2 a segment that was rotated away is synced before what follows it counts", async () => {
  const fs = new CrashFs();
  const log = await openWal({ directory: new Directory(fs), ...small });
  for (const each of named(9)) log.append(bytesOf(each));
  await log.sync();
  expect(log.stats().rotations).toBeGreaterThan(2);
  fs.crash("worst");
  expect(await readInEveryMode(fs.snapshot(), small)).toEqual(listed(named(9)));
});

test("17.1 a rotation that lost the header of the segment in between", async () => {
  const { log, fs } = await logOf(3, small);
  log.write();
  const directory = copyOf(fs.snapshot());
  const [, second = ""] = segments(directory);
  const bytes = directory.readFile(second);
  bytes.fill(0, 0, 64);
  directory.writeFile(second, bytes);
  expect(await readInEveryMode((directory.fs as MemoryFs).snapshot(), small)).toEqual(listed(named(1)));
  await log.close();
});

describe("17.3 a torn tail and corruption are told apart", () => {
  test("a flipped bit in a length is corruption, and nothing is cut", async () => {
    const { log, fs } = await logOf(0);
    for (const each of named(10)) await log.appendDurable(bytesOf(each));
    const at = 64 + 2 * FRAME_BYTES + 5; // in the payload length of the third frame
    const directory = tailOf(fs, (bytes) => void (bytes[at] = (bytes[at] as number) ^ 1));
    const [file] = segments(directory) as [string];
    const bytes = directory.readFile(file);
    for (const mode of ["strict", "recover"] as const) {
      await expect(openWal({ directory, ...large, mode })).rejects.toMatchObject({
        code: "WAL_CORRUPT",
        context: { lsn: 3, durableLsn: 9 },
      });
    }
    expect(() => openWalReader({ directory })).toThrowError(refusal("WAL_CORRUPT"));
    expect(directory.readFile(file)).toEqual(bytes);
    await log.close();
  });

  test("a frame that persisted ahead of the one before it is a legal tail", async () => {
    const { log, fs } = await logOf(10);
    log.write();
    const directory = tailOf(fs, (bytes) => void bytes.fill(0, 64 + 8 * FRAME_BYTES, 64 + 9 * FRAME_BYTES));
    const before = directory.list();
    await expect(openWal({ directory, ...large, mode: "strict" })).rejects.toMatchObject({
      code: "WAL_TORN",
      context: { offset: 64 + 8 * FRAME_BYTES },
    });
    expect(directory.list()).toEqual(before);
    const opened = await openWal({ directory, ...large });
    expect(textsOf(opened)).toEqual(listed(named(8)));
    expect(opened.report.dropped).toMatchObject([
      { offset: 64 + 8 * FRAME_BYTES, bytes: 2 * FRAME_BYTES, laterHeaders: 1 },
    ]);
    expect(opened.report.asideFiles).toEqual([opened.report.dropped[0]?.file]);
    await opened.close();
    await log.close();
  });
});

describe("17.4 everything is under a checksum, and bound to its place", () => {
  test("the LSN of a record and of a checkpoint", async () => {
    const { log, fs } = await logOf(5);
    await log.checkpoint(bytesOf("state"), { lsn: 5 });
    await log.close();
    const changed = copyOf(fs.snapshot());
    const ckpt = changed.readFile("00000000000000000005.ckpt");
    ckpt[48] = (ckpt[48] as number) ^ 64; // its LSN, 5, would be 69
    changed.writeFile("00000000000000000005.ckpt", ckpt);
    const log2 = await openWal({ directory: changed, ...large });
    expect(log2.latestCheckpoint()).toMatchObject({ checkpoint: undefined, skipped: [{ lsn: 5 }] });
    await log2.close();
    const directory = tailOf(fs, (bytes) => void (bytes[64 + 2 * FRAME_BYTES + 17] = 1)); // LSN 3 would be 259
    await expect(openWal({ directory, ...large })).rejects.toEqual(refusal("WAL_CORRUPT"));
  });

  test("frames of another run behind the end of this one are no records", async () => {
    const { log: other, directory: elsewhere } = await logOf(9);
    await other.close();
    const foreign = elsewhere.readFile(segments(elsewhere)[0] as string).slice(64 + 3 * FRAME_BYTES);
    const fs = new MemoryFs();
    fs.nonce(); // another identity
    const { log } = await logOf(3, large, fs);
    log.write();
    const directory = tailOf(fs, (bytes) => Uint8Array.from([...bytes, ...foreign]));
    const opened = await openWal({ directory, ...large });
    expect(textsOf(opened)).toEqual(listed(named(3)));
    expect(opened.report.dropped).toMatchObject([{ laterHeaders: 0, bytes: foreign.length }]);
    await opened.close();
    await log.close();
  });
});

test("17.5 names are durable when what they hold counts: of the first segment, of a later one, of a removal", async () => {
  const fs = new CrashFs();
  const log = await openWal({ directory: new Directory(fs), ...small });
  expect(segments(new Directory(new MemoryFs({ image: fs.durableImage() }))).length).toBe(1);
  for (const each of named(7)) log.append(bytesOf(each));
  await log.sync();
  const count = segments(new Directory(fs)).length;
  expect(segments(new Directory(new MemoryFs({ image: fs.durableImage() }))).length).toBe(count);
  const removed = await log.prune(4);
  expect(removed).toBeGreaterThan(0);
  expect(segments(new Directory(new MemoryFs({ image: fs.durableImage() }))).length).toBe(count - removed);
});

test("17.6 a barrier goes through the handle that wrote", async () => {
  const fs = new FaultFs(new MemoryFs());
  const log = await openWal({ directory: new Directory(fs), ...large });
  log.append(bytesOf("a"));
  const opened = fs.plan.arm("open:* delay 0ms");
  const synced = fs.plan.arm("sync:*.seg delay 0ms");
  await log.sync();
  expect([opened.fired, synced.fired]).toEqual([0, 1]);
  await log.close();
});

test("17.7 what an open shows is durable, whoever wrote it", async () => {
  const fs = new CrashFs();
  const directory = new Directory(fs);
  const killed = await openWal({ directory, ...small });
  for (const each of named(5)) killed.append(bytesOf(each));
  killed.write();
  fs.processCrash();
  const log = await openWal({ directory, ...small });
  expect(log.durableLsn).toBe(5);
  fs.crash("worst");
  expect(await readInEveryMode(fs.snapshot(), small)).toEqual(listed(named(5)));
});

test("17.7 a watermark that was only readable is nothing to build on", async () => {
  const disk = new CrashFs();
  const fs = new FaultFs(disk);
  const log = await openWal({ directory: new Directory(fs), ...large });
  await log.appendDurable(bytesOf(record("1")));
  fs.plan.arm("sync:*.seg EIO"); // closing writes its watermark, and is killed before the barrier
  await expect(log.close()).rejects.toEqual(refusal("FS_IO"));
  disk.processCrash();
  const again = await openWal({ directory: new Directory(disk), ...large });
  await again.appendDurable(bytesOf(record("2")));
  disk.crash("worst");
  expect(await readInEveryMode(disk.snapshot(), large)).toEqual(listed(named(2)));
});

describe("17.8 opening again", () => {
  test("reads the headers and the tail, whatever the log's size", async () => {
    const { log, directory } = await logOf(0, { ...small, segmentBytes: 4096 });
    for (const each of named(300)) await log.appendDurable(bytesOf(each));
    await log.close();
    const again = await openWal({ directory, ...small, segmentBytes: 4096 });
    expect(again.report.segmentCount).toBeGreaterThan(5);
    expect(again.report.scannedBytes).toBeLessThanOrEqual(4096);
    expect(again.report.rewrittenRecords).toBe(0);
    await again.close();
  });

  test("respects the lock, and leaves nothing that a close has to repair", async () => {
    const { log, directory } = await logOf(1);
    await expect(openWal({ directory, ...large })).rejects.toEqual(refusal("FS_LOCKED"));
    log.append(bytesOf(record("2")));
    await log.close();
    await (await openWal({ directory, ...large })).close();
    const strict = await openWal({ directory, ...large, mode: "strict" });
    expect(textsOf(strict)).toEqual(listed(named(2)));
    await strict.close();
  });

  test("a lock of a process that died before it made a segment is nobody's", async () => {
    const fs = new CrashFs();
    const directory = new Directory(fs);
    const mortal = new FaultFs(fs, 'append:~"seg" EIO');
    mortal.plan.arm("remove:/LOCK EIO");
    await expect(openWal({ directory: new Directory(mortal), ...large })).rejects.toEqual(refusal("FS_IO"));
    fs.processCrash();
    expect(directory.exists("LOCK")).toBe(true);
    const log = await openWal({ directory, ...large });
    expect(log.report.created).toBe(true);
    await log.close();
  });

  test("a header without records behind it changes nothing, however often", async () => {
    const { log, directory } = await logOf(3);
    await log.close();
    for (let run = 0; run < 20; run += 1) await (await openWal({ directory, ...large })).close();
    const last = await openWal({ directory, ...large });
    expect(textsOf(last)).toEqual(listed(named(3)));
    expect(last.append(bytesOf("4"))).toBe(4);
    expect(segments(directory).length).toBeLessThan(4);
    await last.close();
  });

  test("LSNs never start again in a log that was emptied", async () => {
    const { log, directory } = await logOf(5, small);
    await log.publish(bytesOf("five"));
    await log.publish(bytesOf("five again"), { lsn: 5 });
    await log.prune(5);
    await log.close();
    const again = await openWal({ directory, ...small });
    expect(again.lastLsn).toBe(5);
    await again.prune(5);
    expect(again.append(bytesOf("six"))).toBe(6);
    await again.close();
    const third = await openWal({ directory, ...small });
    const { checkpoint } = third.latestCheckpoint();
    expect(checkpoint?.lsn).toBe(5);
    expect(textsOf(third).at(-1)).toBe("6:six");
    await third.close();
  });
});

describe("17.9 nothing falls back in silence", () => {
  test("a checkpoint that is missing, damaged or followed by bytes is passed over, and missing records are an error", async () => {
    const { log, directory } = await logOf(6, small);
    await log.publish(bytesOf("three"), { lsn: 3 });
    await log.publish(bytesOf("six"), { lsn: 6 });
    const newest = "00000000000000000006.ckpt";
    const bytes = directory.readFile(newest);
    directory.writeFile(newest, Uint8Array.from([...bytes, 0]));
    const found = log.latestCheckpoint();
    expect([found.checkpoint?.lsn, textOf(found.checkpoint?.payload), found.skipped[0]?.file]).toEqual([
      3,
      "three",
      newest,
    ]);
    directory.remove("00000000000000000003.ckpt");
    expect(() => log.latestCheckpoint()).toThrowError(refusal("WAL_CHECKPOINT_MISSING"));
    directory.remove(newest);
    expect(() => log.latestCheckpoint()).toThrowError(refusal("WAL_CHECKPOINT_MISSING"));
    await log.close();
  });

  test("a point in time below a checkpoint is never answered with that checkpoint", async () => {
    const { log } = await logOf(6);
    await log.checkpoint(bytesOf("two"), { lsn: 2 });
    await log.checkpoint(bytesOf("four"), { lsn: 4 });
    expect(log.latestCheckpoint({ upTo: 3 }).checkpoint?.lsn).toBe(2);
    expect(log.latestCheckpoint({ upTo: 1 }).checkpoint).toBeUndefined();
    await log.close();
  });

  test("a checkpoint that is older than what was pruned is not used", async () => {
    const { log, directory } = await logOf(9, small);
    await log.checkpoint(bytesOf("one"), { lsn: 1 });
    const old = directory.readFile("00000000000000000001.ckpt");
    await log.publish(bytesOf("eight"), { lsn: 8 });
    await log.publish(bytesOf("nine"), { lsn: 9 });
    for (const lsn of [8, 9]) directory.remove(`${String(lsn).padStart(20, "0")}.ckpt`);
    directory.writeFile("00000000000000000001.ckpt", old);
    expect(log.firstLsn).toBeGreaterThan(2);
    expect(() => log.latestCheckpoint()).toThrowError(refusal("WAL_CHECKPOINT_MISSING"));
    await log.close();
  });
});

describe("17.10 pruning", () => {
  test("never takes the segment that is written to, not for any LSN", async () => {
    const { log, directory } = await logOf(3, { ...small, preallocateBytes: 4096 });
    await log.prune(1000);
    expect(segments(directory).length).toBe(1);
    await log.appendDurable(bytesOf(record("4")));
    expect(log.lastLsn).toBe(4);
    await log.close();
    const again = await openWal({ directory, ...small });
    expect(textsOf(again).at(-1)).toBe(`4:${record("4")}`);
    await again.close();
  });

  test("an LSN that was never appended is no checkpoint", async () => {
    const { log, directory } = await logOf(3);
    await expect(log.publish(bytesOf("x"), { lsn: 1000 })).rejects.toEqual(refusal("WAL_LSN_OUT_OF_RANGE"));
    expect(directory.list().filter(({ name }) => name.endsWith(".ckpt"))).toEqual([]);
    await log.close();
  });

  test("a hole is never read over", async () => {
    const { log, directory } = await logOf(9, small);
    await log.close();
    directory.remove(segments(directory)[1] as string);
    expect(() => textsOf(openWalReader({ directory }))).toThrowError(refusal("WAL_CORRUPT"));
    await expect(openWal({ directory, ...small }).then(textsOf)).rejects.toEqual(refusal("WAL_CORRUPT"));
  });
});

test("17.11 a writer that is stale touches no file of its successor", async () => {
  const fs = new CrashFs();
  const directory = new Directory(fs);
  const stale = await openWal({ directory, ...large, preallocateBytes: 4096 });
  await stale.appendDurable(bytesOf(record("1")));
  fs.processCrash();
  const log = await openWal({ directory, ...large, preallocateBytes: 4096 });
  await log.appendDurable(bytesOf(record("2")));
  const before = segments(directory).map((file) => directory.readFile(file));
  await stale.close().catch(() => undefined);
  expect(segments(directory).map((file) => directory.readFile(file))).toEqual(before);
  expect(directory.exists("LOCK")).toBe(true);
  await log.close();
});

test("17.11 zeros inside a segment that is not the last are no damage", async () => {
  const { log, directory } = await logOf(9, { ...small, preallocateBytes: 4096 });
  await log.close();
  for (const file of segments(directory)) {
    directory.writeFile(file, Uint8Array.from([...directory.readFile(file), ...new Uint8Array(512)]));
  }
  expect(await readInEveryMode((directory.fs as MemoryFs).snapshot(), small)).toEqual(listed(named(9)));
});

describe("17.12 the writer has no traps", () => {
  test("closing loses nothing that was appended", async () => {
    const { log, fs } = await logOf(63);
    await log.close();
    expect(await readInEveryMode(fs.snapshot(), large)).toEqual(listed(named(63)));
  });

  test("a record above the limit is refused when it is appended, and costs nothing", async () => {
    const { log, fs } = await logOf(1, { ...large, maxRecordBytes: 40 });
    expect(() => log.append(new Uint8Array(41))).toThrowError(refusal("WAL_RECORD_TOO_LARGE"));
    expect(() => log.appendBatch([new Uint8Array(20), new Uint8Array(20)])).toThrowError(
      refusal("WAL_RECORD_TOO_LARGE"),
    );
    expect(log.append(bytesOf(record("2")))).toBe(2);
    await log.close();
    expect(await readInEveryMode(fs.snapshot(), large)).toEqual(listed(named(2)));
  });

  test("a segment ends at its limit, whatever waits in the buffer", async () => {
    const { log, directory } = await logOf(50, { ...small, segmentBytes: 512, bufferBytes: 65536 });
    await log.close();
    for (const file of segments(directory)) expect(directory.stat(file).size).toBeLessThanOrEqual(512 + 32);
  });

  test("a record that is larger than a segment gets one of its own, and none is left empty", async () => {
    const { log, directory, fs } = await logOf(0, { ...small, segmentBytes: 128 });
    for (const length of [300, 500, 200]) log.append(new Uint8Array(length).fill(97));
    await log.sync();
    expect(segments(directory).length).toBe(3);
    await log.close();
    const records = await readInEveryMode(fs.snapshot(), small);
    expect(records).toEqual(listed([300, 500, 200].map((length) => "a".repeat(length))));
  });

  test("what waits together shares a barrier", async () => {
    const { log } = await logOf(0);
    const lsns = await Promise.all(named(200).map((each) => log.appendDurable(bytesOf(each))));
    expect(lsns).toEqual(Array.from({ length: 200 }, (_, index) => index + 1));
    expect(log.stats().barriers.barriers).toBeLessThanOrEqual(2);
    await log.close();
  });

  test("LSNs end with an error, and never wrap", async () => {
    const directory = new Directory(new MemoryFs());
    const bytes = new Uint8Array(64);
    const last = Number.MAX_SAFE_INTEGER;
    encodeSegmentHeader(
      {
        logId: new Uint8Array(16).fill(7),
        segmentId: 1,
        nonce: 1,
        epoch: 1,
        content: 1,
        baseLsn: last - 1,
        durableLsn: 0,
        previousChain: 0,
        hash: "none",
      },
      bytes,
    );
    directory.writeFile("00000000000000000001-00000001.seg", bytes);
    const log = await openWal({ directory, ...large });
    expect(log.append(bytesOf("last"))).toBe(last - 1);
    expect(() => log.append(bytesOf("none"))).toThrowError(refusal("CODEC_UINT64_OUT_OF_RANGE"));
    expect(await log.sync()).toBe(last - 1);
    await log.close();
    const again = await openWal({ directory, ...large });
    expect(textsOf(again)).toEqual([`${last - 1}:last`]);
    await again.close();
  });
});

describe("17.13 readers", () => {
  test("begin at any LSN without reading all before it", async () => {
    const fs = new FaultFs(new MemoryFs());
    const log = await openWal({ directory: new Directory(fs), ...small, segmentBytes: 1024 });
    for (const each of named(100)) log.append(bytesOf(each));
    log.write();
    const reads = fs.plan.arm("open:*.seg delay 0ms");
    const [first] = log.read({ from: 95 });
    expect(first?.lsn).toBe(95);
    expect(reads.fired).toBeLessThanOrEqual(2);
    await log.close();
  });

  test("go on where an open has gathered the segments they were reading", async () => {
    const { log, directory } = await logOf(9, small);
    await log.close();
    const reading = openWalReader({ directory }).read();
    const seen = [reading.next().value, reading.next().value].map((each) => each?.lsn);
    const merging = await openWal({ directory, ...small, mergeBytes: 4096 });
    expect([...seen, ...[...reading].map(({ lsn }) => lsn)]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    await merging.close();
  });

  test("follow across a close and an open, and see nothing twice", async () => {
    const { log, directory } = await logOf(2);
    log.write();
    const reader = openWalReader({ directory });
    const seen = textsOf(reader);
    await log.close(); // leaves a watermark
    expect(reader.refresh()).toBe(2);
    const again = await openWal({ directory, ...large });
    again.append(bytesOf(record("3")));
    again.write();
    expect(reader.refresh()).toBe(3);
    expect([...seen, ...[...reader.read({ from: 3 })].map(({ lsn, payload }) => `${lsn}:${textOf(payload)}`)]).toEqual(
      listed(named(3)),
    );
    await again.close();
  });

  test("do not mind that zeros are cut off between a look and a read", async () => {
    const { log, fs } = await logOf(2, { ...large, bufferBytes: 4096, preallocateBytes: 4096 });
    log.write();
    const copy = copyOf(fs.snapshot());
    const file = segments(copy)[0] as string;
    const full = copy.stat(file).size;
    const cutting = new FaultFs(copy.fs);
    cutting.plan.arm({
      operations: ["read"],
      path: "*.seg",
      trigger: { kind: "nth", n: 2 },
      action: {
        kind: "callback",
        callback: () => {
          const handle = copy.open(file, { mode: "write" });
          handle.truncate(64 + 2 * FRAME_BYTES);
          handle.close();
        },
      },
    });
    expect(full).toBeGreaterThan(4096);
    expect(textsOf(openWalReader({ directory: new Directory(cutting) }))).toEqual(listed(named(2)));
    expect(copy.stat(file).size).toBe(64 + 2 * FRAME_BYTES);
    await log.close();
  });
});
