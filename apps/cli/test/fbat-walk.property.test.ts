// The walk through a window, with its look ahead to commit markers, against the library's scan of all bytes at once.
import { CodecError, sourceOf, type ByteSource } from "@holdfast/segment-codec";
import { encodeFbatEventFrame, encodeFbatHeader, scanFbatSegment, type FbatEvent } from "@holdfast/segment-codec/fbat";
import { readSdx3Segment } from "@holdfast/sidx-footer/sdx3";
import fc from "fast-check";
import { expect, test } from "vitest";
import { FbatBatches } from "../src/inspect/fbat-batches.js";
import { FbatFrameReader } from "../src/inspect/fbat-frame-reader.js";
import { goldenBytes, manifest } from "./golden-stores.js";
import { linesOf, regionsOfBytes } from "./small-segment.js";

const stores = manifest.cases.flatMap(({ id, segments }) => segments.map(({ file }) => goldenBytes(`${id}/${file}`)));
const header = encodeFbatHeader({ createdNs: 1n, segmentId: 1n });

/** Real frames, by what they are: events of a few sizes, and both markers. */
const batchStore = goldenBytes("batch/000001.fbat");
const recorded = scanFbatSegment(batchStore, { newest: true }).frames;
const event = find("event");
const begin = find("batch-begin");
const commit = find("batch-commit");

function find(role: "event" | "batch-begin" | "batch-commit"): FbatEvent {
  const found = recorded.find((frame) => frame.role === role);
  if (found === undefined) throw new Error(`the store has no ${role}`);
  return found.event;
}

const piece = fc.oneof(
  { weight: 5, arbitrary: fc.constant("event" as const) },
  { weight: 2, arbitrary: fc.record({ begin: fc.integer({ min: 0, max: 4 }) }) },
  { weight: 2, arbitrary: fc.constant("commit" as const) },
);

function assemble(pieces: readonly (typeof piece extends fc.Arbitrary<infer T> ? T : never)[]): Uint8Array {
  const frames = pieces.map((each) => {
    if (each === "event") return encodeFbatEventFrame(event);
    if (each === "commit") return encodeFbatEventFrame(commit);
    return encodeFbatEventFrame({ ...begin, payloadSize: each.begin });
  });
  return Uint8Array.from(Buffer.concat([header, ...frames]));
}

test("which events count: the look ahead says what the library says behind", () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
      const bytes = assemble(pieces);
      const scan = scanFbatSegment(bytes, { newest: true });
      const upTo = scan.end.endOffset;
      const found = linesOf(bytes)
        .filter(({ kind, offset }) => /^(event|batch-)/.test(kind) && offset < upTo)
        .map(({ kind, offset, fields }) => [kind, offset, fields["committed"]]);
      // Behind a malformed marker the library stops, and what is open there is no batch; so it is here.
      expect(found).toEqual(scan.frames.map(({ role, offset, committed }) => [role, offset, committed]));
    }),
  );
});

test("a walk through any window reads the frames that a scan of all bytes reads", () => {
  fc.assert(
    fc.property(fc.constantFrom(...stores), fc.integer({ min: 8, max: 900 }), (bytes, windowBytes) => {
      const scan = scanFbatSegment(bytes, { newest: true });
      const frames = new FbatFrameReader(sourceOf(bytes), windowBytes);
      const found: [number, number][] = [];
      let at = scan.header.framesStart;
      for (let read = frames.read(at, bytes.length); read.kind === "event"; read = frames.read(at, bytes.length)) {
        found.push([at, read.endOffset - at]);
        at = read.endOffset;
      }
      expect(found).toEqual(scan.frames.map(({ offset, length }) => [offset, length]));
      expect(at).toBe(scan.end.endOffset);
    }),
  );
});

test("what a frame claims is not read before it is known to fit", () => {
  const bytes = Uint8Array.from(
    Buffer.concat([header, Buffer.from([0x0f, 0xff, 0xff, 0xff, 0, 0, 0, 0]), Buffer.alloc(64)]),
  );
  const asked: number[] = [];
  const source: ByteSource = {
    sizeBytes: bytes.length,
    readAt: (target, offset) => {
      asked.push(target.length);
      return sourceOf(bytes).readAt(target, offset);
    },
  };
  const frames = new FbatFrameReader(source, 16);
  expect(frames.read(header.length, bytes.length)).toEqual({ kind: "stop", reason: "short-payload" });
  expect(Math.max(...asked)).toBe(16);
});

