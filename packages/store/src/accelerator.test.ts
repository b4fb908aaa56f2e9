import { Directory } from "@holdfast/fs-seam";
import { FaultFs } from "@holdfast/fs-seam/fault";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { crc32, sourceOf } from "@holdfast/segment-codec";
import type { LogSegment } from "@holdfast/wal/places";
import { describe, expect, test } from "vitest";
import { Accelerator } from "./accelerator.js";
import { loadAccelerator } from "./accelerator-file.js";
import {
  ACCELERATOR_FILE,
  BLOCK_HEADER_BYTES,
  blockCrc,
  headerAt,
  SEGMENT_BYTES,
  STREAM_BYTES,
  viewOf,
} from "./accelerator-layout.js";
import { walkAccelerator } from "./accelerator-walk.js";
import { EventIndex } from "./event-index.js";

const logId = new Uint8Array(16).fill(5);
/** The last byte of the magic. */
const VERSION_AT = 7;
/** Parts of a file by their number; the header is 0. */
const [ENTITIES, SCOPES, STREAMS] = [2, 3, 4] as const;

/** Segments of two events each, and an index of them. The letters are the entities of the segments, in turn, and in capitals the scopes. */
function sample(count: number, letters = "a"): { readonly index: EventIndex; readonly segments: LogSegment[] } {
  const index = new EventIndex();
  const revisions = new Map<string, number>();
  const segments = Array.from({ length: count }, (_, place): LogSegment => {
    const [segmentId, baseLsn] = [place + 1, 2 * place + 1];
    const letter = letters[place % letters.length] as string;
    for (const sequence of [baseLsn, baseLsn + 1]) {
      const bytes = new Uint8Array(114).fill(sequence, 32, 48);
      bytes.set(new TextEncoder().encode(letter + letter.toUpperCase()), 112);
      const revision = revisions.get(letter) ?? 0;
      revisions.set(letter, revision + 1);
      const event = {
        bytes,
        start: 0,
        end: 114,
        namesStart: 112,
        entityBytes: 1,
        scopeBytes: 1,
        lane: 0,
        kind: 9,
        timeUs: 7,
      };
      index.add({ ...event, revision }, sequence, { segmentId, offset: 64 + 8 * sequence });
    }
    const header = { crc: 77 + place } as LogSegment["header"];
    const range = { baseLsn, lastLsn: baseLsn + 1, sizeBytes: 500, isSealed: true, endChain: 99 };
    return { file: `${segmentId}.seg`, segmentId, header, ...range };
  });
  return { index, segments };
}

function acceleratorOf(directory: Directory, count: number, letters?: string): Accelerator {
  const { index, segments } = sample(count, letters);
  const turn = (): Promise<void> => Promise.resolve();
  return new Accelerator({ directory, index, logId, segments: () => segments, turn, leastEvents: 2, coveredEvents: 0 });
}

test("what is dropped comes back only when it is let go again", async () => {
  const directory = new Directory(new MemoryFs());
  const accelerator = acceleratorOf(directory, 3);
  await accelerator.finish();
  expect(directory.exists(ACCELERATOR_FILE)).toBe(true);
  const letGo = await accelerator.drop();
  expect(directory.exists(ACCELERATOR_FILE)).toBe(false);
  accelerator.noteSealed(9);
  await accelerator.finish();
  expect(directory.exists(ACCELERATOR_FILE)).toBe(false);
  letGo();
  expect(accelerator.isDue).toBe(true);
  await accelerator.finish();
  expect(directory.exists(ACCELERATOR_FILE)).toBe(true);
  expect(accelerator.written).toBe(2);
});

test("a drop waits for the one that is being written", async () => {
  const directory = new Directory(new MemoryFs());
  const accelerator = acceleratorOf(directory, 3);
  accelerator.noteSealed(3);
  await accelerator.drop();
  expect(accelerator.written).toBe(1);
  expect(directory.exists(ACCELERATOR_FILE)).toBe(false);
});

test("a drop is durable before segments may be written again", async () => {
  const fs = new FaultFs(new MemoryFs());
  const accelerator = acceleratorOf(new Directory(fs), 3);
  await accelerator.finish();
  fs.plan.arm("syncNames:/ n1 EIO");
  await expect(accelerator.drop()).rejects.toMatchObject({ code: "FS_IO" });
});

test("nothing is told of the segment that is written to", async () => {
  const directory = new Directory(new MemoryFs());
  const { index, segments } = sample(3);
  const open = segments.map((segment, place) => (place === 2 ? { ...segment, isSealed: false } : segment));
  const turn = (): Promise<void> => Promise.resolve();
  const about = { directory, index, logId, segments: () => open, turn, leastEvents: 2, coveredEvents: 0 };
  await new Accelerator(about).finish();
  const outcome = loadAccelerator({ directory, segments, logId, expectedEvents: 0 });
  expect(outcome).toMatchObject({ kind: "loaded", segments: 2, index: { lastSequence: 4 } });
});

