import { Directory } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { expect, test } from "vitest";
import { openWal, type Wal } from "../src/index.js";
import { bytesOf } from "./log-law.js";

const small = { segmentBytes: 200, bufferBytes: 256, preallocateBytes: 0, mergeBytes: 0, prepareSegments: false };

async function logWith(count: number): Promise<{ directory: Directory; log: Wal }> {
  const directory = new Directory(new MemoryFs());
  const log = await openWal({ directory, ...small });
  for (let lsn = 1; lsn <= count; lsn += 1) log.append(bytesOf(`record ${lsn}`));
  return { directory, log };
}

const text = (payload: Uint8Array | undefined): string => new TextDecoder().decode(payload);

test("a checkpoint is the state to start from, and an older one where it is damaged", async () => {
  const { directory, log } = await logWith(9);
  expect(log.latestCheckpoint()).toEqual({ checkpoint: undefined, skipped: [] });
  await log.checkpoint(bytesOf("state at 4"), { lsn: 4 });
  expect(log.durableLsn).toBe(9);
  await log.checkpoint(bytesOf("state at 7"), { lsn: 7 });
  expect(log.latestCheckpoint().checkpoint).toEqual({ lsn: 7, payload: bytesOf("state at 7") });
  expect(log.latestCheckpoint({ upTo: 6 }).checkpoint?.lsn).toBe(4);
  const bytes = directory.readFile("00000000000000000007.ckpt");
  bytes.set([0xff], 70); // in the payload length of its frame
  directory.writeFile("00000000000000000007.ckpt", bytes);
  const found = log.latestCheckpoint();
  expect(text(found.checkpoint?.payload)).toBe("state at 4");
  expect(found.skipped).toEqual([
    { file: "00000000000000000007.ckpt", lsn: 7, why: "its frame cannot be read (bad-header)" },
  ]);
  await log.close();
});

test("publishing keeps what the older generation needs, and refuses to start where something is missing", async () => {
  const { directory, log } = await logWith(9);
  expect(await log.publish(bytesOf("a"), { lsn: 5 })).toBeGreaterThan(0);
  expect(await log.publish(bytesOf("b"), { lsn: 9 })).toBe(0);
  expect(log.firstLsn).toBeLessThanOrEqual(6);
  directory.remove("00000000000000000009.ckpt");
  expect(log.latestCheckpoint().checkpoint?.lsn).toBe(5);
  directory.remove("00000000000000000005.ckpt");
  expect(() => log.latestCheckpoint()).toThrowError(expect.objectContaining({ code: "WAL_CHECKPOINT_MISSING" }));
  await log.close();
});

test("a log that lost what a checkpoint covers is refused", async () => {
  const { directory, log } = await logWith(2);
  await log.checkpoint(bytesOf("state"));
  await log.close();
  for (const { name } of directory.list()) if (name.endsWith(".seg")) directory.remove(name);
  await expect(openWal({ directory, ...small })).rejects.toMatchObject({ code: "WAL_CORRUPT" });
});

test("checkpoints that are asked for at once are written one behind the other, whatever their order", async () => {
  const { directory, log } = await logWith(9);
  const kept = await Promise.all([1, 5, 2, 9, 3, 8, 8].map((lsn) => log.checkpoint(bytesOf(`at ${lsn}`), { lsn })));
  expect(kept).toEqual([1, 1, 2, 5, 3, 8, 8]);
  const names = directory.list().map(({ name }) => name);
  expect(names.filter((name) => name.endsWith(".ckpt"))).toEqual([
    "00000000000000000008.ckpt",
    "00000000000000000009.ckpt",
  ]);
  expect(text(log.latestCheckpoint({ upTo: 8 }).checkpoint?.payload)).toBe("at 8");
  await log.close();
});

test("a checkpoint that fails does not hold up the next one", async () => {
  const { directory, log } = await logWith(2);
  directory.makeDirectory("00000000000000000001.ckpt");
  const [first, second] = await Promise.allSettled([1, 2].map((lsn) => log.checkpoint(bytesOf("state"), { lsn })));
  expect(first).toMatchObject({ status: "rejected", reason: { code: "FS_IS_A_DIRECTORY" } });
  expect(second).toEqual({ status: "fulfilled", value: 2 });
  await log.close();
});
