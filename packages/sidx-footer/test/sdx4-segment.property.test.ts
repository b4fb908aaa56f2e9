// A segment of format 2 with an SDX4 footer as its last frame: the footer and the frames list the same events.
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  FRAME_HEADER_BYTES,
  FrameEncoder,
  SEGMENT_HEADER_BYTES,
  encodeSegmentHeader,
  frameKinds,
  readSegmentHeader,
  scanSegment,
  sourceOf,
  type ScanEnd,
  type SegmentHeader,
  type SegmentIdentity,
} from "@holdfast/segment-codec";
import { Sdx4Builder, openSdx4, type Sdx4Entry } from "../src/index.js";
import { errorOf, readAll, whole, type WholeEntry } from "./support/sdx4-entries.js";

/** What a frame of the test holds: the event itself, spelled as JSON, or no event at all. */
type Event = Omit<Sdx4Entry, "frameOffset" | "frameLength" | "batchIndex" | "hash" | "correlationId" | "causationId">;

const identity: SegmentIdentity = {
  ...{ logId: new Uint8Array(16).fill(7), segmentId: 3, nonce: 99, epoch: 1, content: 1 },
  ...{ baseLsn: 50, durableLsn: 40, previousChain: 0xabc, hash: "none" },
};

const event: fc.Arbitrary<Omit<Event, "sequence">> = fc.record({
  eventId: fc.uint8Array({ minLength: 16, maxLength: 16 }),
  entity: fc.constantFrom("order:1", "order:2", "invoice:9"),
  scope: fc.constantFrom("shop", "audit"),
  revision: fc.nat(100),
  lane: fc.nat(3),
  depth: fc.nat(3),
  kind: fc.nat(0xffff),
  timestampUs: fc.nat(2 ** 31 - 1),
  flags: fc.nat(255),
});

/** Frames of a segment: a list of events each, a batch where there are several, a watermark where there is none. */
const frames = fc.array(fc.array(event, { maxLength: 3 }), { maxLength: 12 });

const write = (events: readonly Event[]): Uint8Array =>
  new TextEncoder().encode(JSON.stringify(events.map((each) => ({ ...each, eventId: [...each.eventId] }))));

function parse(payload: Uint8Array): readonly Event[] {
  const events = JSON.parse(new TextDecoder().decode(payload)) as (Event & { eventId: readonly number[] })[]; // by write
  return events.map((each) => ({ ...each, eventId: Uint8Array.from(each.eventId) }));
}

interface Sealed {
  readonly bytes: Uint8Array;
  readonly header: SegmentHeader;
  /** Where the frame of the footer begins. */
  readonly framesEnd: number;
}

function seal(lists: readonly (readonly Omit<Event, "sequence">[])[]): Sealed {
  const bytes = new Uint8Array(200_000);
  const header = encodeSegmentHeader(identity, bytes);
  const encoder = new FrameEncoder(header);
  const builder = new Sdx4Builder();
  let end = SEGMENT_HEADER_BYTES;
  for (const list of lists) {
    const events = list.map((each, index) => ({ ...each, sequence: encoder.nextLsn + index }));
    const kind = [frameKinds.watermark, frameKinds.record][events.length] ?? frameKinds.batch;
    const frameOffset = end;
    end = encoder.append(bytes, end, write(events), { kind, flags: 0, span: events.length });
    for (const [batchIndex, each] of events.entries()) {
      builder.add({ ...each, frameOffset, frameLength: end - frameOffset, batchIndex });
    }
  }
  const framesEnd = end;
  const payload = builder.encode({
    ...{ coveredBytes: framesEnd, segmentCrc: header.crc, chain: encoder.chain, reserveBytes: FRAME_HEADER_BYTES },
  });
  bytes.set(payload, framesEnd);
  const footer = { kind: frameKinds.footer, flags: 0, span: 0 };
  end = encoder.seal(bytes, framesEnd, payload.length - FRAME_HEADER_BYTES, footer);
  expect(end).toBe(framesEnd + payload.length); // a footer is a multiple of 8: nothing is padded, the trailer is last
  return { bytes: bytes.slice(0, end), header, framesEnd };
}

interface Scanned {
  readonly entries: readonly WholeEntry[];
  readonly end: ScanEnd;
  readonly lastKind: number;
  /** Chain before the last frame. */
  readonly chain: number;
}

function scanEntries(bytes: Uint8Array, header: SegmentHeader): Scanned {
  const entries: WholeEntry[] = [];
  let lastKind = 0;
  let lastOffset = SEGMENT_HEADER_BYTES;
  const { end } = scanSegment(bytes, header, {
    onFrame: (cursor) => {
      lastKind = cursor.kind;
      lastOffset = cursor.offset;
      if (lastKind === frameKinds.footer) return;
      const { offset: frameOffset, endOffset } = cursor;
      for (const [batchIndex, each] of parse(cursor.viewPayload()).entries()) {
        entries.push(whole({ ...each, frameOffset, frameLength: endOffset - frameOffset, batchIndex }));
      }
    },
  });
  const { chain } = scanSegment(bytes, header, { endOffset: lastOffset });
  return { entries, end, lastKind, chain };
}

test("what the footer lists is what the frames hold", () => {
  fc.assert(
    fc.property(frames, (lists) => {
      const { bytes, framesEnd } = seal(lists);
      const header = readSegmentHeader(sourceOf(bytes));
      const scanned = scanEntries(bytes, header);
      expect([scanned.end.kind, scanned.lastKind]).toEqual(["clean", frameKinds.footer]);
      const footer = openSdx4(sourceOf(bytes), { segment: header });
      if (footer === undefined) throw new Error("the segment has a footer");
      expect(readAll(footer)).toEqual(scanned.entries);
      expect(footer.trailer.coveredBytes).toBe(framesEnd);
      expect(footer.trailer.chain).toBe(scanned.chain);
      for (const [ordinal, entry] of scanned.entries.entries()) {
        expect(footer.findSequence(entry.sequence)).toBe(ordinal);
      }
    }),
  );
});

test("a segment that is cut anywhere has no footer, or the whole one, and the frames are there", () => {
  fc.assert(
    fc.property(frames, fc.nat(), (lists, at) => {
      const { bytes, header, framesEnd } = seal(lists);
      const all = scanEntries(bytes, header).entries;
      const cut = SEGMENT_HEADER_BYTES + (at % (bytes.length - SEGMENT_HEADER_BYTES));
      const left = bytes.slice(0, cut);
      expect(openSdx4(left, { segment: header })).toBeUndefined();
      const { entries } = scanEntries(left, header);
      expect(entries).toEqual(all.slice(0, entries.length));
      if (cut >= framesEnd) expect(entries).toEqual(all);
    }),
  );
});

test("the footer of an earlier attempt at the same segment, and one with bytes missing before it, belong elsewhere", () => {
  fc.assert(
    fc.property(frames, frames, (lists, others) => {
      const { bytes, framesEnd } = seal(lists);
      const header = encodeSegmentHeader({ ...identity, nonce: 100 }, new Uint8Array(64));
      expect(errorOf(() => openSdx4(bytes, { segment: header })).code).toBe("SIDX_FOREIGN");
      const mine = readSegmentHeader(sourceOf(bytes));
      const other = seal(others);
      const pasted = Buffer.concat([bytes.subarray(0, framesEnd), other.bytes.subarray(other.framesEnd)]);
      const paste = (): unknown => openSdx4(pasted, { segment: mine });
      if (framesEnd === other.framesEnd) expect(paste()).toBeDefined();
      else expect(errorOf(paste).code).toBe("SIDX_FOREIGN");
    }),
  );
});