test("a large frame does not keep its room", () => {
  const large = encodeFbatEventFrame({ ...event, content: new Uint8Array(5000) });
  const small = encodeFbatEventFrame(event);
  const bytes = Uint8Array.from(Buffer.concat([large, small, small]));
  const sizes: number[] = [];
  const source: ByteSource = {
    sizeBytes: bytes.length,
    readAt: (target, offset) => {
      sizes.push(target.length);
      return sourceOf(bytes).readAt(target, offset);
    },
  };
  const frames = new FbatFrameReader(source, 64);
  for (let at = 0; at < bytes.length;) {
    const read = frames.read(at, bytes.length);
    if (read.kind !== "event") throw new Error("a frame that was written is none");
    at = read.endOffset;
  }
  expect(sizes.at(-1)).toBe(small.length);
  expect(Math.max(...sizes)).toBe(large.length);
});

test("after many damaged places, the rest is not looked through and is corrupt", () => {
  const frame = encodeFbatEventFrame(event);
  const damaged = frame.slice();
  damaged[30] = (damaged[30] ?? 0) ^ 1;
  const bytes = Uint8Array.from(
    Buffer.concat([header, ...Array.from({ length: 40 }, (_, at) => (at % 2 ? frame : damaged))]),
  );
  const lines = linesOf(bytes);
  expect(lines.filter(({ kind }) => kind === "event")).toHaveLength(16);
  expect(lines.at(-1)).toMatchObject({ kind: "damage", fields: { verdict: "corrupt" } });
  expect(lines.at(-1)?.fields["reason"]).toContain("nothing more is looked for");
});

test("a batch is read ahead once: the walk stays linear", () => {
  const reads: number[] = [];
  const batches = new FbatBatches((offset) => {
    reads.push(offset);
    const last = offset === 30;
    return { kind: "event", endOffset: offset + 1, event: last ? commit : event };
  });
  expect(batches.take({ ...begin, payloadSize: 30 }, 0)).toBe(true);
  for (let item = 0; item < 30; item++) expect(batches.take(event, item + 1)).toBe(true);
  expect(batches.take(commit, 31)).toBe(true);
  expect(batches.take(event, 32)).toBe(true);
  expect(reads).toEqual(Array.from({ length: 31 }, (_, at) => at));
});

test("the look ahead ends at the first item too many", () => {
  const reads: number[] = [];
  const batches = new FbatBatches((offset) => {
    reads.push(offset);
    return { kind: "event", endOffset: offset + 1, event };
  });
  expect(batches.take({ ...begin, payloadSize: 3 }, 0)).toBe(false);
  expect(reads).toEqual([0, 1, 2, 3]);
});

test.each([
  ["a damaged frame", damagedFrame()],
  ["a malformed one", encodeFbatEventFrame({ ...begin, payloadSize: 0 })],
])("a batch ends at %s, and what follows may be of it, up to the next marker", (_, bad) => {
  const opened = encodeFbatEventFrame({ ...begin, payloadSize: 4 });
  const item = encodeFbatEventFrame(event);
  const marker = encodeFbatEventFrame(commit);
  const lines = linesOf(Uint8Array.from(Buffer.concat([header, opened, item, bad, item, marker, item])));
  expect(lines.map(({ kind, fields }) => [kind, fields["committed"]])).toEqual([
    ["segment-header", undefined],
    ["batch-begin", false],
    ["event", false],
    ["damage", undefined],
    ["event", false],
    ["batch-commit", false],
    ["event", true],
  ]);
});

test("a begin marker makes the batch behind damage known again", () => {
  const opened = encodeFbatEventFrame({ ...begin, payloadSize: 1 });
  const item = encodeFbatEventFrame(event);
  const marker = encodeFbatEventFrame(commit);
  const lines = linesOf(Uint8Array.from(Buffer.concat([header, damagedFrame(), item, opened, item, marker])));
  expect(lines.slice(1).map(({ kind, fields }) => [kind, fields["committed"]])).toEqual([
    ...[
      ["damage", undefined],
      ["event", false],
    ],
    ...["batch-begin", "event", "batch-commit"].map((kind) => [kind, true]),
  ]);
});

