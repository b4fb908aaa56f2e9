// Scans that read several blocks at once: how often and how much they read, and that what is read ahead is believed no more than anything else.
import { Directory } from "@holdfast/fs-seam";
import { FaultFs } from "@holdfast/fs-seam/fault";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { expect, test } from "vitest";
import { LevelCursor } from "../src/level-cursor.js";
import { bytesOf, entryOf, forward, isSame, type Entry } from "./support/entries.js";
import { tableFiles, writeTable } from "./support/table-directory.js";

const entries: readonly Entry[] = Array.from({ length: 4000 }, (_, at) => ({
  key: bytesOf(`key ${String(at).padStart(5, "0")}`),
  seqno: at + 1,
  value: new Uint8Array(20).fill(at),
}));

/** Reads of data since it was called last: how many, and of how many bytes. */
function readsOf(fs: FaultFs): () => { count: number; bytes: number } {
  let reads: number[] = [];
  fs.plan.arm({
    operations: ["read"],
    path: "*.sst",
    action: { kind: "callback", callback: ({ length = 0 }) => void reads.push(length) },
  });
  return () => {
    const done = reads;
    reads = [];
    return { count: done.length, bytes: done.reduce((sum, each) => sum + each, 0) };
  };
}

test("a scan reads two blocks, then four, up to 64 at once, across tables, and never much more than it goes through", async () => {
  const fs = new FaultFs(new MemoryFs());
  using files = tableFiles({ fs, blockBytes: 200, codec: null });
  const metas = [
    await writeTable(files, 1, entries.slice(0, 2000), 1),
    await writeTable(files, 2, entries.slice(2000), 1),
  ];
  const blocks = metas.map((meta) => files.reader(meta).index.blockCount);
  const sinceThen = readsOf(fs);
  const cursor = new LevelCursor(files, metas, false);
  cursor.first();
  expect(sinceThen().count).toBe(1);
  expect(isSame(forward(cursor), entries)).toBe(true);
  const [one = 0, two = 0] = blocks;
  expect(one).toBeGreaterThan(200);
  // The first block is there; 2, 4, ... 32 more are 62 blocks in five reads, and from then on 64 at once; each table ends with a part.
  expect(sinceThen().count).toBe(5 + Math.ceil((one - 63) / 64) + Math.ceil(two / 64));
  // Put somewhere, it reads one block, and then two.
  cursor.seek(entries[1500]!.key, 9999);
  const oneBlock = sinceThen();
  expect(oneBlock).toMatchObject({ count: 1 });
  let read = oneBlock.bytes;
  for (let steps = 1; steps < 400; steps++) {
    cursor.next();
    read += sinceThen().bytes;
    expect(read).toBeLessThanOrEqual(2 * steps * (oneBlock.bytes / 5) + 3 * oneBlock.bytes);
  }
  cursor.close();
});

test("no more than 256 KiB are read at once", async () => {
  const fs = new FaultFs(new MemoryFs());
  using files = tableFiles({ fs, blockBytes: 1, codec: null });
  const large: Entry[] = Array.from({ length: 12 }, (_, at) => ({
    key: bytesOf(`k${String(at).padStart(2, "0")}`),
    seqno: at + 1,
    value: new Uint8Array(at === 7 ? 400_000 : 100_000).fill(at),
  }));
  const meta = await writeTable(files, 1, large, 1);
  const cursor = files.reader(meta).cursor();
  let longest = 0;
  let count = 0;
  fs.plan.arm({
    operations: ["read"],
    action: {
      kind: "callback",
      callback: ({ length = 0 }) => {
        longest = Math.max(longest, length);
        count += 1;
      },
    },
  });
  expect(isSame(forward(cursor), large)).toBe(true);
  // The largest block alone.
  expect(longest).toBeGreaterThan(400_000);
  expect(longest).toBeLessThan(401_000);
  // One, and then two at a time up to the large one, and behind it.
  expect(count).toBe(7);
});

test("a read of several blocks that breaks off spoils nothing that was read before it", async () => {
  const fs = new FaultFs(new MemoryFs());
  using files = tableFiles({ fs, blockBytes: 200, codec: null });
  const part = entries.slice(0, 1000);
  const meta = await writeTable(files, 1, part, 1);
  const cursor = files.reader(meta).cursor({ fillCache: false });
  cursor.first();
  // Behind the block of the start and reads of two and four come eight, of which half arrives.
  const broken = fs.plan.arm("read:*.sst n3 short 500");
  while (broken.fired === 0) cursor.next();
  // Where the bytes of the four blocks from the third on were, there are others.
  const { entryCounts } = files.reader(meta).index;
  const from = entryCounts[0]! + entryCounts[1]! + entryCounts[2]!;
  cursor.seek(part[from]!.key, 9999);
  for (let at = from; at < 100; at++, cursor.next()) expect(entryOf(cursor)).toEqual(part[at]);
});

test("a block that is damaged or cannot be read is told when the cursor comes to it, and not before", async () => {
  const inner = new MemoryFs();
  const fs = new FaultFs(inner);
  using files = tableFiles({ fs, blockBytes: 200, codec: null });
  const meta = await writeTable(files, 1, entries.slice(0, 1000), 1);
  const { index } = files.reader(meta);
  const bad = 90;
  const at = index.offsets[bad]! + 50;
  const scanned = (): { found: Entry[]; error: unknown } => {
    const cursor = new LevelCursor(files, [meta], false);
    const found: Entry[] = [];
    try {
      for (cursor.first(); cursor.valid; cursor.next()) found.push(entryOf(cursor));
    } catch (error) {
      return { found, error };
    } finally {
      cursor.close();
    }
    return { found, error: undefined };
  };
  expect(index.blockCount).toBeGreaterThan(bad);
  let before = 0;
  for (let block = 0; block < bad; block++) before += index.entryCounts[block]!;
  let fails = true;
  fs.plan.arm({
    operations: ["read"],
    path: "*.sst",
    predicate: ({ offset = 0, length = 0 }) => fails && offset <= at && at < offset + length,
    action: { kind: "error", errno: "EIO" },
  });
  const readsBefore = files.readCount;
  const unread = scanned();
  // Reads of several are begun anew after each that fails, with one block.
  expect(files.readCount - readsBefore).toBeLessThan(40);
  expect(isSame(unread.found, entries.slice(0, before))).toBe(true);
  expect(unread.error).toMatchObject({ code: "LSM_READ_FAILED", context: { file: "1.sst", block: bad } });
  fails = false;
  expect(scanned().found).toHaveLength(1000);
  const handle = new Directory(inner).open("1.sst", { mode: "write" });
  handle.writeAt(Uint8Array.of(0xff, 0xfe, 0xfd), at);
  handle.close();
  const damaged = scanned();
  expect(isSame(damaged.found, entries.slice(0, before))).toBe(true);
  expect(damaged.error).toMatchObject({ code: "LSM_CORRUPT", context: { file: "1.sst", block: bad } });
});
