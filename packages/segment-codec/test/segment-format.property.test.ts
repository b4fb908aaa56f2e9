// The laws of format 2, on generated segments.
import fc from "fast-check";
import { expect, test } from "vitest";
import { FrameCursor, FrameEncoder, SEGMENT_HEADER_BYTES, readSegmentHeader, sourceOf } from "../src/index.js";
import { anyEntries, anyEntry, buildSegment, identity, payloadOf, scanFrames } from "./support/segment-builder.js";

const anyIdentity = fc.record({
  logId: fc.uint8Array({ minLength: 16, maxLength: 16 }),
  segmentId: fc.oneof(
    fc.integer({ min: 1, max: 9 }),
    fc.maxSafeNat().map((value) => Math.max(1, value)),
  ),
  nonce: fc.nat(0xffff_ffff),
  epoch: fc.nat(0xffff_ffff),
  content: fc.integer({ min: 1, max: 255 }),
  previousChain: fc.nat(0xffff_ffff),
  hash: fc.constantFrom("none", "blake3-256", "sha256"),
});

test("round trip: what was appended comes back, field by field, and re-encodes to the same bytes", () => {
  fc.assert(
    fc.property(anyIdentity, anyEntries, fc.maxSafeNat(), fc.nat(0xffff), (fields, entries, base, behind) => {
      const baseLsn = Math.max(1, Math.min(base, Number.MAX_SAFE_INTEGER - 100));
      const durableLsn = Math.max(0, baseLsn - 1 - behind);
      const built = buildSegment(entries, { ...fields, baseLsn, durableLsn });
      const header = readSegmentHeader(sourceOf(built.bytes));
      expect(header).toEqual(built.header);
      expect(header).toMatchObject({ ...fields, baseLsn, durableLsn });
      const scan = scanFrames(built.bytes, header);
      expect(scan.frames).toEqual(built.frames);
      expect(scan).toMatchObject({ nextLsn: built.nextLsn, chain: built.chain, frameCount: entries.length });
      expect(scan.end).toEqual({ kind: "clean", endOffset: built.bytes.length });
      const again = new Uint8Array(built.bytes.length);
      again.set(built.bytes.subarray(0, SEGMENT_HEADER_BYTES));
      const encoder = new FrameEncoder(header);
      let at = SEGMENT_HEADER_BYTES;
      for (const frame of scan.frames) {
        encoder.durableLsn = frame.durableLsn;
        at = encoder.append(again, at, frame.payload, frame.meta);
      }
      expect(again).toEqual(built.bytes);
    }),
  );
});

test("prefix: cutting anywhere yields the frames wholly before the cut, and no cut is corruption on its own", () => {
  fc.assert(
    fc.property(anyEntries, fc.nat(), (entries, where) => {
      const built = buildSegment(entries);
      const cut = SEGMENT_HEADER_BYTES + (where % (built.bytes.length - SEGMENT_HEADER_BYTES + 1));
      const { frames, end } = scanFrames(built.bytes.subarray(0, cut), built.header);
      const whole = built.boundaries.filter((boundary) => boundary <= cut).length - 1;
      expect(frames).toEqual(built.frames.slice(0, whole));
      expect(end.endOffset).toBe(built.boundaries[whole]);
      if (end.endOffset === cut) expect(end.kind).toBe("clean");
      else expect(end).toMatchObject(end.kind === "torn" ? { tornBytes: cut - end.endOffset } : { kind: "corrupt" });
    }),
  );
});

test("a source that is read in windows of any size gives what bytes in memory give", () => {
  fc.assert(
    fc.property(anyEntries, fc.integer({ min: 64, max: 700 }), fc.nat(), (entries, windowBytes, where) => {
      const { bytes, header } = buildSegment(entries);
      const cut = bytes.subarray(0, SEGMENT_HEADER_BYTES + (where % (bytes.length - SEGMENT_HEADER_BYTES + 1)));
      expect(scanFrames(sourceOf(cut), header, { windowBytes })).toEqual(scanFrames(cut, header));
    }),
  );
});

test("a cursor that begins at any frame reads what one from the beginning reads from there", () => {
  fc.assert(
    fc.property(fc.array(anyEntry, { minLength: 1, maxLength: 6 }), fc.nat(), (entries, pick) => {
      const { bytes, header, frames } = buildSegment(entries);
      const cursor = new FrameCursor(bytes, header);
      const start = pick % entries.length;
      for (let skipped = 0; skipped < start; skipped++) expect(cursor.next()).toBe(true);
      const from = { offset: cursor.endOffset, nextLsn: cursor.nextLsn, chain: cursor.chain };
      expect(scanFrames(bytes, header, { from }).frames).toEqual(frames.slice(start));
    }),
  );
});

test("damage: no accepted frame was not appended, whatever one to four places hold", () => {
  const patch = fc.record({ at: fc.nat(), bytes: fc.uint8Array({ minLength: 1, maxLength: 64 }) });
  fc.assert(
    fc.property(anyEntries, fc.array(patch, { minLength: 1, maxLength: 4 }), (entries, patches) => {
      const built = buildSegment(entries);
      const bytes = built.bytes.slice();
      for (const { at, bytes: junk } of patches) {
        const offset = SEGMENT_HEADER_BYTES + (at % (bytes.length - SEGMENT_HEADER_BYTES + 1));
        bytes.set(junk.subarray(0, bytes.length - offset), offset);
      }
      const { frames, end } = scanFrames(bytes, built.header);
      expect(frames).toEqual(built.frames.slice(0, frames.length));
      const touched = bytes.findIndex((byte, at) => byte !== built.bytes[at]);
      const intact = touched === -1 ? entries.length : built.boundaries.filter((at) => at <= touched).length - 1;
      expect(frames.length).toBe(intact);
      expect(end.kind === "clean").toBe(touched === -1);
    }),
  );
});

test("concatenation: frames of another segment behind this one are never taken for its own", () => {
  fc.assert(
    fc.property(anyEntries, anyEntries, fc.boolean(), (one, two, sameSegment) => {
      const first = buildSegment(one);
      const baseLsn = first.nextLsn;
      const second = buildSegment(two, {
        baseLsn,
        durableLsn: 1000,
        previousChain: first.chain,
        segmentId: sameSegment ? identity.segmentId : 8,
        nonce: 99,
      });
      for (const from of [0, SEGMENT_HEADER_BYTES]) {
        const both = Uint8Array.from([...first.bytes, ...second.bytes.subarray(from)]);
        const { frames, end } = scanFrames(both, first.header);
        expect(frames).toEqual(first.frames);
        expect(end.endOffset).toBe(first.bytes.length);
        if (both.length > first.bytes.length) expect(end).toMatchObject({ kind: "torn", later: { headerCount: 0 } });
      }
    }),
  );
});

test("sealing a payload in place gives the bytes that copying gives", () => {
  const payload = payloadOf(45);
  const { header, bytes } = buildSegment([{ payload, meta: { kind: 9, flags: 3, span: 2 } }]);
  const target = new Uint8Array(bytes.length).fill(0x55);
  target.set(bytes.subarray(0, SEGMENT_HEADER_BYTES));
  target.set(payload, SEGMENT_HEADER_BYTES + 32);
  const end = new FrameEncoder(header).seal(target, SEGMENT_HEADER_BYTES, 45, { kind: 9, flags: 3, span: 2 });
  expect(end).toBe(bytes.length);
  expect(target).toEqual(bytes);
});
