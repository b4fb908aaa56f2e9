// What an open reads of a log whose writer was killed: the tail once, and where to go on from found without reading it again. And what
// the looks of a reader read of a long log: what has come since.
import { Directory, type FileHandle, type OpenFileOptions } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { expect, test } from "vitest";
import { openWal, openWalReader, type Wal, type WalOptions } from "../src/index.js";
import { small } from "./log-law.js";

/** A directory that counts the bytes that are read from its files. */
class MeteredDirectory extends Directory {
  readBytes = 0;
  opens = 0;

  override open(relative: string, options: OpenFileOptions): FileHandle {
    const handle = super.open(relative, options);
    this.opens += 1;
    const readAt = handle.readAt.bind(handle);
    handle.readAt = (target, offset): number => {
      const count = readAt(target, offset);
      this.readBytes += count;
      return count;
    };
    return handle;
  }
}

const MEBIBYTE = 1024 * 1024;
const recordBytes = 16 * 1024;
const options: Partial<WalOptions> = { preallocateBytes: 0, prepareSegments: false, mergeBytes: 0 };

function append(log: Wal): void {
  log.append(new Uint8Array(recordBytes).fill(log.lastLsn % 251));
}

/** What is on the disk when the process is killed now, its lock given up. */
function killed(fs: MemoryFs): MeteredDirectory {
  const directory = new MeteredDirectory(new MemoryFs({ image: fs.snapshot() }));
  directory.remove("LOCK");
  return directory;
}

test("a long tail is read once", async () => {
  const fs = new MemoryFs();
  const writer = await openWal({ directory: new Directory(fs), ...options });
  for (let count = 0; count < 512; count += 1) append(writer);
  await writer.sync();
  append(writer);
  writer.write();
  const directory = killed(fs);
  await using log = await openWal({ directory, ...options });
  expect(log.report).toMatchObject({ lastLsn: 513, provenLsn: 512, rewrittenRecords: 1 });
  expect(log.report.scannedBytes).toBeGreaterThan(8 * MEBIBYTE);
  // At most a megabyte of it once more, to what was proven last, and what a read takes with it.
  expect(directory.readBytes).toBeLessThan(log.report.scannedBytes + 2 * MEBIBYTE);
  await writer.close();
});

test("wherever the last statement stands, an open goes on behind the last proven record, and keeps all", async () => {
  const fs = new MemoryFs();
  const writer = await openWal({ directory: new Directory(fs), ...options, segmentBytes: 2.5 * MEBIBYTE });
  append(writer);
  const segments = new Set<number>();
  // Megabytes end behind the records 64, 128 and some 224, and the first segment behind 160 or so.
  for (let proven = 1; proven <= 300; proven += 1) {
    await writer.sync();
    append(writer); // states it
    writer.write();
    if (proven < 32 || (proven + 4) % 32 > 8) continue;
    const directory = killed(fs);
    const log = await openWal({ directory, ...options, segmentBytes: 2.5 * MEBIBYTE });
    expect(log.report).toMatchObject({ lastLsn: proven + 1, provenLsn: proven, rewrittenRecords: 1, dropped: [] });
    expect(log.segments().at(-1)?.baseLsn).toBe(proven + 1);
    expect([...log.read()].map(({ payload }) => payload[0])).toEqual(
      Array.from({ length: proven + 1 }, (_, index) => index % 251),
    );
    segments.add(log.segments().length);
    await log.close();
  }
  expect(segments.size).toBeGreaterThan(1);
  await writer.close();
});

test("a reader that looks again opens what has come since, however many segments there are", async () => {
  const fs = new MemoryFs();
  const log = await openWal({ directory: new Directory(fs), ...small });
  const fill = (count: number): void => {
    for (let each = 0; each < count; each += 1) log.append(new Uint8Array(100).fill(log.lastLsn % 251));
    log.write();
  };
  fill(300);
  const directory = new MeteredDirectory(fs);
  const reader = openWalReader({ directory });
  expect(reader.segments().length).toBe(300);
  for (const count of [0, 3, 40]) {
    fill(count);
    const opens = directory.opens;
    expect(reader.refresh()).toBe(log.lastLsn);
    // Header and frames of each new segment, and of the one that was the last.
    expect(directory.opens - opens).toBe(2 * (count + 1));
  }
  await log.prune(log.lastLsn - 20);
  expect(reader.refresh()).toBe(343);
  expect([reader.firstLsn, reader.segments().length]).toEqual([log.firstLsn, log.segments().length]);
  expect([...reader.read()].map(({ lsn, payload }) => [lsn, payload[0]])).toEqual(
    Array.from({ length: 343 - log.firstLsn + 1 }, (_, index) => log.firstLsn + index).map((lsn) => [
      lsn,
      (lsn - 1) % 251,
    ]),
  );
  await log.close();
});
