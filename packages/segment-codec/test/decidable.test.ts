// What format 2 must be able to decide (docs/adr/0006): each test fails when the field behind it is ignored.
import { describe, expect, test } from "vitest";
import {
  FrameEncoder,
  SEGMENT_HEADER_BYTES,
  continuesFrom,
  crc32,
  encodeSegmentHeader,
  inspectSegmentHeader,
  scanSegment,
  successorAt,
  type SegmentHeader,
} from "../src/index.js";
import { buildSegment, identity, payloadOf, records, scanFrames, type Built } from "./support/segment-builder.js";

/** `bytes` with `[from, to)` filled. */
function filled(bytes: Uint8Array, from: number, to: number, value: number | Uint8Array = 0): Uint8Array {
  const copy = bytes.slice();
  if (typeof value === "number") copy.fill(value, from, to);
  else copy.set(value.subarray(0, to - from), from);
  return copy;
}

const boundary = (built: Built, index: number): number => built.boundaries[index] ?? Number.NaN;

describe("torn tail or corruption of synced data", () => {
  // Frames 0 to 9; frame 6 was encoded when 0 to 5 were durable.
  const built = buildSegment(records(10, 50, [6]));
  const damage = (frame: number): Uint8Array =>
    filled(built.bytes, boundary(built, frame) + 40, boundary(built, frame) + 41, 0x77);

  test.each([0, 1, 2, 3, 4, 5])("damage in frame %i, which a later frame states as durable, is corruption", (frame) => {
    const { end, frames } = scanFrames(damage(frame), built.header);
    expect(end).toMatchObject({
      kind: "corrupt",
      code: "CODEC_DURABLE_DATA_MISSING",
      endOffset: boundary(built, frame),
      durableLsn: 1006,
    });
    expect(frames).toEqual(built.frames.slice(0, frame));
  });

  test.each([6, 7, 8, 9])("damage in frame %i, which nothing states as durable, is a torn tail", (frame) => {
    const { end, frames } = scanFrames(damage(frame), built.header);
    expect(end).toMatchObject({ kind: "torn", reason: "bad-chain", endOffset: boundary(built, frame) });
    expect(frames).toEqual(built.frames.slice(0, frame));
  });

  test("knowledge from elsewhere counts: a checkpoint, another segment's header", () => {
    const cut = damage(8);
    expect(scanSegment(cut, built.header, { durableLsn: 1008 }).end.kind).toBe("torn");
    expect(scanSegment(cut, built.header, { durableLsn: 1009 }).end).toMatchObject({
      kind: "corrupt",
      durableLsn: 1009,
    });
    const later = buildSegment([], {
      segmentId: 9,
      baseLsn: 1011,
      durableLsn: 1009,
      previousChain: built.chain,
    }).header;
    expect(scanSegment(cut, built.header, { successors: [later] }).end.kind).toBe("corrupt");
    const stranger = { ...later, logId: new Uint8Array(16) };
    expect(scanSegment(cut, built.header, { successors: [stranger] }).end.kind).toBe("torn");
    const earlier = { ...later, segmentId: 6 };
    expect(scanSegment(cut, built.header, { successors: [earlier] }).end.kind).toBe("torn");
  });

  test("a file that ends cleanly before what is known durable is corrupt", () => {
    const short = built.bytes.subarray(0, boundary(built, 8));
    expect(scanSegment(short, built.header, { durableLsn: 1008 }).end.kind).toBe("clean");
    expect(scanSegment(short, built.header, { durableLsn: 1009 }).end).toMatchObject({
      kind: "corrupt",
      reason: "end",
    });
    const emptied = built.bytes.subarray(0, SEGMENT_HEADER_BYTES);
    expect(scanSegment(emptied, { ...built.header, durableLsn: 1000 }).end.kind).toBe("clean");
  });

  test("a watermark frame after an idle barrier protects the last batch too", () => {
    const entries = records(3, 50);
    const mark = { payload: new Uint8Array(), meta: { kind: 3, span: 0 }, sync: true };
    const marked = buildSegment([...entries, mark]);
    const at = boundary(marked, 2) + 40;
    expect(scanSegment(filled(marked.bytes, at, at + 1, 0x77), marked.header).end).toMatchObject({
      kind: "corrupt",
      durableLsn: 1003,
    });
  });

  test("a lag of more than 32 bits states less than is true, never more", () => {
    const header = encodeSegmentHeader({ ...identity, baseLsn: 2 ** 40, durableLsn: 5 }, new Uint8Array(64));
    const bytes = new Uint8Array(200);
    const end = new FrameEncoder(header).append(bytes, 64, payloadOf(8), { kind: 1, flags: 0, span: 1 });
    expect(scanFrames(bytes.subarray(0, end), header).frames[0]?.durableLsn).toBe(2 ** 40 - (2 ** 32 - 1));
    expect(scanSegment(bytes.subarray(0, end), header).durableLsn).toBe(2 ** 40 - (2 ** 32 - 1));
  });
});

