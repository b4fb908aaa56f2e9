// Checkpoints and prunes against a power loss right behind them, and checkpoint files that are not what they should be.
import { Directory } from "@holdfast/fs-seam";
import { CrashFs } from "@holdfast/fs-seam/crash";
import { FaultFs } from "@holdfast/fs-seam/fault";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { FrameEncoder, encodeSegmentHeader, frameKinds, SEGMENT_HEADER_BYTES } from "@holdfast/segment-codec";
import { expect, test } from "vitest";
import { openWal, type Wal } from "../src/index.js";
import { bytesOf, copyOf, listed, readInEveryMode, small, textsOf } from "./log-law.js";

const record = (name: string): string => name.padEnd(40, ".");
const names = ["a", "b", "c", "d", "e", "f", "g", "h", "i"].map(record);
const fileOf = (lsn: number): string => `${String(lsn).padStart(20, "0")}.ckpt`;

async function logOn(fs: CrashFs | MemoryFs | FaultFs): Promise<{ directory: Directory; log: Wal }> {
  const directory = new Directory(fs);
  const log = await openWal({ directory, ...small });
  for (const name of names) log.append(bytesOf(name));
  return { directory, log };
}

const checkpointsIn = (directory: Directory): string[] =>
  directory
    .list()
    .map(({ name }) => name)
    .filter((name) => name.endsWith(".ckpt"));

test("a checkpoint is durable, and so is what it covers", async () => {
  const fs = new CrashFs();
  const { directory, log } = await logOn(fs);
  await log.checkpoint(bytesOf("seven"), { lsn: 7 });
  fs.crash("worst");
  const again = await openWal({ directory, ...small });
  expect(again.lastLsn).toBeGreaterThanOrEqual(7);
  expect(again.latestCheckpoint().checkpoint).toEqual({ lsn: 7, payload: bytesOf("seven") });
});

test("what follows a pruned segment is durable before that one is gone", async () => {
  const fs = new CrashFs();
  const { log } = await logOn(fs);
  await log.prune(5);
  fs.crash("worst");
  expect(await readInEveryMode(fs.snapshot(), small)).toEqual(listed(names, log.firstLsn));
});

test("as many generations stay as were asked for", async () => {
  const { directory, log } = await logOn(new MemoryFs());
  for (const lsn of [2, 4, 6, 8]) await log.checkpoint(bytesOf(String(lsn)), { lsn });
  expect(checkpointsIn(directory)).toEqual([fileOf(6), fileOf(8)]);
  await log.close();
});

test("a checkpoint that reads back otherwise is an error, and the one before stays", async () => {
  const fs = new FaultFs(new MemoryFs());
  const { directory, log } = await logOn(fs);
  await log.checkpoint(bytesOf("two"), { lsn: 2 });
  await log.checkpoint(bytesOf("three"), { lsn: 3 });
  fs.plan.arm(`read:*/${fileOf(6)} n2 corrupt zero`);
  await expect(log.checkpoint(bytesOf("six"), { lsn: 6 })).rejects.toMatchObject({ code: "WAL_CORRUPT" });
  expect(checkpointsIn(directory).slice(0, 2)).toEqual([fileOf(2), fileOf(3)]);
  await log.close();
});

test("checkpoints of another log, and of a future this log has lost, are passed over", async () => {
  const elsewhere = new MemoryFs();
  elsewhere.nonce(); // names and ids are drawn from these: another log, then
  const stranger = await logOn(elsewhere);
  await stranger.log.checkpoint(bytesOf("theirs"), { lsn: 2 });
  const memory = new MemoryFs();
  const { directory, log } = await logOn(memory);
  await log.sync();
  const past = copyOf(memory.snapshot());
  await log.appendDurable(bytesOf("more"));
  await log.checkpoint(bytesOf("ten"), { lsn: 10 });
  const old = await openWal({ directory: past, ...small });
  past.writeFile(fileOf(2), stranger.directory.readFile(fileOf(2)));
  past.writeFile(fileOf(10), directory.readFile(fileOf(10)));
  expect(old.latestCheckpoint({ upTo: 100 })).toEqual({
    checkpoint: undefined,
    skipped: [
      { file: fileOf(10), lsn: 10, why: "the log ends with LSN 9" },
      { file: fileOf(2), lsn: 2, why: "it belongs to another log" },
    ],
  });
  await log.close();
  await stranger.log.close();
});

