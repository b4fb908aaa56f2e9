// Records by their places: what is refused, what never passes for a record, and how many reads and open files it takes.
import { Directory, type FileHandle, type OpenFileOptions } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { describe, expect, test } from "vitest";
import { openWal, openWalReader, WalError, type Wal, type WalErrorContext, type WalOptions } from "../src/index.js";
import { openRecordWalk, PlaceReader, type RecordWalkOptions } from "../src/places-entry.js";
import { bytesOf, copyOf, textOf } from "./log-law.js";

/** A directory that says which files are open for reading, and how often they were read. */
class CountingDirectory extends Directory {
  readonly reading = new Set<FileHandle>();
  reads = 0;

  override open(relative: string, options: OpenFileOptions): FileHandle {
    const handle = super.open(relative, options);
    if (options.mode !== "read") return handle;
    this.reading.add(handle);
    const close = handle.close.bind(handle);
    const readAt = handle.readAt.bind(handle);
    handle.close = (): void => {
      this.reading.delete(handle);
      close();
    };
    handle.readAt = (target, offset): number => {
      this.reads += 1;
      return readAt(target, offset);
    };
    return handle;
  }
}

const roomy: Partial<WalOptions> = { preallocateBytes: 0, prepareSegments: false, mergeBytes: 0 };
/** A frame of 32 and a record of 40 bytes: the n-th of a segment begins at 64 + 72 n. */
const record = (name: string): string => name.padEnd(40, ".");
const offsetOf = (index: number): number => 64 + 72 * index;
const names = ["a", "b", "c", "d", "e"].map(record);

async function logOf(
  records: readonly string[],
  options: Partial<WalOptions> = {},
): Promise<{ readonly log: Wal; readonly directory: CountingDirectory }> {
  const directory = new CountingDirectory(new MemoryFs());
  const log = await openWal({ directory, ...roomy, ...options });
  for (const each of records) log.append(bytesOf(each));
  log.write();
  return { log, directory };
}