describe("frames behind a tear that persisted out of order", () => {
  const built = buildSegment(records(6, 600));

  test.each([1, 2, 3, 4])("frame %i lost, the ones behind it whole: a torn tail that says what it saw", (lost) => {
    const bytes = filled(built.bytes, boundary(built, lost), boundary(built, lost + 1));
    const { end, frames } = scanFrames(bytes, built.header);
    expect(frames).toEqual(built.frames.slice(0, lost));
    expect(end).toMatchObject({
      kind: "torn",
      reason: "bad-header",
      later: { headerCount: 5 - lost, lastLsn: 1006, durableLsn: 1000, zeros: false },
    });
  });

  test("the middle of a frame lost, its ends persisted", () => {
    const bytes = filled(built.bytes, boundary(built, 3) + 100, boundary(built, 3) + 400);
    expect(scanSegment(bytes, built.header).end).toMatchObject({
      kind: "torn",
      reason: "bad-chain",
      later: { headerCount: 3 },
    });
  });

  test("a header is found across the seam of two windows of the search", () => {
    const far = buildSegment([{ payload: payloadOf(0x1_0000 - 48) }, ...records(3, 100, [1])]);
    for (const cut of [0, 8, 16, 24, 32]) {
      const bytes = filled(far.bytes, boundary(far, 0), boundary(far, 0) + 32 + cut, 0x31);
      expect(scanSegment(bytes, far.header).end).toMatchObject({ kind: "corrupt", later: { headerCount: 3 } });
    }
  });

  test("a header with an LSN of more than 2^32 above the last accepted one, 1000, is not believed, and one with an LSN that was accepted says nothing", () => {
    const jump = buildSegment(records(1, 8), { baseLsn: 1001 + 2 ** 32, durableLsn: 1000 });
    const near = buildSegment(records(1, 8), { baseLsn: 1000 + 2 ** 32, durableLsn: 1000 });
    const old = buildSegment(records(1, 8), { baseLsn: 900, durableLsn: 899 });
    const tail = (other: Built): Uint8Array =>
      Uint8Array.from([...new Uint8Array(32).fill(9), ...other.bytes.subarray(64)]);
    const scan = (other: Built) =>
      scanSegment(Uint8Array.from([...buildSegment([]).bytes, ...tail(other)]), buildSegment([]).header);
    expect(scan(jump).end).toMatchObject({ kind: "torn", later: { headerCount: 0 } });
    expect(scan(near).end).toMatchObject({ later: { headerCount: 1 } });
    expect(scan(old).end).toMatchObject({ kind: "torn", later: { headerCount: 0 } });
  });
});

