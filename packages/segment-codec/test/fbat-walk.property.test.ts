// Reading segments through a window: the same outcome as over the whole bytes, in memory that does not grow with the file.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { blake3 } from "../src/blake3.js";
import {
  type FbatEventView,
  FbatStreams,
  encodeFbatFrame,
  encodeFbatHeader,
  findFbatFrame,
  scanFbatSegment,
  walkFbatSegment,
  type FbatAppend,
  type FbatFrame,
} from "../src/fbat-entry.js";
import { CodecError, sourceOf, type ByteSource } from "../src/index.js";

const append = (size: number, fill: number): FbatAppend => ({
  entity: `e${fill % 3}`,
  scope: "s",
  kind: 0x1000,
  eventId: new Uint8Array(16).fill(fill),
  timestampUs: 5n,
  content: new Uint8Array(size).fill(fill),
});

const segmentHeader = encodeFbatHeader({ createdNs: 5n, segmentId: 1n });
const headerBytes = segmentHeader.length;

/** A step is one event or a batch, by the sizes of contents. */
function segmentOf(steps: readonly (number | readonly number[])[]): Uint8Array {
  const streams = new FbatStreams(blake3);
  const markers = { batchId: new Uint8Array(16), beginTimestampUs: 7n, commitTimestampUs: 8n };
  const frames = steps.flatMap((step, index) =>
    typeof step === "number"
      ? [streams.append(append(step, index))]
      : streams.appendBatch(
          step.map((size) => append(size, index)),
          markers,
        ),
  );
  return Uint8Array.from(Buffer.concat([segmentHeader, ...frames.map(({ bytes }) => bytes)]));
}

/** A source that counts what is read, in bytes. */
type Watched = ByteSource & { longest: number; total: number };

function watched(source: ByteSource): Watched {
  return {
    sizeBytes: source.sizeBytes,
    longest: 0,
    total: 0,
    readAt(target, offset) {
      this.longest = Math.max(this.longest, target.length);
      this.total += target.length;
      return source.readAt(target, offset);
    },
  };
}

test("any segment, damaged anywhere, through any window: what the whole bytes give", () => {
  const size = fc.nat(400);
  const anySteps = fc.array(fc.oneof(size, fc.array(size, { minLength: 1, maxLength: 5 })), { maxLength: 6 });
  const patch = fc.record({ at: fc.nat(), junk: fc.uint8Array({ maxLength: 12 }), cut: fc.nat(60) });
  fc.assert(
    fc.property(
      anySteps,
      patch,
      fc.integer({ min: 64, max: 3000 }),
      fc.boolean(),
      fc.option(fc.record({ at: fc.nat(), trusted: fc.boolean() }), { nil: undefined }),
      (steps, { at, junk, cut }, windowBytes, newest, claim) => {
        const whole = segmentOf(steps);
        const bytes = whole.slice(0, Math.max(headerBytes, whole.length - cut));
        const offset = headerBytes + (at % (bytes.length - headerBytes + 1));
        bytes.set(junk.subarray(0, bytes.length - offset), offset);
        const footer =
          claim === undefined ? {} : { footer: { offset: claim.at % bytes.length, trusted: claim.trusted } };
        const frames: FbatFrame[] = [];
        const source = watched(sourceOf(bytes));
        const onFrame = (frame: FbatFrame<FbatEventView>): void => {
          frames.push({ ...frame, event: frame.event.toEvent() });
        };
        const { frameCount, ...walk } = walkFbatSegment(source, { newest, ...footer, windowBytes, onFrame });
        expect({ ...walk, frames }).toEqual(scanFbatSegment(bytes, { newest, ...footer }));
        expect(frameCount).toBe(frames.length);
      },
    ),
    { numRuns: 300 },
  );
});

test("without onFrame the verdict and the count are the same", () => {
  const bytes = segmentOf([3, [4, 5], 6]);
  const { header, end, frames } = scanFbatSegment(bytes);
  expect(frames).toHaveLength(6);
  expect(walkFbatSegment(bytes)).toEqual({ header, end, frameCount: 6 });
});

