// Records that stay in memory: how many reads they save, how much memory they take, and that what is found is what was written.
import { Directory, type FileHandle, type OpenFileOptions } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { openWal, type Wal, type WalOptions } from "../src/index.js";
import { PlaceReader } from "../src/places-entry.js";
import { RecordCache } from "../src/record-cache.js";

class CountingDirectory extends Directory {
  reads = 0;

  override open(relative: string, options: OpenFileOptions): FileHandle {
    const handle = super.open(relative, options);
    const [readAt, readAtAsync] = [handle.readAt.bind(handle), handle.readAtAsync.bind(handle)];
    handle.readAt = (target, offset): number => {
      this.reads += 1;
      return readAt(target, offset);
    };
    handle.readAtAsync = (target, offset): Promise<number> => {
      this.reads += 1;
      return readAtAsync(target, offset);
    };
    return handle;
  }
}

const quiet: Partial<WalOptions> = { preallocateBytes: 0, prepareSegments: false, mergeBytes: 0 };

function payload(lsn: number, bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, index) => (lsn * 31 + index) & 0xff);
}

/** Faster than a matcher, which looks at every element on its own. */
function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

interface Filled {
  readonly log: Wal;
  readonly directory: CountingDirectory;
  /** Where the frame of each record begins, and segment. */
  readonly places: readonly { readonly segmentId: number; readonly offset: number }[];
}

/** A log of batches of these sizes; the records of all have so many bytes. */
async function filled(
  sizes: readonly number[],
  bytes: number,
  options: Partial<WalOptions> = {},
  shift = 0,
): Promise<Filled> {
  const directory = new CountingDirectory(new MemoryFs());
  const log = await openWal({ directory, ...quiet, ...options });
  const places: { segmentId: number; offset: number }[] = [];
  for (const size of sizes) {
    log.appendWritten(Array.from({ length: size }, (_, index) => payload(log.lastLsn + 1 + index + shift, bytes)));
    for (let each = 0; each < size; each += 1) places.push({ ...log.lastPlace });
  }
  directory.reads = 0;
  return { log, directory, places };
}

/** Offset of the frame before the one of a record, which is what a reader has to be told. */
function offsetBefore({ places }: Filled, lsn: number): number {
  const own = places[lsn - 1]!;
  const before = places.findLast(({ segmentId, offset }) => segmentId === own.segmentId && offset < own.offset);
  return before?.offset ?? 64;
}

function placesOf({ log, directory }: Filled, cacheBytes = 0): PlaceReader {
  return new PlaceReader({ log, directory, cacheBytes });
}

function load(places: PlaceReader, log: Filled, lsn: number): Uint8Array {
  places.load(log.places[lsn - 1]!.segmentId, offsetBefore(log, lsn), lsn);
  return places.view();
}

describe("reads are saved", () => {
  test("a warm record costs none, in its own call and in a promise", async () => {
    const log = await filled(
      Array.from({ length: 100 }, () => 1),
      500,
    );
    using places = placesOf(log, 1 << 20);
    for (let lsn = 100; lsn > 0; lsn -= 1) load(places, log, lsn);
    log.directory.reads = 0;
    for (let lsn = 1; lsn <= 100; lsn += 1) {
      expect(load(places, log, lsn)).toEqual(payload(lsn, 500));
      expect(places.isPlaced).toBe(false);
      expect(await places.read(log.places[lsn - 1]!.segmentId, 64, lsn)).toEqual(payload(lsn, 500));
    }
    expect(log.directory.reads).toBe(0);
  });

  test("a batch is read once for all of its records", async () => {
    const log = await filled([1, 100], 300);
    using places = placesOf(log, 1 << 20);
    for (let lsn = 2; lsn <= 101; lsn += 1) expect(load(places, log, lsn)).toEqual(payload(lsn, 300));
    expect(log.directory.reads).toBe(2); // the window, and the frame that is longer
  });

  test("records side by side share one read, without a cache as well", async () => {
    const log = await filled(
      Array.from({ length: 80 }, () => 1),
      68,
    );
    using places = placesOf(log);
    for (let lsn = 1; lsn <= 40; lsn += 1) {
      expect(load(places, log, lsn)).toEqual(payload(lsn, 68));
      expect(places.isPlaced).toBe(true);
    }
    expect(log.directory.reads).toBe(2); // 4096 bytes hold forty frames of 104, less the one before and the header
  });

  test("records a few kilobytes apart share longer reads, and those far apart do not", async () => {
    const log = await filled(
      Array.from({ length: 1000 }, () => 1),
      968,
    ); // frames of 1000 bytes
    const count = (step: number): number => {
      using places = placesOf(log);
      log.directory.reads = 0;
      for (let lsn = 1; lsn <= 1000; lsn += step) expect(isSame(load(places, log, lsn), payload(lsn, 968))).toBe(true);
      return log.directory.reads;
    };
    expect(count(5)).toBeLessThanOrEqual(1 + 1_000_000 / 60_000);
    expect(count(20)).toBe(50);
  });

  test("what was read before more was written is read again", async () => {
    const log = await filled([1, 1], 40);
    using places = placesOf(log, 1 << 20);
    load(places, log, 2);
    const written = { ...log, places: [...log.places] };
    for (let each = 0; each < 3; each += 1) {
      log.log.appendWritten([payload(log.log.lastLsn + 1, 40)]);
      written.places.push({ ...log.log.lastPlace });
    }
    for (const lsn of [5, 4, 3]) expect(load(places, written, lsn)).toEqual(payload(lsn, 40));
  });
});