describe("stale bytes of a recycled or foreign file", () => {
  const fresh = buildSegment(records(3, 50));
  const stale = (changes: Parameters<typeof buildSegment>[1]): Uint8Array => {
    // The same records at the same places: only what the header binds can tell the difference.
    const old = buildSegment(records(8, 50, [5]), changes);
    return Uint8Array.from([...fresh.bytes, ...old.bytes.subarray(fresh.bytes.length)]);
  };

  test.each([
    ["another log", { logId: new Uint8Array(16).fill(1) }],
    ["an earlier segment", { segmentId: 6 }],
    ["an earlier attempt at this segment", { nonce: 1 }],
  ])("frames of %s are neither accepted nor evidence", (_, changes) => {
    const { end, frames } = scanFrames(stale(changes), fresh.header);
    expect(frames).toEqual(fresh.frames);
    expect(end).toMatchObject({ kind: "torn", reason: "bad-header", later: { headerCount: 0 } });
  });

  test("the chain refuses frames of this very segment that follow another history", () => {
    // Same segment, same LSNs, same header fields; only the payload of the first record differs.
    const other = buildSegment([{ payload: payloadOf(50, 77) }, ...records(8, 50).slice(1)]);
    const mixed = Uint8Array.from([...fresh.bytes, ...other.bytes.subarray(fresh.bytes.length)]);
    const { end, frames } = scanFrames(mixed, fresh.header);
    expect(frames).toEqual(fresh.frames);
    expect(end).toMatchObject({ kind: "torn", reason: "bad-chain" });
  });

  test("the chain begins with the segment header: same identity, another beginning", () => {
    const other = buildSegment(records(3, 50), { epoch: 4 });
    expect(other.header.frameSeed).toBe(fresh.header.frameSeed);
    const mixed = Uint8Array.from([...fresh.bytes.subarray(0, 64), ...other.bytes.subarray(64)]);
    expect(scanFrames(mixed, fresh.header)).toMatchObject({ frames: [], end: { kind: "torn", reason: "bad-chain" } });
  });

  test("a repeated frame, a skipped frame, two frames that changed places", () => {
    const part = (index: number): number[] => [
      ...fresh.bytes.subarray(boundary(fresh, index), boundary(fresh, index + 1)),
    ];
    const order = (...indexes: readonly number[]): Uint8Array =>
      Uint8Array.from([...fresh.bytes.subarray(0, 64), ...indexes.flatMap(part)]);
    expect(scanFrames(order(0, 1, 2), fresh.header).end.kind).toBe("clean");
    for (const indexes of [
      [0, 0, 1, 2],
      [0, 2],
      [1, 0, 2],
      [0, 2, 1],
      [2, 1, 0],
    ]) {
      const kept = indexes.findIndex((index, at) => index !== at);
      const { frames, end } = scanFrames(order(...indexes), fresh.header);
      expect(frames).toEqual(fresh.frames.slice(0, kept));
      expect(end).toMatchObject({ kind: "torn", reason: "out-of-sequence" });
    }
  });

  test("frames that hold no record and take no LSN are kept in order by the chain alone", () => {
    const mark = (flags: number) => ({ payload: new Uint8Array(), meta: { kind: 3, span: 0, flags } });
    const { bytes, header } = buildSegment([mark(1), mark(2)]);
    const swapped = Uint8Array.from([...bytes.subarray(0, 64), ...bytes.subarray(96), ...bytes.subarray(64, 96)]);
    expect(scanFrames(swapped, header)).toMatchObject({ frames: [], end: { kind: "torn", reason: "bad-chain" } });
  });
});

describe("zero and garbage tails", () => {
  const built = buildSegment(records(3, 50));
  const withTail = (tail: Uint8Array): Uint8Array => Uint8Array.from([...built.bytes, ...tail]);

  test.each([1, 7, 8, 31, 32, 33, 4096, 100_000])("%i zeros never decode and are named", (length) => {
    const { end, frames } = scanFrames(withTail(new Uint8Array(length)), built.header);
    expect(frames).toEqual(built.frames);
    expect(end).toMatchObject({ kind: "torn", reason: "zeros", tornBytes: length, later: { headerCount: 0 } });
  });

  test("zeros are refused for their kind even where their checksum happens to be right", () => {
    // The register run backwards over 24 zero bytes, from where the stored CRC would be zero.
    let register = 0xffff_ffff;
    for (let bit = 0; bit < 24 * 8; bit++) {
      register = register >>> 31 === 1 ? (((register ^ 0xedb8_8320) << 1) | 1) >>> 0 : (register << 1) >>> 0;
    }
    const frameSeed = ~register >>> 0;
    expect(crc32(new Uint8Array(24), 0, 24, frameSeed)).toBe(0);
    const zeros = Uint8Array.from([...built.bytes.subarray(0, 64), ...new Uint8Array(64)]);
    const header: SegmentHeader = { ...built.header, frameSeed };
    expect(scanSegment(zeros, header)).toMatchObject({ frameCount: 0, end: { kind: "torn", reason: "zeros" } });
    expect(scanSegment(zeros, header).end).toMatchObject({ later: { headerCount: 0 } });
  });

  test.each([1, 31, 32, 500, 4096])("%i bytes of garbage", (length) => {
    expect(scanFrames(withTail(payloadOf(length, 3)), built.header)).toMatchObject({
      frames: built.frames,
      end: { kind: "torn", reason: length < 32 ? "short-header" : "bad-header", tornBytes: length },
    });
  });

  test("a header that was never written is told from a stranger and from damage", () => {
    expect(inspectSegmentHeader(new Uint8Array(64)).kind).toBe("zeros");
    expect(inspectSegmentHeader(new Uint8Array(4096)).kind).toBe("zeros");
    expect(inspectSegmentHeader(filled(new Uint8Array(64), 63, 64, 1)).kind).toBe("foreign");
    expect(inspectSegmentHeader(filled(built.bytes, 20, 21, 0)).kind).toBe("damaged");
    expect(inspectSegmentHeader(built.bytes.subarray(0, 63))).toEqual({ kind: "short", availableBytes: 63 });
  });
});

