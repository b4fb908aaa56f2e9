// What the encoders and decoders of format 2 refuse, and by which name.
import { describe, expect, test } from "vitest";
import {
  FrameCursor,
  FrameEncoder,
  crc32,
  encodeSegmentHeader,
  inspectSegmentHeader,
  readSegmentHeader,
  scanSegment,
  sourceOf,
  type SegmentIdentity,
} from "../src/index.js";
import { buildSegment, identity, payloadOf, records, scanFrames } from "./support/segment-builder.js";

const record = { kind: 1, flags: 0, span: 1 };
const coded = (code: string, context = {}): unknown =>
  expect.objectContaining({ name: "CodecError", code, context: expect.objectContaining(context) });

/** A sound header with one byte range changed and the checksum made good again. */
function resealed(offset: number, bytes: readonly number[]): Uint8Array {
  const header = buildSegment([]).bytes.slice();
  header.set(bytes, offset);
  new DataView(header.buffer).setUint32(60, crc32(header, 0, 60), true);
  return header;
}

describe("segment header, encoding", () => {
  const wrong: readonly (readonly [string, Partial<Record<keyof SegmentIdentity | "epohc", unknown>>])[] = [
    ["logId", { logId: new Uint8Array(15) }],
    ["logId", { logId: "0123456789abcdef" }],
    ["segmentId", { segmentId: 0 }],
    ["nonce", { nonce: -1 }],
    ["epoch", { epoch: 2 ** 32 }],
    ["content", { content: 0 }],
    ["content", { content: 256 }],
    ["baseLsn", { baseLsn: 0 }],
    ["baseLsn", { baseLsn: 2 ** 53 }],
    ["durableLsn", { durableLsn: 1001 }],
    ["durableLsn", { durableLsn: 0.5 }],
    ["previousChain", { previousChain: 2 ** 32 }],
    ["hash", { hash: "md5" }],
    ["hash", { hash: "toString" }],
    ["epohc", { epohc: 1 }],
  ];
  test.each(wrong)("names %s", (name, change) => {
    const target = new Uint8Array(64);
    const bad = { ...identity, ...change } as SegmentIdentity; // what a caller without types could pass
    expect(() => encodeSegmentHeader(bad, target)).toThrow(name);
    expect(target.every((byte) => byte === 0)).toBe(true);
  });

  test("a target that is too small", () => {
    expect(() => encodeSegmentHeader(identity, new Uint8Array(63))).toThrow(RangeError);
    expect(() => encodeSegmentHeader(identity, new Uint8Array(100), 37)).toThrow("offset");
  });

  test("the log id is copied, also out of a Buffer", () => {
    const logId = Buffer.from(identity.logId);
    const header = encodeSegmentHeader({ ...identity, logId }, Buffer.alloc(64));
    logId.fill(0);
    expect(header.logId).toEqual(identity.logId);
  });
});

describe("segment header, decoding", () => {
  const cases = [
    ["a file too short", new Uint8Array(10), "CODEC_TRUNCATED", { offset: 10 }],
    ["zeros", new Uint8Array(64), "CODEC_NOT_A_SEGMENT", { offset: 0 }],
    ["another magic", resealed(0, [1]), "CODEC_NOT_A_SEGMENT", { offset: 0 }],
    ["damage", resealed(0, []).fill(9, 30, 31), "CODEC_CHECKSUM_MISMATCH", { offset: 0 }],
    ["a later version", resealed(4, [3]), "CODEC_UNSUPPORTED_VERSION", { actual: 3, expected: 2 }],
    ["another checksum", resealed(5, [2]), "CODEC_UNSUPPORTED_ALGORITHM", { field: "checksum", actual: 2 }],
    ["another hash", resealed(6, [9]), "CODEC_UNSUPPORTED_ALGORITHM", { field: "hash", actual: 9 }],
    ["content 0", resealed(7, [0]), "CODEC_MALFORMED_HEADER", { field: "content" }],
    ["segment 0", resealed(32, [0, 0, 0, 0, 0, 0, 0, 0]), "CODEC_MALFORMED_HEADER", { field: "segmentId" }],
    ["segment 2^53", resealed(38, [0x20]), "CODEC_MALFORMED_HEADER", { field: "segmentId" }],
    ["base LSN 0", resealed(40, [0, 0, 0, 0, 0, 0, 0, 0]), "CODEC_MALFORMED_HEADER", { field: "baseLsn" }],
    ["base LSN 2^53", resealed(46, [0x20]), "CODEC_MALFORMED_HEADER", { field: "baseLsn" }],
    ["durable from the base on", resealed(48, [0xe9]), "CODEC_MALFORMED_HEADER", { field: "durableLsn" }],
    ["durable LSN 2^53", resealed(54, [0x20]), "CODEC_MALFORMED_HEADER", { field: "durableLsn" }],
  ] as const;
  test.each(cases)("%s", (_, bytes, code, context) => {
    expect(() => readSegmentHeader(sourceOf(bytes))).toThrow(coded(code, context));
    expect(inspectSegmentHeader(bytes).kind).not.toBe("segment");
  });

  test("an unknown version whose header is damaged is called damaged", () => {
    expect(inspectSegmentHeader(resealed(4, [3]).fill(9, 30, 31)).kind).toBe("damaged");
  });

  test("at an offset inside other bytes", () => {
    const bytes = Uint8Array.from([1, 2, 3, ...buildSegment([]).bytes, 4]);
    expect(inspectSegmentHeader(bytes, 3)).toEqual({ kind: "segment", header: buildSegment([]).header });
    expect(inspectSegmentHeader(bytes, 5)).toEqual({ kind: "short", availableBytes: 63 });
  });
});

