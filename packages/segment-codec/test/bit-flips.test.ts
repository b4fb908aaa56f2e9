// Every bit of a segment, every cut, every zeroed sector: what is accepted is what was appended.
import { describe, expect, test } from "vitest";
import { SEGMENT_HEADER_BYTES, inspectSegmentHeader, scanSegment, sourceOf } from "../src/index.js";
import { buildSegment, payloadOf, records, scanFrames, type Entry } from "./support/segment-builder.js";

const entries: readonly Entry[] = [
  ...records(4, 21, [2]),
  { payload: new Uint8Array(), meta: { kind: 3, span: 0 }, sync: true },
  { payload: payloadOf(64), meta: { kind: 2, span: 9, flags: 0x8001 } },
  { payload: new Uint8Array(13) },
];
const built = buildSegment(entries);

function flipped(bit: number): Uint8Array {
  const bytes = built.bytes.slice();
  bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return bytes;
}

test("every bit of the segment header", () => {
  for (let bit = 0; bit < SEGMENT_HEADER_BYTES * 8; bit++) {
    expect(inspectSegmentHeader(flipped(bit)).kind).toBe(bit < 32 ? "foreign" : "damaged");
  }
});

test("every bit of the frames: detected in its own frame, whichever field it is in", () => {
  // The last statement of durability is in the watermark, frame 4: it covers frames 0 to 3.
  for (let bit = SEGMENT_HEADER_BYTES * 8; bit < built.bytes.length * 8; bit++) {
    const frame = built.boundaries.filter((at) => at <= bit >> 3).length - 1;
    const { frames, end } = scanFrames(flipped(bit), built.header);
    expect(frames).toEqual(built.frames.slice(0, frame));
    expect(end.endOffset).toBe(built.boundaries[frame]);
    expect(end.kind).toBe(frame < 4 ? "corrupt" : "torn");
  }
});

describe.each([8, 16, 64, 512])("zeroed pieces of %i bytes", (size) => {
  test.each(["bytes", "source"])("over %s", (how) => {
    for (let at = SEGMENT_HEADER_BYTES; at < built.bytes.length; at += size) {
      const bytes = built.bytes.slice();
      bytes.fill(0, at, at + size);
      const touched = bytes.findIndex((byte, index) => byte !== built.bytes[index]);
      const { frames, end } = scanFrames(how === "bytes" ? bytes : sourceOf(bytes), built.header, { windowBytes: 64 });
      const intact = built.boundaries.filter((boundary) => boundary <= touched).length - 1;
      expect(frames).toEqual(built.frames.slice(0, touched === -1 ? entries.length : intact));
      expect(end.kind === "clean").toBe(touched === -1);
    }
  });
});

test("time is linear: a tail of frame headers that lie about their length is looked at once", () => {
  // Every eighth byte begins what could be a header; each claims 256 MiB. Reads are counted, not timed.
  const tail = new Uint8Array(1 << 20);
  const view = new DataView(tail.buffer);
  for (let at = 0; at < tail.length; at += 8) view.setUint32(at, at % 16 === 0 ? 0x0fff_ffff : 1, true);
  const bytes = Uint8Array.from([...built.bytes, ...tail]);
  let readBytes = 0;
  let largest = 0;
  const inner = sourceOf(bytes);
  const source = {
    sizeBytes: bytes.length,
    readAt(target: Uint8Array, offset: number) {
      readBytes += target.length;
      largest = Math.max(largest, target.length);
      return inner.readAt(target, offset);
    },
  };
  expect(scanSegment(source, built.header).end).toMatchObject({ kind: "torn", later: { headerCount: 0 } });
  expect(readBytes).toBeLessThan(bytes.length * 1.1 + 0x4_0000);
  expect(largest).toBeLessThanOrEqual(0x4_0000);
});