describe("a crash during rotation or repair", () => {
  const old = buildSegment(records(8, 50, [5])); // 1001 to 1008, of which 1001 to 1005 are durable
  const at = (index: number) => scanFrames(old.bytes.subarray(0, boundary(old, index)), old.header);
  const from = (index: number, changes: Parameters<typeof buildSegment>[1] = {}): SegmentHeader => {
    const { nextLsn, chain } = at(index);
    return buildSegment([], {
      segmentId: 8,
      epoch: 4,
      baseLsn: nextLsn,
      durableLsn: nextLsn - 1,
      previousChain: chain,
      ...changes,
    }).header;
  };

  test("rotation: the next segment goes on where the old one ends, whether or not it has frames", () => {
    const next = from(8);
    expect(scanSegment(old.bytes, old.header, { successors: [next] }).end).toEqual({
      kind: "continued",
      endOffset: old.bytes.length,
      successor: next,
      deadBytes: 0,
    });
  });

  test("rotation: the next segment exists, the end of the old one never persisted and was not synced", () => {
    const next = from(8, { durableLsn: 1005 });
    const cut = old.bytes.subarray(0, boundary(old, 6) + 20);
    expect(scanSegment(cut, old.header, { successors: [next] }).end).toMatchObject({
      kind: "torn",
      reason: "short-header",
    });
  });

  test("rotation: the next segment states as durable what the old one has lost", () => {
    const next = from(8, { durableLsn: 1008 });
    const cut = old.bytes.subarray(0, boundary(old, 6));
    expect(scanSegment(cut, old.header, { successors: [next] }).end).toMatchObject({
      kind: "corrupt",
      durableLsn: 1008,
    });
  });

  test("repair: an open that went on in the middle makes the rest dead, sound or not", () => {
    const next = from(5);
    const dead = old.bytes.length - boundary(old, 5);
    expect(scanFrames(old.bytes, old.header, { successors: [next] })).toMatchObject({
      frames: old.frames.slice(0, 5),
      end: { kind: "continued", endOffset: boundary(old, 5), deadBytes: dead },
    });
    const torn = filled(old.bytes, boundary(old, 6), boundary(old, 7));
    expect(scanSegment(torn, old.header, { successors: [next] }).end).toMatchObject({
      kind: "continued",
      deadBytes: dead,
    });
  });

  test("repair: a header that agrees in LSN but not in chain, log or order does not continue", () => {
    for (const changes of [{ previousChain: 1 }, { logId: new Uint8Array(16) }, { segmentId: 6 }, { segmentId: 7 }]) {
      expect(scanSegment(old.bytes, old.header, { successors: [from(5, changes)] }).end.kind).toBe("clean");
    }
    const offByOne = { ...from(5), baseLsn: 1007 };
    expect(scanSegment(old.bytes, old.header, { successors: [offByOne] }).end.kind).toBe("clean");
  });

  test("two opens that went on from one place: the later epoch decides, then the higher number", () => {
    const { nextLsn, chain } = at(5);
    const place = { logId: identity.logId, segmentId: 7, nextLsn, chain };
    const [first, second, third] = [from(5), from(5, { segmentId: 9, epoch: 4 }), from(5, { segmentId: 8, epoch: 5 })];
    expect(successorAt(place, [first, second])).toBe(second);
    expect(successorAt(place, [second, first])).toBe(second);
    expect(successorAt(place, [third, second, first])).toBe(third);
    expect(successorAt(place, [second, third])).toBe(third);
    expect(successorAt(place, [])).toBeUndefined();
    expect(continuesFrom(first, place)).toBe(true);
    for (const change of [{ segmentId: 8 }, { nextLsn: 1 }, { chain: 1 }, { logId: new Uint8Array(16) }]) {
      expect(continuesFrom(first, { ...place, ...change })).toBe(false);
    }
  });

  test("a segment without frames hands on the chain that it continues from", () => {
    const empty = buildSegment([], { segmentId: 8, baseLsn: old.nextLsn, durableLsn: 1008, previousChain: old.chain });
    const scan = scanSegment(empty.bytes, empty.header);
    expect(scan).toMatchObject({ nextLsn: old.nextLsn, chain: old.chain, end: { kind: "clean" } });
    const after = from(8, { segmentId: 9, epoch: 5 });
    expect(scanSegment(empty.bytes, empty.header, { successors: [after] }).end.kind).toBe("continued");
    expect(scanSegment(old.bytes, old.header, { successors: [after, empty.header] }).end).toMatchObject({
      successor: after,
    });
  });
});