describe("frames, encoding", () => {
  const { header } = buildSegment([]);
  const target = new Uint8Array(100);

  test.each([
    ["kind", { ...record, kind: 0 }],
    ["kind", { ...record, kind: 65536 }],
    ["flags", { ...record, flags: -1 }],
    ["span", { ...record, span: 2 ** 32 }],
    ["span", { ...record, span: 0.5 }],
  ])("names %s and leaves encoder and target alone", (name, meta) => {
    const encoder = new FrameEncoder(header);
    expect(() => encoder.append(target, 0, payloadOf(3), meta)).toThrow(name);
    expect(encoder).toMatchObject({ nextLsn: 1001, chain: identity.previousChain });
    expect(target.every((byte) => byte === 0)).toBe(true);
  });

  test("what does not fit", () => {
    const encoder = new FrameEncoder(header, { maxPayloadBytes: 60 });
    expect(() => encoder.append(target, 0, payloadOf(61), record)).toThrow("payloadBytes");
    expect(() => encoder.append(target, 8, payloadOf(60), record)).toThrow(RangeError);
    expect(() => encoder.append(target, -8, payloadOf(6), record)).toThrow("offset");
    expect(() => encoder.seal(target, 0, -1, record)).toThrow("payloadBytes");
    expect(encoder.append(target, 0, payloadOf(60), record)).toBe(96);
    expect(() => new FrameEncoder(header, { maxPayloadBytes: 2 ** 29 })).toThrow("maxPayloadBytes");
    expect(() => new FrameEncoder(header, { maxPayloadByte: 1 } as object)).toThrow("maxPayloadByte");
  });

  test("what is durable grows and never passes what was encoded", () => {
    const encoder = new FrameEncoder(header);
    expect(() => (encoder.durableLsn = 1001)).toThrow("durableLsn");
    expect(() => (encoder.durableLsn = 999)).toThrow("durableLsn");
    encoder.append(target, 0, payloadOf(1), record);
    encoder.durableLsn = 1001;
    expect(() => (encoder.durableLsn = 1000)).toThrow("durableLsn");
  });

  test("one encoder fills one buffer after the other", () => {
    const { bytes } = buildSegment(records(4, 24));
    const buffers = [new Uint8Array(56), new Uint8Array(112), new Uint8Array(56)];
    const [one, two, three] = buffers as [Uint8Array, Uint8Array, Uint8Array]; // as made above
    const encoder = new FrameEncoder(header);
    encoder.append(one, 0, payloadOf(24, 0), record);
    encoder.append(two, encoder.append(two, 0, payloadOf(24, 1), record), payloadOf(24, 2), record);
    encoder.append(three, 0, payloadOf(24, 3), record);
    expect(Buffer.concat(buffers).equals(bytes.subarray(64))).toBe(true);
  });

  test("LSNs end at 2^53-1", () => {
    const last = encodeSegmentHeader({ ...identity, baseLsn: Number.MAX_SAFE_INTEGER }, new Uint8Array(64));
    const encoder = new FrameEncoder(last);
    expect(() => encoder.append(target, 0, payloadOf(1), record)).toThrow(
      coded("CODEC_UINT64_OUT_OF_RANGE", { field: "lsn" }),
    );
    expect(encoder.append(target, 0, payloadOf(1), { ...record, span: 0 })).toBe(40);
  });
});