test.each([
  ["id", { segmentId: 8 }],
  ["size", { sizeBytes: 501 }],
  ["chain", { endChain: 98 }],
  ["last event", { lastLsn: 5 }],
  ["header", { header: { crc: 1 } as LogSegment["header"] }],
  ["state", { isSealed: false }],
])("a segment of another %s, and what follows it, is not what the file tells of", async (_, change) => {
  const directory = new Directory(new MemoryFs());
  await acceleratorOf(directory, 3).finish();
  const { segments } = sample(3);
  const load = (some: readonly LogSegment[]) =>
    loadAccelerator({ directory, segments: some, logId, expectedEvents: 0 });
  expect(load(segments)).toMatchObject({ kind: "loaded", segments: 3 });
  const others = segments.map((segment, place) => (place === 1 ? { ...segment, ...change } : segment));
  const outcome = load(others);
  expect(outcome).toMatchObject({ kind: "loaded", segments: 1 });
  if (outcome.kind !== "loaded") throw new Error("it is");
  expect(outcome.index.lastSequence).toBe(2);
  expect(outcome.index.ids.count).toBe(2);
  expect(outcome.index.streams.lengthOf(0)).toBe(2);
});

test("names and streams that only later segments have are left aside with them", async () => {
  const directory = new Directory(new MemoryFs());
  await acceleratorOf(directory, 3, "abc").finish();
  const { segments } = sample(3);
  const others = segments.map((segment, place) => (place === 2 ? { ...segment, sizeBytes: 501 } : segment));
  const outcome = loadAccelerator({ directory, segments: others, logId, expectedEvents: 0 });
  if (outcome.kind !== "loaded") throw new Error(outcome.kind);
  const { entities, scopes, streams } = outcome.index;
  expect([entities.count, scopes.count, streams.count]).toEqual([2, 2, 2]);
  expect([entities.text(1), scopes.text(1), streams.lengthOf(1)]).toEqual(["b", "B", 2]);
});

