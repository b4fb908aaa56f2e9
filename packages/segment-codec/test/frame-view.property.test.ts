// One frame at a known place: what a cursor accepts there, this accepts, and it says the same of it.
import fc from "fast-check";
import { expect, test } from "vitest";
import { FrameView } from "../src/frame-view.js";
import { FRAME_HEADER_BYTES, FrameCursor, FrameEncoder, crc32, encodeSegmentHeader } from "../src/index.js";
import { anyEntries, buildSegment, identity } from "./support/segment-builder.js";

test("every frame of a segment is whole behind the one before it, field by field as a cursor reads it", () => {
  fc.assert(
    fc.property(anyEntries, (entries) => {
      const { bytes, header } = buildSegment(entries);
      const cursor = new FrameCursor(bytes, header);
      const view = new FrameView();
      let seed = header.crc;
      while (cursor.next()) {
        expect(view.load(bytes, cursor.offset, header)).toBe(true);
        expect(view.isWhole(bytes, seed)).toBe(true);
        expect(view.isWhole(bytes, seed ^ 1)).toBe(false);
        const { offset, kind, flags, lsn, span, durableLsn, chain } = cursor;
        expect(view).toMatchObject({ offset, kind, flags, lsn, span, durableLsn, chain });
        expect([view.bytes, view.payloadBytes]).toEqual([cursor.endOffset - offset, cursor.viewPayload().length]);
        seed = view.chain;
      }
    }),
  );
});

test("no flipped bit passes: those of the header are seen at once, all others by the chain", () => {
  fc.assert(
    fc.property(anyEntries, fc.nat(), fc.nat(), (entries, which, bit) => {
      const { bytes, header, boundaries } = buildSegment(entries);
      fc.pre(boundaries.length > 1);
      const index = which % (boundaries.length - 1);
      const [start, end] = [boundaries[index] as number, boundaries[index + 1] as number];
      const view = new FrameView();
      const before = boundaries[index - 1];
      if (before !== undefined) expect(view.load(bytes, before, header)).toBe(true);
      const seed = before === undefined ? header.crc : view.chain;
      const at = start + ((bit >>> 3) % (end - start));
      bytes[at] = (bytes[at] as number) ^ (1 << (bit & 7));
      const isHeader = at - start >= 4 && at - start < FRAME_HEADER_BYTES;
      const isSound = view.load(bytes, start, header);
      expect(isSound).toBe(!isHeader);
      if (isSound) expect(view.isWhole(bytes, seed)).toBe(false);
    }),
  );
});

test("headers of another segment, and of values that no encoder writes, are no frame", () => {
  const target = new Uint8Array(256);
  const header = encodeSegmentHeader(identity, target);
  const other = encodeSegmentHeader({ ...identity, nonce: identity.nonce ^ 1 }, new Uint8Array(64));
  new FrameEncoder(header).append(target, 64, Uint8Array.of(1), { kind: 1, flags: 0, span: 1 });
  const view = new FrameView();
  expect(view.load(target, 64, header)).toBe(true);
  expect(view.load(target, 64, other)).toBe(false);
  expect(view.load(target, 128, header)).toBe(false); // zeros
  expect(() => view.load(target, 225, header)).toThrow(RangeError);
  expect(() => view.load(target, -1, header)).toThrow(RangeError);
  expect(view.load(target, 64, header)).toBe(true);
  expect(() => view.isWhole(target.subarray(0, 100), header.crc)).toThrow(RangeError);
  // Padding that is not zero, under a chain that is right.
  target[64 + 39] = 1;
  new DataView(target.buffer).setUint32(64, crc32(target, 64 + 28, 64 + 40, header.crc), true);
  expect(view.load(target, 64, header)).toBe(true);
  expect(view.isWhole(target, header.crc)).toBe(false);
});