describe("frames, decoding", () => {
  const built = buildSegment(records(3, 100));

  test("a sound frame above the reader's bound is an error, not a torn tail", () => {
    expect(() => scanSegment(built.bytes, built.header, { maxPayloadBytes: 99 })).toThrow(
      coded("CODEC_LENGTH_OUT_OF_RANGE", { offset: 64, expected: 99, actual: 100 }),
    );
    expect(scanSegment(built.bytes, built.header, { maxPayloadBytes: 100 }).frameCount).toBe(3);
  });

  test.each([0x1000_0001, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff])(
    "a sound header that announces %d bytes",
    (length) => {
      const bytes = built.bytes.slice();
      const view = new DataView(bytes.buffer);
      view.setUint32(64 + 4, length, true);
      view.setUint32(64 + 28, crc32(bytes, 64 + 4, 64 + 28, built.header.frameSeed), true);
      const expected = coded("CODEC_LENGTH_OUT_OF_RANGE", { offset: 64, expected: 0x1000_0000, actual: length });
      expect(() => scanSegment(bytes, built.header)).toThrow(expected);
    },
  );

  test("a source that shrinks", () => {
    const source = {
      sizeBytes: built.bytes.length,
      readAt: (target: Uint8Array, offset: number) => sourceOf(built.bytes.subarray(0, 200)).readAt(target, offset),
    };
    expect(() => scanSegment(source, built.header)).toThrow(coded("CODEC_SHORT_SOURCE", { offset: 64 }));
  });

  test("a source that fails once, and is asked again", () => {
    let failing = false;
    const source = {
      sizeBytes: built.bytes.length,
      readAt: (target: Uint8Array, offset: number) => {
        if (failing) throw new Error("the disk says no");
        return sourceOf(built.bytes).readAt(target, offset);
      },
    };
    const cursor = new FrameCursor(source, built.header, { windowBytes: 64 });
    const seen: string[] = [];
    for (let frame = 0; frame < built.frames.length; frame++) {
      failing = true;
      expect(() => cursor.next()).toThrow("the disk says no");
      failing = false;
      expect(cursor.next()).toBe(true);
      seen.push(Buffer.from(cursor.viewPayload()).toString("hex"));
    }
    expect(seen).toEqual(built.frames.map(({ payload }) => Buffer.from(payload).toString("hex")));
  });

  test("a sound header or padding that no encoder writes is corruption, not a crash", () => {
    // Both checksums made good again over a value that is not: the kind, the lag, the LSN, the padding.
    const forged = (changes: readonly (readonly [number, readonly number[]])[]): Uint8Array => {
      const { bytes, header } = buildSegment([{ payload: payloadOf(5) }]);
      for (const [offset, values] of changes) bytes.set(values, 64 + offset);
      const view = new DataView(bytes.buffer);
      view.setUint32(64 + 28, crc32(bytes, 68, 92, header.frameSeed), true);
      view.setUint32(64, crc32(bytes, 92, bytes.length, header.crc), true);
      return bytes;
    };
    const { header } = buildSegment([]);
    expect(scanSegment(forged([]), header).end.kind).toBe("clean");
    for (const change of [
      [8, [0, 0]],
      [24, [0, 0, 0, 0]],
      [24, [0xff, 0xff, 0xff, 0xff]],
      [22, [0x20]],
      [39, [1]],
    ] as const) {
      expect(scanSegment(forged([change]), header)).toMatchObject({
        frameCount: 0,
        end: { kind: "corrupt", code: "CODEC_MALFORMED_FRAME", endOffset: 64 },
      });
    }
    const atEnd = buildSegment([], { baseLsn: Number.MAX_SAFE_INTEGER }).header;
    const lsn = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f, 0];
    expect(
      scanSegment(
        forged([
          [16, lsn],
          [12, [1]],
        ]),
        { ...atEnd, crc: header.crc },
      ).end.kind,
    ).toBe("corrupt");
  });

  test("options are checked by name", () => {
    const { bytes, header } = built;
    const cursor = (options: object) => () => new FrameCursor(bytes, header, options);
    expect(cursor({ windowByte: 1 })).toThrow("windowByte");
    expect(cursor({ windowBytes: 63 })).toThrow("windowBytes");
    expect(cursor({ endOffset: bytes.length + 1 })).toThrow("endOffset");
    expect(cursor({ maxPayloadBytes: -1 })).toThrow("maxPayloadBytes");
    expect(cursor({ from: { offset: 8, nextLsn: 1, chain: 0 } })).toThrow("from.offset");
    expect(() => scanSegment(bytes, header, { succesors: [] } as object)).toThrow("succesors");
    expect(() => scanSegment(bytes, header, { durableLsn: -1 })).toThrow("durableLsn");
    expect(() => new FrameCursor({ sizeBytes: -1, readAt: () => 0 }, header)).toThrow("sizeBytes");
  });

  test("a cursor that stands still stands still", () => {
    const cursor = new FrameCursor(built.bytes.subarray(0, 210), built.header);
    expect([cursor.next(), cursor.next(), cursor.next()]).toEqual([true, false, false]);
    expect(cursor).toMatchObject({ stop: "short-header", lsn: 1001, offset: 64, endOffset: built.boundaries[1] });
  });

  test("an end before the size ends there", () => {
    const endOffset = built.boundaries[2] ?? 0;
    expect(scanFrames(built.bytes, built.header, { endOffset })).toMatchObject({
      frameCount: 2,
      end: { kind: "clean" },
    });
    expect(scanFrames(sourceOf(built.bytes), built.header, { endOffset: endOffset + 8 }).end).toMatchObject({
      kind: "torn",
      tornBytes: 8,
    });
  });
});