describe("what is sound in itself is refused", () => {
  /** The file of so many segments: its header, then its blocks. */
  async function partsOf(count: number, letters?: string): Promise<Uint8Array[]> {
    const directory = new Directory(new MemoryFs());
    await acceleratorOf(directory, count, letters).finish();
    const bytes = directory.readFile(ACCELERATOR_FILE);
    return [...walkAccelerator(sourceOf(bytes))].map((part) => {
      if (part.kind !== "header" && part.kind !== "block") throw new Error(part.kind);
      return bytes.slice(part.offset, part.offset + part.length);
    });
  }

  /** The parts as they are, under checksums that hold. */
  function sealed(parts: readonly Uint8Array[]): readonly Uint8Array[] {
    const [header, ...blocks] = parts as [Uint8Array, ...Uint8Array[]];
    const fileCrc = crc32(header, 0, headerAt.crc);
    viewOf(header).setUint32(headerAt.crc, fileCrc, true);
    for (const [number, block] of blocks.entries()) {
      viewOf(block).setUint32(4, number, true);
      viewOf(block).setUint32(8, fileCrc, true);
      viewOf(block).setUint32(12, blockCrc(block, block.subarray(BLOCK_HEADER_BYTES)), true);
    }
    return parts;
  }

  function load(parts: readonly Uint8Array[]): ReturnType<typeof loadAccelerator> {
    const directory = new Directory(new MemoryFs());
    directory.writeFile(ACCELERATOR_FILE, Buffer.concat(parts));
    return loadAccelerator({ directory, segments: sample(3).segments, logId, expectedEvents: 0 });
  }

  const namesOf = (outcome: ReturnType<typeof loadAccelerator>): unknown =>
    outcome.kind === "loaded" ? [outcome.index.entities.text(0), outcome.index.scopes.text(0)] : outcome;
  const refused = { kind: "refused", why: "its block is damaged" };

  test("in another place", async () => {
    const parts = await partsOf(3);
    expect(namesOf(load(parts))).toEqual(["a", "A"]);
    const [header, segments, entities, scopes, ...rest] = parts as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
    expect(entities.length).toBe(scopes.length);
    expect(namesOf(load([header, segments, scopes, entities, ...rest]))).toEqual(refused);
  });

  test("in another file", async () => {
    const parts = await partsOf(3);
    const entities = (await partsOf(2, "b"))[2] as Uint8Array;
    expect(namesOf(load(parts.with(2, entities)))).toEqual(refused);
  });

  test("under the name of another version", async () => {
    const parts = await partsOf(3);
    const header = parts[0] as Uint8Array;
    const version = header[VERSION_AT] as number;
    header[VERSION_AT] = version + 1;
    expect(namesOf(load(sealed(parts)))).toEqual({ kind: "refused", why: "it is none of this version" });
    header[VERSION_AT] = version;
    expect(namesOf(load(sealed(parts)))).toEqual(["a", "A"]);
  });

  /** Says of a file that it has two items of a kind, and gives it a block of two instead of that of three. */
  function shortened(parts: Uint8Array[], number: number, field: keyof typeof headerAt, content: Uint8Array): void {
    const block = new Uint8Array(BLOCK_HEADER_BYTES + content.length);
    viewOf(block).setUint32(0, content.length, true);
    block.set(content, BLOCK_HEADER_BYTES);
    parts[number] = block;
    viewOf(parts[0] as Uint8Array).setUint32(headerAt[field], 2, true);
  }
  const twoNames = (names: string): Uint8Array => Uint8Array.from([1, 0, 1, 0, ...Buffer.from(names), 0, 0]);

  test("with events of a scope, of a stream or of an entity that is not there", async () => {
    const parts = await partsOf(3, "abc");
    shortened(parts, SCOPES, "scopes", twoNames("AB"));
    expect(namesOf(load(sealed(parts)))).toEqual({ kind: "refused", why: "its block of events is damaged" });
    const others = await partsOf(3, "abc");
    const streams = others[STREAMS] as Uint8Array;
    shortened(others, STREAMS, "streams", streams.slice(BLOCK_HEADER_BYTES, BLOCK_HEADER_BYTES + 2 * STREAM_BYTES));
    expect(namesOf(load(sealed(others)))).toEqual({ kind: "refused", why: "its block of events is damaged" });
    const last = await partsOf(3, "abc");
    shortened(last, ENTITIES, "entities", twoNames("ab"));
    expect(namesOf(load(sealed(last)))).toEqual({ kind: "refused", why: "its list of streams is damaged" });
  });

  test("without the id of an event", async () => {
    const parts = await partsOf(3);
    const ids = parts.at(-1) as Uint8Array;
    viewOf(ids).setUint32(BLOCK_HEADER_BYTES + 4, 1000, true); // the first one is of an event that is not there
    expect(namesOf(load(sealed(parts)))).toEqual({ kind: "refused", why: "its list of ids is damaged" });
  });

  test("with events behind its last segment", async () => {
    const [header, segments, ...rest] = (await partsOf(4)) as [Uint8Array, Uint8Array, ...Uint8Array[]];
    const list = segments.slice(0, -SEGMENT_BYTES);
    viewOf(list).setUint32(0, list.length - BLOCK_HEADER_BYTES, true);
    viewOf(header).setUint32(headerAt.segments, 3, true);
    expect(namesOf(load(sealed([header, list, ...rest])))).toEqual({
      kind: "refused",
      why: "its list of segments is damaged",
    });
  });
});

describe("a walk", () => {
  async function written(): Promise<Uint8Array> {
    const directory = new Directory(new MemoryFs());
    await acceleratorOf(directory, 3).finish();
    return directory.readFile(ACCELERATOR_FILE);
  }

  test("gives every part of a file, up to its end", async () => {
    const bytes = await written();
    const parts = [...walkAccelerator(sourceOf(bytes))];
    const counts = { events: 6, segments: 3, streams: 1, entities: 1, scopes: 1 };
    expect(parts[0]).toEqual({ kind: "header", offset: 0, length: 64, logId, counts });
    expect(parts.slice(1).map((part) => part.kind === "block" && [part.holds, part.first, part.count])).toEqual([
      ["segments", 0, 3],
      ["entities", 0, 1],
      ["scopes", 0, 1],
      ["streams", 0, 1],
      ["events", 0, 6],
      ["ids", 0, 6],
    ]);
    let end = 0;
    for (const part of parts) {
      expect(part.offset).toBe(end);
      if ("length" in part) end += part.length;
    }
    expect(end).toBe(bytes.length);
    expect(parts[1]).toMatchObject({ segments: [{ segmentId: 1, lastLsn: 2 }, { lastLsn: 4 }, { headerCrc: 79 }] });
  });

  test("ends at any byte that is another, and where a file is cut off or goes on", async () => {
    const bytes = await written();
    const lastOf = (some: Uint8Array) => [...walkAccelerator(sourceOf(some))].at(-1);
    for (const [at, byte] of bytes.entries()) {
      const last = lastOf(bytes.with(at, byte ^ 1));
      expect(last?.kind, `byte ${at}`).toBe("damaged");
      expect(last?.offset).toBeLessThanOrEqual(at < 64 ? 60 : at);
      expect(lastOf(bytes.subarray(0, at))?.kind, `${at} bytes`).toBe("damaged");
    }
    expect(lastOf(Uint8Array.from([...bytes, 0]))).toMatchObject({ kind: "damaged", offset: bytes.length });
  });
});
