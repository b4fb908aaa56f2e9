// What a log takes on the disk, in bytes and in files: figures that no machine changes.
import { Directory } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { expect, test } from "vitest";
import { openWal } from "../src/index.js";

function sizes(directory: Directory): number[] {
  return directory
    .list()
    .filter(({ kind }) => kind === "file")
    .map(({ name }) => directory.stat(name).size);
}

test.each([
  { recordBytes: 128, count: 20_000, most: 0.26 },
  { recordBytes: 4096, count: 2000, most: 0.01 },
])(
  "$count records of $recordBytes B take at most $most of their size besides",
  async ({ recordBytes, count, most }) => {
    const directory = new Directory(new MemoryFs());
    {
      await using log = await openWal({ directory });
      const record = new Uint8Array(recordBytes).fill(7);
      for (let each = 0; each < count; each += 1) log.append(record);
    }
    const bytes = sizes(directory).reduce((sum, size) => sum + size, 0);
    expect(bytes / (count * recordBytes) - 1).toBeLessThanOrEqual(most);
    expect(bytes).toBeGreaterThan(count * recordBytes);
  },
);

test("a thousand times open, append one durable record, close leaves few files, and little to read for the next open", async () => {
  const directory = new Directory(new MemoryFs());
  for (let time = 1; time <= 1000; time += 1) {
    await using log = await openWal({ directory });
    await log.appendDurable(new Uint8Array(128).fill(time % 256));
  }
  expect(sizes(directory).length).toBeLessThanOrEqual(16);
  await using log = await openWal({ directory });
  const { lastLsn, firstLsn, rewrittenBytes, scannedBytes } = log.report;
  expect([firstLsn, lastLsn]).toEqual([1, 1000]);
  expect([...log.read()].map(({ payload }) => payload[0])).toEqual(
    Array.from({ length: 1000 }, (_, at) => (at + 1) % 256),
  );
  expect(rewrittenBytes + scannedBytes).toBeLessThan(2 * 64 * 1024 + 4096);
});