test("a header that is damaged alone hides no marker; one that took frames with it may", () => {
  const item = encodeFbatEventFrame(event);
  const committedOf = (bytes: Uint8Array): readonly unknown[] =>
    linesOf(bytes, "1.fbat").flatMap(({ kind, fields }) => (kind === "event" ? [fields["committed"]] : []));
  const bytes = Uint8Array.from(Buffer.concat([header, item, item]));
  bytes[20] = (bytes[20] ?? 0) ^ 1;
  expect(committedOf(bytes)).toEqual([true, true]);
  bytes[header.length + 30] = (bytes[header.length + 30] ?? 0) ^ 1;
  expect(committedOf(bytes)).toEqual([false]);
});

function damagedFrame(): Uint8Array {
  const frame = encodeFbatEventFrame(event);
  frame[30] = (frame[30] ?? 0) ^ 1;
  return frame;
}

test("the payload has to have both hashes that its event states", () => {
  const other = new Uint8Array(32);
  const { previousHash = other, eventHash = other } = event.chain ?? {};
  for (const [changed, bad] of [
    [event, 0],
    [{ ...event, contentHash: other }, 1],
    [{ ...event, chain: { previousHash, eventHash: other } }, 1],
    [{ ...event, chain: { previousHash: other, eventHash } }, 0], // a link is no damage
  ] as const) {
    const lines = linesOf(Uint8Array.from(Buffer.concat([header, encodeFbatEventFrame(changed)])));
    const damages = lines.filter(({ kind }) => kind === "damage");
    expect(damages).toHaveLength(bad);
    expect(damages.every(({ fields }) => fields["code"] === "INSPECT_HASH_MISMATCH")).toBe(true);
    expect(lines.filter(({ kind }) => kind === "event")).toHaveLength(1);
  }
});

test("any damage to any store: an outcome, regions without a gap, and the library's verdict on the whole", () => {
  const edit = fc.record({
    at: fc.nat(),
    put: fc.oneof(fc.uint8Array({ maxLength: 12 }), fc.constantFrom(...stores)),
    how: fc.constantFrom("cut", "overwrite", "insert", "zero"),
  });
  fc.assert(
    fc.property(fc.constantFrom(...stores), fc.array(edit, { minLength: 1, maxLength: 3 }), (store, edits) => {
      const bytes = edits.reduce(damaged, store);
      const regions = regionsOfBytes(bytes, "segment.fbat");
      expect(regions.reduce((end, { offset, length }) => (offset === end ? end + length : Number.NaN), 0)).toBe(
        bytes.length,
      );
      const lines = linesOf(bytes, "segment.fbat");
      expect(lines.every(({ kind }) => kind !== "damage")).toBe(isWhole(bytes));
    }),
    { numRuns: 400 },
  );
});

interface Edit {
  readonly at: number;
  readonly put: Uint8Array;
  readonly how: "cut" | "overwrite" | "insert" | "zero";
}

function damaged(bytes: Uint8Array, { at, put, how }: Edit): Uint8Array {
  const place = at % (bytes.length + 1);
  const [before, after] = [bytes.subarray(0, place), bytes.subarray(place)];
  const behind = after.subarray(Math.min(put.length, after.length));
  switch (how) {
    case "cut":
      return before;
    case "overwrite":
      return Uint8Array.from(Buffer.concat([before, put, behind]));
    case "insert":
      return Uint8Array.from(Buffer.concat([before, put, after]));
    case "zero":
      return Uint8Array.from(Buffer.concat([before, new Uint8Array(put.length), behind]));
  }
}

/** As the packages have it, with all of it in memory at once. */
function isWhole(bytes: Uint8Array): boolean {
  try {
    const { end, footer } = readSdx3Segment(bytes, { newest: true });
    return end.kind === "clean" && (footer.kind === "absent" || footer.kind === "confirmed");
  } catch (error) {
    if (error instanceof CodecError) return false;
    throw error;
  }
}