function codeOf(action: () => unknown): { code: unknown; context: WalErrorContext } {
  try {
    action();
  } catch (error) {
    if (error instanceof WalError) return { code: error.code, context: error.context };
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("a damaged record never passes", () => {
  test("with any byte of its frame flipped, and what is returned is the record in every other case", async () => {
    const { log, directory } = await logOf(names);
    await log.close();
    const [segment] = log.segments();
    const file = segment?.file as string; // one segment
    const sound = directory.readFile(file);
    const [before, own, behind] = [offsetOf(1), offsetOf(2), offsetOf(3)];
    for (let at = before; at < behind; at += 1) {
      const copy = copyOf((directory.fs as MemoryFs).snapshot());
      copy.writeFile(
        file,
        sound.map((byte, index) => (index === at ? byte ^ 0x10 : byte)),
      );
      using places = new PlaceReader({ log, directory: copy });
      const isIgnored = at >= before + 32 && at < own; // the payload of the frame before
      if (isIgnored) {
        places.load(1, before, 3);
        expect(textOf(places.view())).toBe(names[2]);
        continue;
      }
      const isHeaderBefore = at >= before + 4 && at < own;
      const { code, context } = codeOf(() => places.load(1, before, 3));
      expect({ at, code, ...context }).toEqual({
        at,
        code: "WAL_CORRUPT",
        file,
        segmentId: 1,
        offset: isHeaderBefore ? before : own,
        lsn: 3,
      });
      await expect(places.read(1, before, 3)).rejects.toMatchObject({ code: "WAL_CORRUPT" });
    }
  });

  test("with the file cut anywhere inside it", async () => {
    const { log, directory } = await logOf(names);
    const file = log.segments()[0]?.file as string; // one segment
    const sound = directory.readFile(file);
    for (let end = offsetOf(2); end < offsetOf(3); end += 1) {
      const copy = copyOf((directory.fs as MemoryFs).snapshot());
      copy.writeFile(file, sound.subarray(0, end));
      using places = new PlaceReader({ log, directory: copy, readBytes: 64 });
      expect(codeOf(() => places.load(1, offsetOf(1), 3))).toMatchObject({
        code: "WAL_CORRUPT",
        context: { file, offset: offsetOf(2), lsn: 3 },
      });
    }
    await log.close();
  });

  test("with another record's frame in its place", async () => {
    const { log, directory } = await logOf(names);
    await log.close();
    const file = log.segments()[0]?.file as string; // one segment
    const bytes = directory.readFile(file);
    bytes.copyWithin(offsetOf(2), offsetOf(3), offsetOf(4));
    directory.writeFile(file, bytes);
    const first = copyOf((directory.fs as MemoryFs).snapshot());
    bytes.copyWithin(offsetOf(0), offsetOf(1), offsetOf(2));
    first.writeFile(file, bytes);
    using instead = new PlaceReader({ log, directory: first });
    expect(codeOf(() => instead.load(1, 64, 1))).toMatchObject({
      code: "WAL_CORRUPT",
      context: { offset: 64, lsn: 1 },
    });
    using places = new PlaceReader({ log, directory });
    expect(codeOf(() => places.load(1, offsetOf(1), 3))).toMatchObject({ code: "WAL_CORRUPT", context: { lsn: 3 } });
    expect(codeOf(() => places.load(1, offsetOf(1), 4))).toMatchObject({ code: "WAL_CORRUPT", context: { lsn: 4 } });
  });

  test("when the file is another segment's", async () => {
    const { log, directory } = await logOf(names, { segmentBytes: 208 }); // two records each
    await log.close();
    const [first, second] = log.segments();
    directory.writeFile(first?.file as string, directory.readFile(second?.file as string)); // three of them
    using places = new PlaceReader({ log, directory });
    expect(codeOf(() => places.load(1, 64, 1))).toMatchObject({ code: "WAL_CORRUPT", context: { offset: 64 } });
  });
});

describe("a place that is none", () => {
  test("the record's own frame, one behind it, and an offset that no frame has", async () => {
    const { log, directory } = await logOf(names);
    using places = new PlaceReader({ log, directory });
    for (const offset of [offsetOf(2), offsetOf(3)]) {
      expect(codeOf(() => places.load(1, offset, 3))).toMatchObject({
        code: "WAL_LSN_OUT_OF_RANGE",
        context: { segmentId: 1, offset, lsn: 3 },
      });
    }
    expect(codeOf(() => places.load(1, 72, 3))).toMatchObject({ code: "WAL_CORRUPT", context: { offset: 72 } });
    for (const offset of [0, 56, 65, 64.5, -8, Number.NaN, 2 ** 53]) {
      expect(() => places.load(1, offset, 3)).toThrow(RangeError);
    }
    await log.close();
  });

  test("the frame of a batch says nothing about a record of the same batch", async () => {
    const { log, directory } = await logOf(names.slice(0, 1));
    log.appendBatch(["x", "y", "z"].map(bytesOf));
    using places = new PlaceReader({ log, directory });
    const { offset } = log.lastPlace;
    expect(offset).toBe(offsetOf(1));
    expect(codeOf(() => places.load(1, offset, 3)).code).toBe("WAL_LSN_OUT_OF_RANGE");
    places.load(1, 64, 3);
    expect(textOf(places.view())).toBe("y");
    expect([places.frameLsn, places.span]).toEqual([2, 3]);
    await log.close();
  });

  test("an LSN that is not there, or not in that segment", async () => {
    const { log, directory } = await logOf(names, { segmentBytes: 208 });
    using places = new PlaceReader({ log, directory });
    for (const lsn of [0, 6, 1.5, Number.NaN]) {
      expect(codeOf(() => places.load(3, 64, lsn)).code).toBe("WAL_LSN_OUT_OF_RANGE");
    }
    expect(codeOf(() => places.load(1, 64, 3))).toMatchObject({
      code: "WAL_LSN_OUT_OF_RANGE",
      context: { segmentId: 1, lsn: 3, expected: 2 },
    });
    expect(codeOf(() => places.load(3, 64, 4)).code).toBe("WAL_LSN_OUT_OF_RANGE");
    places.load(3, 64, 5);
    expect(textOf(places.view())).toBe(names[4]);
    await log.close();
  });

  test("a segment that was pruned, or that an open has replaced", async () => {
    const { log, directory } = await logOf(names, { segmentBytes: 208 });
    await log.prune(2);
    using places = new PlaceReader({ log, directory });
    expect(codeOf(() => places.load(1, 64, 1))).toMatchObject({
      code: "WAL_SEGMENT_GONE",
      context: { segmentId: 1 },
    });
    await log.close();
    const beside = openWalReader({ directory });
    using old = new PlaceReader({ log: beside, directory });
    const again = await openWal({ directory, ...roomy, mergeBytes: 4096 });
    expect(codeOf(() => old.load(3, 64, 5))).toMatchObject({ code: "WAL_SEGMENT_GONE", context: { segmentId: 3 } });
    beside.refresh();
    const [merged] = beside.segments();
    old.load(merged?.segmentId as number, 64, 5); // one segment
    expect(textOf(old.view())).toBe(names[4]);
    await again.close();
  });

  test("a record above maxRecordBytes", async () => {
    const { log, directory } = await logOf(names);
    using places = new PlaceReader({ log, directory, maxRecordBytes: 39 });
    expect(codeOf(() => places.load(1, 64, 3))).toMatchObject({
      code: "WAL_RECORD_TOO_LARGE",
      context: { offset: offsetOf(2), lsn: 3, expected: 39, actual: 40 },
    });
    await log.close();
  });
});

describe("what it takes", () => {
  test("one read for a record near its place, two for one that is longer", async () => {
    const { log, directory } = await logOf(names);
    log.append(new Uint8Array(5000).fill(7));
    log.write();
    using places = new PlaceReader({ log, directory });
    directory.reads = 0;
    places.load(1, offsetOf(3), 5);
    expect(directory.reads).toBe(1);
    using others = new PlaceReader({ log, directory });
    others.load(1, offsetOf(4), 6);
    expect(directory.reads).toBe(3);
    expect(others.view()).toEqual(new Uint8Array(5000).fill(7));
    places.load(1, offsetOf(4), 6); // reads on where it was, and more at once
    expect(directory.reads).toBe(4);
    expect(places.view()).toEqual(new Uint8Array(5000).fill(7));
    await log.close();
  });

  test("a record of megabytes, and a small one behind it", async () => {
    const { log, directory } = await logOf([]);
    const large = Uint8Array.from({ length: 3 * 1024 * 1024 }, (_, index) => (index * 7) & 0xff);
    log.append(large);
    const { offset } = log.lastPlace;
    log.append(bytesOf("small"));
    using places = new PlaceReader({ log, directory });
    places.load(1, 64, 1);
    expect(Buffer.compare(places.view(), large)).toBe(0);
    directory.reads = 0;
    places.load(1, offset, 2); // the large one is not read for it
    expect(directory.reads).toBe(2);
    expect(textOf(places.view())).toBe("small");
    expect(Buffer.compare(await places.read(1, 64, 1), large)).toBe(0);
    await log.close();
  });

  test("so many open files at most, and none once it is closed", async () => {
    const { log, directory } = await logOf(names, { segmentBytes: 136 });
    expect(log.segments()).toHaveLength(5);
    const places = new PlaceReader({ log, directory, maxHandles: 2 });
    for (const lsn of [1, 2, 3, 1, 2, 4, 5, 1, 1, 5]) {
      places.load(lsn, 64, lsn);
      expect(textOf(places.view())).toBe(names[lsn - 1]);
      expect(directory.reading.size).toBeLessThanOrEqual(2);
    }
    places.load(2, 64, 2);
    places.load(5, 64, 5); // still open: 1 was used longer ago
    expect([...directory.reading].map(({ path }) => path.slice(20, 22))).toEqual(["5-", "2-"]);
    places.close();
    expect(directory.reading.size).toBe(0);
    expect(codeOf(() => places.load(1, 64, 1)).code).toBe("WAL_CLOSED");
    await expect(places.read(1, 64, 1)).rejects.toMatchObject({ code: "WAL_CLOSED" });
    await log.close();
  });

  test("reads that wait keep their file open, whatever others are opened or closed meanwhile", async () => {
    const { log, directory } = await logOf(names, { segmentBytes: 136 });
    const places = new PlaceReader({ log, directory, maxHandles: 1 });
    const waiting = [1, 2, 3, 4, 5, 1].map((lsn) => places.read(lsn, 64, lsn));
    places.close();
    expect(directory.reading.size).toBe(6);
    expect((await Promise.all(waiting)).map(textOf)).toEqual([...names, names[0]]);
    expect(directory.reading.size).toBe(0);
    await log.close();
  });

  test("what waits in the buffer is written for it, and only then", async () => {
    const { log, directory } = await logOf(names);
    log.append(bytesOf("buffered"));
    using places = new PlaceReader({ log, directory });
    places.load(1, 64, 2);
    expect(log.writtenLsn).toBe(5);
    places.load(1, offsetOf(4), 6);
    expect(log.writtenLsn).toBe(6);
    expect(textOf(places.view())).toBe("buffered");
    await log.close();
  });
});

describe("a walk", () => {
  test("goes on behind a boundary that another walk has left", async () => {
    const { log, directory } = await logOf(names, { segmentBytes: 352 }); // four records each
    const segments = log.segments();
    const first = openRecordWalk({ directory, segments, to: 2 });
    while (first.next()) expect(first.lsn).toBeLessThanOrEqual(2);
    const { segmentId, endOffset: offset, chain } = first;
    first.close();
    const behind = { segmentId, offset, nextLsn: 3, chain };
    const lsns = (options: Partial<RecordWalkOptions>): number[] => {
      const walk = openRecordWalk({ directory, segments, behind, ...options });
      const found: number[] = [];
      while (walk.next()) found.push(walk.lsn);
      walk.close();
      return found;
    };
    expect(lsns({})).toEqual([3, 4, 5]);
    expect(lsns({ from: 4, to: 4 })).toEqual([4]);
    expect(lsns({ segments: segments.slice(0, 1) })).toEqual([3, 4]);
    expect(lsns({ segments: segments.slice(0, 1), to: 99 })).toEqual([3, 4]);
    expect(codeOf(() => lsns({ behind: { ...behind, chain: chain ^ 1 } }))).toMatchObject({
      code: "WAL_CORRUPT",
      context: { offset: offsetOf(2), lsn: 3 },
    });
    expect(codeOf(() => lsns({ from: 2 })).context).toMatchObject({ option: "from" });
    expect(codeOf(() => lsns({ segments: segments.slice(1) })).context).toMatchObject({ option: "behind" });
    await log.close();
  });

  test("refuses a damaged record with its place, and one before the first segment", async () => {
    const { log, directory } = await logOf(names, { segmentBytes: 208 });
    await log.close();
    const segments = log.segments();
    const { file } = segments[1] as (typeof segments)[number]; // there are three
    const bytes = directory.readFile(file);
    bytes[64 + 33] = 0;
    directory.writeFile(file, bytes);
    const walk = openRecordWalk({ directory, segments });
    expect([walk.next(), walk.next()]).toEqual([true, true]);
    expect(codeOf(() => walk.next())).toMatchObject({ code: "WAL_CORRUPT", context: { file, offset: 64, lsn: 3 } });
    walk.close();
    expect(codeOf(() => openRecordWalk({ directory, segments: segments.slice(1), from: 2 })).code).toBe("WAL_PRUNED");
    expect(codeOf(() => openRecordWalk({ directory, segments, from: 0 })).code).toBe("WAL_LSN_OUT_OF_RANGE");
  });
});

test("wrong options are refused by name", async () => {
  const { log, directory } = await logOf(names);
  const bad: readonly [string, object][] = [
    ["readbytes", { readbytes: 1 }],
    ["log", { log: {} }],
    ["directory", { directory: {} }],
    ["maxRecordBytes", { maxRecordBytes: -1 }],
    ["readBytes", { readBytes: 63 }],
    ["maxHandles", { maxHandles: 0 }],
  ];
  for (const [option, wrong] of bad) {
    const make = (): PlaceReader => new PlaceReader({ log, directory, ...wrong });
    expect(codeOf(make)).toMatchObject({ code: "WAL_INVALID_OPTION", context: { option } });
  }
  const segments = log.segments();
  const worse: readonly [string, object][] = [
    ["form", { form: 1 }],
    ["directory", { directory: undefined }],
    ["segments", { segments: [] }],
    ["segments", { segments: undefined }],
    ["maxRecordBytes", { maxRecordBytes: 2 ** 29 }],
  ];
  for (const [option, wrong] of worse) {
    const make = (): unknown => openRecordWalk({ directory, segments, ...wrong });
    expect(codeOf(make)).toMatchObject({ code: "WAL_INVALID_OPTION", context: { option } });
  }
  await log.close();
});

test("segments tell what is written, from the first to the one that is open", async () => {
  const { log, directory } = await logOf([], { preallocateBytes: 4096, segmentBytes: 4096 });
  expect(log.lastPlace).toEqual({ segmentId: 1, offset: 0 });
  const [none] = log.segments();
  expect(none).toMatchObject({ segmentId: 1, baseLsn: 1, lastLsn: 0, sizeBytes: 64, isSealed: false });
  log.append(new Uint8Array(2000));
  log.append(new Uint8Array(2000));
  expect(log.lastPlace).toEqual({ segmentId: 2, offset: 64 });
  await log.sync();
  const [first, second] = log.segments();
  expect(first).toMatchObject({ baseLsn: 1, lastLsn: 1, sizeBytes: 64 + 32 + 2000, isSealed: true });
  expect(second).toMatchObject({ baseLsn: 2, lastLsn: 2, sizeBytes: 64 + 32 + 2000, isSealed: false });
  expect(directory.stat(first?.file as string).size).toBe(64 + 32 + 2000); // there are two
  await log.close();
});