test("frames are handed out in file order, a batch when it is decided", () => {
  const bytes = segmentOf([3, [4, 5], 6]);
  const open = bytes.slice(0, scanFbatSegment(bytes).frames[4]?.offset); // up to the commit marker
  const seen: string[] = [];
  walkFbatSegment(open, { onFrame: ({ role, committed }) => seen.push(`${role} ${committed}`) });
  expect(seen).toEqual(["event true", "batch-begin false", "event false", "event false"]);
});

describe("memory", () => {
  /** `head`, then zeros, then `pieces` at their offsets: a large file that is never in memory. */
  function sparse(sizeBytes: number, pieces: ReadonlyMap<number, Uint8Array>): Watched {
    return watched({
      sizeBytes,
      readAt(target, offset) {
        target.fill(0);
        for (const [start, piece] of pieces) {
          const from = Math.max(start, offset);
          const end = Math.min(start + piece.length, offset + target.length);
          if (from < end) target.set(piece.subarray(from - start, end - start), from - offset);
        }
        return target.length;
      },
    });
  }

  test("no read is longer than the window or the frame it is in, whatever a length claims", () => {
    const head = segmentOf([200_000, 10]);
    const forged = head.slice();
    const [first, second] = scanFbatSegment(head).frames;
    if (first === undefined || second === undefined) throw new Error("two frames were written");
    new DataView(forged.buffer).setUint32(second.offset, 0x0fff_ffff);
    const source = sparse(0x20_0000, new Map([[0, forged]]));
    expect(walkFbatSegment(source, { newest: true, windowBytes: 4096 })).toMatchObject({
      frameCount: 1,
      end: { kind: "torn", reason: "short-payload", endOffset: second.offset },
    });
    expect(source.longest).toBeLessThanOrEqual(0x4_0000); // the search has a window of its own
    expect(source.longest).toBeGreaterThanOrEqual(first.length - 4096);
  });

  test("time is linear: in a tail where every place claims a frame, each costs one stride at most", () => {
    // Lengths of 1, 257, 65537 and so on in turn, far ahead and near, and none with the right checksum.
    const tail = new Uint8Array(0x8_0000).fill(1);
    for (let at = 0; at < tail.length; at += 4) tail[at] = 0;
    const bytes = Uint8Array.from(Buffer.concat([segmentOf([3]), tail]));
    const source = watched(sourceOf(bytes));
    expect(walkFbatSegment(source, { newest: true }).end).toMatchObject({ kind: "torn" });
    expect(source.total).toBeGreaterThan(2 * bytes.length); // far claims were followed
    expect(source.total).toBeLessThan(260 * bytes.length);
  });

  test("a claim far ahead leaves the window of the search where it is", () => {
    const claim = Uint8Array.of(0, 0x10, 0, 0, 1, 2, 3, 4);
    const frame = encodeFbatFrame(Uint8Array.of(1, 2, 3));
    const source = sparse(0x20_0000, new Map([[1000, Uint8Array.of(...claim, ...frame)]]));
    expect(findFbatFrame(source, 90, source.sizeBytes)).toBe(1008);
  });

  test("the search goes on across the seam of its window, where every place claims something", () => {
    // The window of the search is 256 KiB; frames lie on both sides of where it moves, behind a claim at every fourth byte.
    const tail = Uint8Array.from({ length: 0x5_0000 }, (_, at) => (at % 4 === 2 ? 1 : at % 4 === 3 ? at / 4 : 0));
    for (let at = 0x4_0000 - 20; at < 0x4_0000 + 4; at++) {
      const bytes = tail.slice();
      bytes.set(encodeFbatFrame(Uint8Array.of(1, 2, 3)), at);
      expect(findFbatFrame(sourceOf(bytes), 0, bytes.length)).toBe(at);
    }
  });

  test("the search looks beyond the longest frame without keeping what lies between", { timeout: 300_000 }, () => {
    // The length at 100 is the longest there is, so checksums run 256 MiB ahead and their places are used again behind it.
    const frame = encodeFbatFrame(Uint8Array.of(1, 2, 3));
    const at = 0x1000_0000 + 5_000_001;
    const claim = Uint8Array.of(0x10, 0, 0, 0, 1, 2, 3, 4);
    const pieces = new Map([
      [100, claim],
      [0x1000_0000 - 50, Uint8Array.of(0, 0x20, 0, 0, 1, 2, 3, 4)],
      [at, frame],
    ]);
    const source = sparse(0x1000_0000 + 6_000_000, pieces);
    expect(findFbatFrame(source, 90, source.sizeBytes)).toBe(at);
    expect(source.longest).toBeLessThanOrEqual(0x4_0000);
  });
});