test("a frame of another kind is no checkpoint", async () => {
  const { directory, log } = await logOn(new MemoryFs());
  await log.checkpoint(bytesOf("four"), { lsn: 4 });
  const bytes = directory.readFile(fileOf(4));
  const { logId } = headerFields(bytes);
  directory.writeFile(
    fileOf(4),
    segmentBytes({ logId, segmentId: 1, baseLsn: 5, durableLsn: 4 }, frameKinds.record, 1),
  );
  expect(log.latestCheckpoint()).toMatchObject({
    checkpoint: undefined,
    skipped: [{ why: "its frame is no checkpoint" }],
  });
  await log.close();
});

test.each([0, 8])(
  "salvage behind a checkpoint survives a power loss, with %i files aside: the one that was ahead does not come back",
  async (maxAsideFiles) => {
    const fs = new CrashFs();
    const { directory, log } = await logOn(fs);
    await log.checkpoint(bytesOf("nine"));
    await log.close();
    const last =
      directory
        .list()
        .filter(({ name }) => name.endsWith(".seg"))
        .at(-1)?.name ?? "";
    directory.remove(last);
    await directory.syncNames();
    await expect(openWal({ directory, ...small })).rejects.toMatchObject({ code: "WAL_CORRUPT" });
    const salvaged = await openWal({ directory, ...small, mode: "salvage", maxAsideFiles });
    expect(salvaged.lastLsn).toBe(8);
    expect(salvaged.report.asideFiles.includes(fileOf(9))).toBe(maxAsideFiles > 0);
    fs.crash("worst");
    const again = await openWal({ directory, ...small });
    expect(textsOf(again)).toEqual(listed(names.slice(0, 8)));
  },
);

test("no record of a batch is read whose length runs past it, although more should follow", async () => {
  const directory = new Directory(new MemoryFs());
  const identity = { logId: new Uint8Array(16).fill(3), segmentId: 1, baseLsn: 1, durableLsn: 0 };
  const payload = [9, 0, 0, 0, 1, 1, 0, 0, 0, 0];
  directory.writeFile("00000000000000000001-00000005.seg", segmentBytes(identity, frameKinds.batch, 2, payload));
  const log = await openWal({ directory, ...small });
  expect(() => log.read().next()).toThrowError(expect.objectContaining({ code: "WAL_CORRUPT" }));
  await log.close();
});

test.each([
  ["a record that runs past its batch", [9, 0, 0, 0, 1, 1], 1],
  ["a length that is cut off", [1, 0], 1],
  ["bytes behind the last record", [1, 0, 0, 0, 7, 7], 1],
  ["fewer records than the frame counts", [1, 0, 0, 0, 7], 2],
])("a batch with %s is corrupt", async (_, payload, span) => {
  const directory = new Directory(new MemoryFs());
  const bytes = segmentBytes(
    { logId: new Uint8Array(16).fill(3), segmentId: 1, baseLsn: 1, durableLsn: 0 },
    frameKinds.batch,
    span,
    payload,
  );
  directory.writeFile("00000000000000000001-00000005.seg", bytes);
  const log = await openWal({ directory, ...small });
  expect(() => textsOf(log)).toThrowError(expect.objectContaining({ code: "WAL_CORRUPT" }));
  await log.close();
});

/** A segment with one frame, sound to the last checksum. */
function segmentBytes(
  identity: {
    readonly logId: Uint8Array;
    readonly segmentId: number;
    readonly baseLsn: number;
    readonly durableLsn: number;
  },
  kind: number,
  span: number,
  payload: readonly number[] = [1, 2, 3],
): Uint8Array {
  const bytes = new Uint8Array(4096);
  const common = { nonce: 5, epoch: 1, content: 1, previousChain: 0, hash: "none" } as const;
  const header = encodeSegmentHeader({ ...identity, ...common }, bytes);
  const end = new FrameEncoder(header).append(bytes, SEGMENT_HEADER_BYTES, Uint8Array.from(payload), {
    kind,
    flags: 0,
    span,
  });
  return bytes.slice(0, end);
}

function headerFields(bytes: Uint8Array): { readonly logId: Uint8Array } {
  return { logId: bytes.slice(16, 32) };
}