describe("what is forgotten is read again", () => {
  test("by whoever reads after it, and by a read that has waited meanwhile", async () => {
    const log = await filled([1, 1, 1], 100);
    using places = placesOf(log, 1 << 20);
    const { segmentId } = log.places[0]!;
    load(places, log, 2);
    places.forget(segmentId);
    log.directory.reads = 0;
    load(places, log, 2);
    expect(log.directory.reads).toBe(1);
    const waiting = places.read(segmentId, offsetBefore(log, 3), 3);
    places.forget(segmentId);
    expect(await waiting).toEqual(payload(3, 100));
    log.directory.reads = 0;
    load(places, log, 3);
    expect(log.directory.reads).toBe(1);
  });

  test("a file that was replaced under its name is not read from memory", async () => {
    const log = await filled([1, 1, 1], 100);
    const other = await filled([1, 1, 1], 100, {}, 7);
    using places = placesOf(log, 1 << 20);
    const segment = log.log.segments()[0]!;
    expect(load(places, log, 2)).toEqual(payload(2, 100));
    const bytes = other.directory.readFile(other.log.segments()[0]!.file);
    log.directory.remove(segment.file);
    log.directory.writeFile(segment.file, bytes); // frames of the same sizes, with something else in them
    expect(load(places, log, 2)).toEqual(payload(2, 100));
    places.forget(segment.segmentId);
    expect(load(places, log, 2)).toEqual(payload(2 + 7, 100));
  });
});

test("memory stays below the bound, whatever is read", async () => {
  const log = await filled(
    Array.from({ length: 2000 }, () => 1),
    700,
    { segmentBytes: 100_000 },
  );
  const cacheBytes = 256 * 1024;
  using places = placesOf(log, cacheBytes);
  for (let round = 0; round < 2; round += 1) {
    for (let lsn = 1; lsn <= 1000; lsn += 1) expect(isSame(load(places, log, lsn), payload(lsn, 700))).toBe(true);
  }
  // A slot has 24 bytes, and there is one for every 256 bytes.
  expect(places.cachedBytes).toBeLessThanOrEqual(cacheBytes + (cacheBytes / 256) * 24);
  expect(places.cachedBytes).toBeGreaterThan(cacheBytes / 2);
});

test("a record and a batch that are larger than a chunk are read every time", async () => {
  const log = await filled([1, 3], 40_000);
  using places = placesOf(log, 1 << 20);
  for (let round = 0; round < 3; round += 1) expect(load(places, log, 4)).toEqual(payload(4, 40_000));
  expect(places.isPlaced).toBe(true);
});

test("a record without bytes may be the first one", () => {
  const cache = new RecordCache(1 << 20);
  cache.add(1, { frameLsn: 1, span: 1, isBatch: false, payloadStart: 8, payloadEnd: 8 }, new Uint8Array(8));
  expect([cache.find(1, 1), cache.end - cache.start]).toEqual([true, 0]);
});

test("a cache gives what was put there last, or nothing", () => {
  const frame = fc.record({
    segmentId: fc.integer({ min: 1, max: 3 }),
    lsn: fc.oneof(fc.integer({ min: 1, max: 3000 }), fc.constant(2 ** 32 + 5), fc.constant(5)),
    bytes: fc.integer({ min: 0, max: 9000 }),
    fill: fc.integer({ min: 0, max: 255 }),
  });
  fc.assert(
    fc.property(
      fc.array(frame, { maxLength: 120, size: "max" }),
      fc.integer({ min: 0, max: 300_000 }),
      (frames, maxBytes) => {
        const cache = new RecordCache(maxBytes);
        const last = new Map<string, Uint8Array>();
        for (const { segmentId, lsn, bytes, fill } of frames) {
          const record = new Uint8Array(bytes).fill(fill);
          const place = { frameLsn: lsn, span: 1, isBatch: false, payloadStart: 0, payloadEnd: bytes };
          cache.add(segmentId, place, record);
          last.set(`${segmentId}/${lsn}`, record);
          expect(cache.find(segmentId, lsn)).toBe(maxBytes >= 64 * 1024);
        }
        for (const [key, record] of last) {
          const [segmentId, lsn] = key.split("/").map(Number) as [number, number]; // as it was put together
          if (!cache.find(segmentId, lsn)) continue;
          expect(isSame(cache.bytes.subarray(cache.start, cache.end), record)).toBe(true);
        }
        expect(cache.find(4, 1)).toBe(false);
      },
    ),
  );
});