describe("errors", () => {
  test("what onFrame throws is passed on, and is no damage", () => {
    const mine = new CodecError("CODEC_TRUNCATED", "mine");
    const fail = (): never => {
      throw mine;
    };
    for (const steps of [[3], [[3, 4]]]) {
      expect(() => walkFbatSegment(segmentOf(steps), { onFrame: fail })).toThrow(mine);
    }
  });

  test("an offset in a message is one in the segment, through any window", () => {
    const bytes = segmentOf([3, 4, 5]);
    const last = scanFbatSegment(bytes).frames[2];
    if (last === undefined) throw new Error("three frames were written");
    const payload = bytes.slice(last.offset + 8);
    const key = Buffer.from(payload).indexOf("correlation_id");
    payload[key] = 0x43; // its first letter
    bytes.set(encodeFbatFrame(payload), last.offset);
    for (const windowBytes of [64, 1000, 100_000]) {
      expect(walkFbatSegment(sourceOf(bytes), { windowBytes }).end).toMatchObject({
        kind: "corrupt",
        code: "CODEC_MALFORMED_ENVELOPE",
        endOffset: last.offset,
        message: expect.stringContaining(`at byte ${last.offset + 8 + key - 1}`),
      });
    }
  });

  test("an item of a batch that is sound once and damaged when it is read again is not handed out", () => {
    const bytes = segmentOf([[30, 40]]);
    const item = scanFbatSegment(bytes).frames[1];
    if (item === undefined) throw new Error("a batch was written");
    const content = item.offset + item.length - 200;
    let reads = 0;
    const inner = sourceOf(bytes);
    const source: ByteSource = {
      sizeBytes: bytes.length,
      readAt(target, offset) {
        const got = inner.readAt(target, offset);
        const here = content >= offset && content < offset + got;
        if (here && ++reads > 1) target[content - offset] = (target[content - offset] ?? 0) ^ 1;
        return got;
      },
    };
    const seen: number[] = [];
    const onFrame = ({ offset }: { readonly offset: number }): void => void seen.push(offset);
    const damaged = expect.objectContaining({
      code: "CODEC_CHECKSUM_MISMATCH",
      context: { offset: item.offset },
    }) as unknown;
    expect(() => walkFbatSegment(source, { windowBytes: 64, onFrame })).toThrow(damaged);
    expect(seen).toEqual([headerBytes]); // the begin marker
  });

  test("a source that shrinks, or that is none", () => {
    const bytes = segmentOf([3, 4]);
    const shrunk: ByteSource = { ...sourceOf(bytes), sizeBytes: bytes.length + 1 };
    expect(() => walkFbatSegment(shrunk)).toThrow(expect.objectContaining({ code: "CODEC_SHORT_SOURCE" }));
    expect(() => walkFbatSegment({ ...sourceOf(bytes), sizeBytes: -1 })).toThrow("sizeBytes");
    expect(() => walkFbatSegment(bytes, { windowBytes: 63 })).toThrow("windowBytes");
    expect(() => walkFbatSegment(bytes, { onframe: () => undefined } as object)).toThrow("onframe");
  });
});
