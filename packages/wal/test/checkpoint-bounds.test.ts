// Which checkpoint counts: by its LSN, by its name, and by what the log still has.
import { Directory } from "@holdfast/fs-seam";
import { FaultFs } from "@holdfast/fs-seam/fault";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { expect, test } from "vitest";
import { openWal, openWalReader, type Wal } from "../src/index.js";
import { bytesOf, small } from "./log-law.js";

const record = (name: string): Uint8Array => bytesOf(name.padEnd(40, "."));
const checkpointFile = (lsn: number): string => `${String(lsn).padStart(20, "0")}.ckpt`;

function segmentsOf(directory: Directory): string[] {
  return directory
    .list()
    .map(({ name }) => name)
    .filter((name) => name.endsWith(".seg"));
}

async function logWithCheckpoints(): Promise<{ directory: Directory; log: Wal }> {
  const directory = new Directory(new MemoryFs());
  const log = await openWal({ directory, ...small });
  for (let lsn = 1; lsn <= 7; lsn += 1) log.append(record(String(lsn)));
  await log.checkpoint(bytesOf("three"), { lsn: 3 });
  await log.checkpoint(bytesOf("seven"), { lsn: 7 });
  return { directory, log };
}

test("the last record and the point in time are bounds that count", async () => {
  const { log } = await logWithCheckpoints();
  expect(log.latestCheckpoint().checkpoint?.lsn).toBe(7);
  expect(log.latestCheckpoint({ upTo: 7 }).checkpoint?.lsn).toBe(7);
  expect(log.latestCheckpoint({ upTo: 6 }).checkpoint?.lsn).toBe(3);
  expect(log.latestCheckpoint({ upTo: 3 }).checkpoint?.lsn).toBe(3);
  await log.close();
});

test("one is of use as long as the record behind it is there", async () => {
  const { directory, log } = await logWithCheckpoints();
  await log.prune(3);
  expect(log.firstLsn).toBe(4);
  expect(log.latestCheckpoint({ upTo: 3 }).checkpoint?.lsn).toBe(3);
  await log.close();
  const keeper = await openWal({ directory, ...small, keepCheckpoints: 1 });
  await keeper.prune(4);
  expect(keeper.firstLsn).toBe(5);
  directory.remove(checkpointFile(7));
  expect(() => keeper.latestCheckpoint()).toThrowError(expect.objectContaining({ code: "WAL_CHECKPOINT_MISSING" }));
  await keeper.close();
});

test("what follows the oldest one that is kept is not pruned, whoever asks and after any open", async () => {
  const { directory, log } = await logWithCheckpoints();
  expect([await log.prune(7), log.firstLsn]).toEqual([3, 4]);
  await log.checkpoint(bytesOf("five"), { lsn: 5 });
  expect([await log.prune(7), log.firstLsn]).toEqual([2, 6]);
  await log.close();
  const again = await openWal({ directory, ...small });
  expect([await again.prune(7), again.firstLsn]).toEqual([0, 6]);
  expect(again.latestCheckpoint({ upTo: 6 }).checkpoint?.lsn).toBe(5);
  await again.close();
});

test("the first one keeps what it needs of a log that was pruned without", async () => {
  const log = await openWal({ directory: new Directory(new MemoryFs()), ...small });
  for (let lsn = 1; lsn <= 7; lsn += 1) log.append(record(String(lsn)));
  expect([await log.prune(2), log.firstLsn]).toEqual([2, 3]);
  await log.checkpoint(bytesOf("four"), { lsn: 4 });
  expect([await log.prune(7), log.firstLsn]).toEqual([2, 5]);
  await log.close();
});

test("one that nobody could go on from is refused, and writes nothing", async () => {
  const directory = new Directory(new MemoryFs());
  const log = await openWal({ directory, ...small });
  for (let lsn = 1; lsn <= 7; lsn += 1) log.append(record(String(lsn)));
  await log.prune(4);
  expect(log.firstLsn).toBe(5);
  for (const lsn of [0, 3]) {
    const refused = { code: "WAL_PRUNED", context: { lsn: lsn + 1, expected: 5 } };
    await expect(log.checkpoint(bytesOf("state"), { lsn })).rejects.toMatchObject(refused);
    await expect(log.publish(bytesOf("state"), { lsn })).rejects.toMatchObject(refused);
  }
  expect(directory.list().filter(({ name }) => name.endsWith(".ckpt"))).toEqual([]);
  await log.checkpoint(bytesOf("four"), { lsn: 4 });
  expect(log.latestCheckpoint().checkpoint?.lsn).toBe(4);
  await log.close();
});

