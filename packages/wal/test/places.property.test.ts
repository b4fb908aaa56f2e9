// Every record by its place: the one that the append told, the one that a walk tells, and from every frame before it.
import { Directory } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import fc from "fast-check";
import { expect, test } from "vitest";
import { footers, noFooters } from "./footers.js";
import { openWal, openWalReader, type LogSegment, type Wal, type WalOptions } from "../src/index.js";
import { openRecordWalk, PlaceReader, type PlacedLog } from "../src/places-entry.js";

type Step =
  | { readonly do: "append"; readonly bytes: number }
  | { readonly do: "batch"; readonly sizes: readonly number[] }
  | { readonly do: "sync" | "reopen" | "look" };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant("append" as const), bytes: fc.nat(300) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("batch" as const),
      sizes: fc.array(fc.nat(120), { minLength: 1, maxLength: 6 }),
    }),
  },
  fc.record({ do: fc.constantFrom("sync" as const, "reopen" as const, "look" as const) }),
);

const settings: fc.Arbitrary<Partial<WalOptions>> = fc.record({
  segmentBytes: fc.constantFrom(128, 300, 1000, 5000),
  bufferBytes: fc.constantFrom(64, 256, 4096),
  preallocateBytes: fc.constantFrom(0, 64, 4096),
  mergeBytes: fc.constantFrom(0, 500, 4096),
  prepareSegments: fc.boolean(),
  footers: fc.constantFrom(footers, noFooters),
});

/** Record bytes that say which record they are. */
function payload(lsn: number, bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, index) => (lsn * 31 + index) & 0xff);
}

interface Place {
  readonly lsn: number;
  readonly segmentId: number;
  readonly offset: number;
  readonly endOffset: number;
  readonly frameLsn: number;
  readonly span: number;
}

function walkedPlaces(directory: Directory, segments: readonly LogSegment[], sizes: readonly number[]): Place[] {
  const places: Place[] = [];
  const walk = openRecordWalk({ directory, segments });
  while (walk.next()) {
    expect(walk.view()).toEqual(payload(walk.lsn, sizes[walk.lsn - 1] as number));
    const { lsn, segmentId, offset, endOffset, frameLsn, span } = walk;
    places.push({ lsn, segmentId, offset, endOffset, frameLsn, span });
  }
  walk.close();
  return places;
}

/** Reads every record from the frame right before its own, from the beginning of its segment, and from one in between. */
async function readAll(
  log: PlacedLog,
  directory: Directory,
  places: readonly Place[],
  sizes: readonly number[],
  options: { readonly readBytes: number; readonly maxHandles: number; readonly pick: number },
): Promise<void> {
  const { pick, ...rest } = options;
  using reader = new PlaceReader({ log, directory, ...rest });
  const waiting: Promise<void>[] = [];
  for (const { lsn, segmentId, offset, endOffset, frameLsn, span } of places) {
    const before = [...new Set(places.filter((each) => each.segmentId === segmentId && each.offset < offset))];
    const starts = [64, before.at(-1)?.offset ?? 64, before[pick % (before.length + 1)]?.offset ?? 64];
    const wanted = payload(lsn, sizes[lsn - 1] as number);
    for (const fromOffset of starts) {
      reader.load(segmentId, fromOffset, lsn);
      expect(reader.view()).toEqual(wanted);
      expect(reader.bytes.subarray(reader.start, reader.end)).toEqual(wanted);
      const { offset: at, endOffset: end, frameLsn: first, span: count } = reader;
      expect({ at, end, first, count }).toEqual({ at: offset, end: endOffset, first: frameLsn, count: span });
      waiting.push(reader.read(segmentId, fromOffset, lsn).then((own) => expect(own).toEqual(wanted)));
    }
  }
  await Promise.all(waiting);
}

async function play(
  steps: readonly Step[],
  options: Partial<WalOptions>,
  readBytes: number,
  maxHandles: number,
  pick: number,
): Promise<void> {
  const directory = new Directory(new MemoryFs());
  const sizes: number[] = [];
  /** What appends of the open log have told. */
  let told = new Map<number, { segmentId: number; offset: number }>();
  let log: Wal = await openWal({ directory, ...options });
  const look = async (): Promise<void> => {
    if (sizes.length === 0) return;
    const segments = log.segments();
    log.write();
    const places = walkedPlaces(directory, segments, sizes);
    expect(places.map(({ lsn }) => lsn)).toEqual(sizes.map((_, index) => index + 1));
    for (const { lsn, segmentId, offset } of places) {
      if (told.has(lsn)) expect({ lsn, segmentId, offset }).toEqual({ lsn, ...told.get(lsn) });
    }
    for (const segment of segments) {
      const own = places.filter(({ segmentId }) => segmentId === segment.segmentId);
      expect(own.map(({ lsn }) => lsn)).toEqual(
        Array.from({ length: segment.lastLsn - segment.baseLsn + 1 }, (_, index) => segment.baseLsn + index),
      );
      expect(segment.isSealed).toBe(segment !== segments.at(-1));
      expect(segment.header).toMatchObject({ segmentId: segment.segmentId, baseLsn: segment.baseLsn });
      if (own.length > 0) expect(walkedPlaces(directory, [segment], sizes)).toEqual(own); // one segment alone
    }
    await readAll(log, directory, places, sizes, { readBytes, maxHandles, pick });
    const beside = openWalReader({ directory });
    expect(beside.segments().map(({ segmentId, lastLsn }) => [segmentId, lastLsn])).toEqual(
      segments.map(({ segmentId, lastLsn }) => [segmentId, lastLsn]),
    );
    await readAll(beside, directory, places, sizes, { readBytes, maxHandles, pick });
  };
  for (const each of steps) {
    switch (each.do) {
      case "append":
        sizes.push(each.bytes);
        told.set(log.append(payload(sizes.length, each.bytes)), { ...log.lastPlace });
        break;
      case "batch": {
        const first = sizes.length + 1;
        sizes.push(...each.sizes);
        log.appendBatch(each.sizes.map((bytes, index) => payload(first + index, bytes)));
        for (const index of each.sizes.keys()) told.set(first + index, { ...log.lastPlace });
        break;
      }
      case "sync":
        await log.sync();
        break;
      case "reopen":
        await log.close();
        log = await openWal({ directory, ...options });
        told = new Map();
        break;
      case "look":
        await look();
        break;
    }
  }
  await look();
  await log.close();
}

test("every record is found by its place, and is the one that was appended", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 25 }),
      settings,
      fc.constantFrom(64, 100, 512, 4096),
      fc.integer({ min: 1, max: 3 }),
      fc.nat(1000),
      play,
    ),
    { numRuns: Number(process.env["WAL_RUNS"] ?? 100) },
  );
});