test("what one needs that is being written is not pruned meanwhile", async () => {
  const directory = new Directory(new MemoryFs());
  const log = await openWal({ directory, ...small });
  for (let lsn = 1; lsn <= 7; lsn += 1) log.append(record(String(lsn)));
  const [oldest, removed] = await Promise.all([log.checkpoint(bytesOf("two"), { lsn: 2 }), log.prune(6)]);
  expect([oldest, removed, log.firstLsn]).toEqual([2, 2, 3]);
  expect(log.latestCheckpoint().checkpoint?.lsn).toBe(2);
  // One that fails leaves nothing behind that would hold up the next prune.
  await expect(log.checkpoint(bytesOf("x"), { lsn: 99 })).rejects.toMatchObject({ code: "WAL_LSN_OUT_OF_RANGE" });
  await log.checkpoint(bytesOf("six"), { lsn: 6 });
  await log.checkpoint(bytesOf("six again"), { lsn: 6 });
  await log.checkpoint(bytesOf("seven"), { lsn: 7 });
  expect([await log.prune(7), log.firstLsn]).toEqual([4, 7]);
  await log.close();
});

test("one under the name of another LSN proves nothing, and is not used", async () => {
  const { directory, log } = await logWithCheckpoints();
  await log.close();
  directory.rename(checkpointFile(7), checkpointFile(9));
  directory.writeFile(checkpointFile(5), directory.readFile(checkpointFile(3)));
  directory.makeDirectory(checkpointFile(8));
  const again = await openWal({ directory, ...small });
  expect(again.report).toMatchObject({ lastLsn: 7, provenLsn: 7 });
  expect(again.latestCheckpoint().checkpoint).toEqual({ lsn: 3, payload: bytesOf("three") });
  expect(again.latestCheckpoint({ upTo: 9 }).skipped.map(({ lsn }) => lsn)).toEqual([9, 5]);
  await again.close();
});

test("one ahead of its log is damage, which only salvage passes, and then it is gone", async () => {
  const { directory, log } = await logWithCheckpoints();
  await log.close();
  directory.remove(segmentsOf(directory).at(-1) as string);
  await expect(openWal({ directory, ...small })).rejects.toMatchObject({ code: "WAL_CORRUPT" });
  expect(directory.exists(checkpointFile(7))).toBe(true);
  const salvaged = await openWal({ directory, ...small, mode: "salvage" });
  expect([salvaged.lastLsn, directory.exists(checkpointFile(7)), directory.exists(checkpointFile(3))]).toEqual([
    6,
    false,
    true,
  ]);
  await salvaged.close();
});

test("one that could not be written leaves no temporary file", async () => {
  const memory = new MemoryFs();
  const fs = new FaultFs(memory);
  const log = await openWal({ directory: new Directory(fs), ...small });
  log.append(record("a"));
  await log.sync();
  fs.plan.arm("append:*.ckpt* n1 EIO");
  await expect(log.checkpoint(bytesOf("state"))).rejects.toMatchObject({ code: "FS_IO" });
  expect(memory.list("/").some(({ name }) => name.startsWith(".~"))).toBe(false);
  await log.checkpoint(bytesOf("state"));
  await log.close();
});

test("a reader looks again, and finds the same ones by the same bounds", async () => {
  const directory = new Directory(new MemoryFs());
  const log = await openWal({ directory, ...small });
  log.append(record("1"));
  log.write();
  const reader = openWalReader({ directory });
  expect(reader.latestCheckpoint()).toEqual({ checkpoint: undefined, skipped: [] });
  for (let lsn = 2; lsn <= 7; lsn += 1) log.append(record(String(lsn)));
  await log.publish(bytesOf("three"), { lsn: 3 });
  await log.publish(bytesOf("seven"), { lsn: 7 });
  expect(reader.latestCheckpoint().checkpoint).toEqual({ lsn: 7, payload: bytesOf("seven") });
  expect(reader.latestCheckpoint({ upTo: 6 }).checkpoint).toEqual({ lsn: 3, payload: bytesOf("three") });
  expect(() => reader.latestCheckpoint({ upTo: 2 })).toThrowError(
    expect.objectContaining({ code: "WAL_CHECKPOINT_MISSING" }),
  );
  expect(() => reader.latestCheckpoint({ upTo: -1 })).toThrowError(
    expect.objectContaining({ code: "WAL_LSN_OUT_OF_RANGE" }),
  );
  expect(() => reader.latestCheckpoint({ upto: 7 } as object)).toThrowError(
    expect.objectContaining({ code: "WAL_INVALID_OPTION" }),
  );
  await log.close();
});

test("a reader finds the one that a writer puts in the place of the one it was about to read", async () => {
  const { directory, log } = await logWithCheckpoints();
  const [older, newer] = [checkpointFile(3), checkpointFile(7)];
  const bytes = directory.readFile(newer);
  await log.close();
  directory.remove(newer);
  const fs = new FaultFs(directory.fs);
  const reader = openWalReader({ directory: new Directory(fs) });
  const replace = (): void => {
    directory.remove(older);
    directory.writeFile(newer, bytes);
  };
  fs.plan.arm({
    operations: ["open"],
    path: `/${older}`,
    times: 1,
    action: { kind: "callback", callback: replace },
  });
  expect(reader.latestCheckpoint().checkpoint).toEqual({ lsn: 7, payload: bytesOf("seven") });
});
