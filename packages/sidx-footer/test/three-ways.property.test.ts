// One list of events, read from an SDX4 footer, from an SDX3 footer and from the frames themselves.
import fc from "fast-check";
import { expect, test } from "vitest";
import { scanFbatSegment, type FbatFrame } from "@holdfast/segment-codec/fbat";
import { Sdx4Builder, openSdx4, type Sdx4Entry } from "../src/index.js";
import { encodeSdx3, readSdx3, sdx3RowOf, type Sdx3Row } from "../src/sdx3-entry.js";
import { anyFbatSegment, withFooter } from "./support/fbat-segment.js";

/** What all three know of an event. */
interface Listed {
  readonly sequence: number;
  readonly frameOffset: number;
  readonly frameLength: number;
  readonly eventId: string;
  readonly correlationId: string;
  readonly causationId: string | undefined;
  readonly hash: string;
  readonly entity: string;
  readonly scope: string;
  readonly kind: number;
  readonly revision: number;
  readonly lane: number;
  readonly depth: number;
}

const hex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString("hex");
const orNone = (id: Uint8Array | undefined): string | undefined =>
  id === undefined || id.every((byte) => byte === 0) ? undefined : hex(id);

function ofFrame({ offset, length, event }: FbatFrame, sequence: number): Listed {
  const { entity, scope, kind, clock, lane, depth, eventId, correlationId, causationId, chain } = event;
  return {
    ...{ sequence, frameOffset: offset, frameLength: length, entity, scope, kind, revision: clock, lane, depth },
    ...{ eventId: hex(eventId), correlationId: hex(correlationId), causationId: orNone(causationId) },
    hash: hex(chain?.eventHash),
  };
}

function ofRow(row: Sdx3Row): Listed {
  const { globalSequence, frameOffset, frameLength, entity, scope, kind, clock, lane, depth } = row;
  return {
    ...{
      sequence: Number(globalSequence),
      frameOffset,
      frameLength,
      entity,
      scope,
      kind,
      revision: clock,
      lane,
      depth,
    },
    ...{ eventId: hex(row.eventId), correlationId: hex(row.correlationId), causationId: orNone(row.causationId) },
    hash: hex(row.eventHash),
  };
}

function ofEntry(entry: Sdx4Entry): Listed {
  const { sequence, frameOffset, frameLength, entity, scope, kind, revision, lane, depth } = entry;
  return {
    ...{ sequence, frameOffset, frameLength, entity, scope, kind, revision, lane, depth },
    ...{ eventId: hex(entry.eventId), correlationId: hex(entry.correlationId), causationId: orNone(entry.causationId) },
    hash: hex(entry.hash),
  };
}

function entryOf({ offset, length, event }: FbatFrame, sequence: number): Sdx4Entry {
  const { entity, scope, kind, lane, depth, flags, eventId, correlationId, causationId, chain } = event;
  return {
    ...{ sequence, frameOffset: offset, frameLength: length, batchIndex: 0, entity, scope, kind, lane, depth, flags },
    ...{ eventId, correlationId, causationId, hash: chain?.eventHash },
    revision: event.clock,
    timestampUs: Number(event.timestampUs),
  };
}

test("SDX4, SDX3 and the frames list the same events", () => {
  fc.assert(
    fc.property(anyFbatSegment, fc.nat(2 ** 40), (segment, firstSequence) => {
      const { frames, events } = segment;
      const builder = new Sdx4Builder();
      for (const [index, frame] of events.entries()) builder.add(entryOf(frame, firstSequence + index));
      const four = builder.encode({ coveredBytes: frames.length, segmentCrc: 0, chain: 0 });
      const rows = events.map((frame, index) => sdx3RowOf(frame, BigInt(firstSequence + index)));

      const byFrames = scanFbatSegment(frames).frames.filter(({ role, committed }) => role === "event" && committed);
      const expected = byFrames.map((frame, index) => ofFrame(frame, firstSequence + index));
      const three = readSdx3(withFooter(segment, encodeSdx3(rows, frames.length)));
      expect(three.kind === "sdx3" && [...three.rows].map(ofRow)).toEqual(expected);

      const footer = openSdx4(withFooter(segment, four));
      if (footer === undefined) throw new Error("the footer is not found");
      expect(footer.entryCount).toBe(expected.length);
      expect(expected.map((_, ordinal) => ofEntry(footer.readEntry(ordinal)))).toEqual(expected);
      for (const [ordinal, { sequence, eventId }] of expected.entries()) {
        expect(footer.findSequence(sequence)).toBe(ordinal);
        const first = expected.findIndex((one) => one.eventId === eventId);
        expect(footer.findEventId(Uint8Array.from(Buffer.from(eventId, "hex")))).toBe(first);
      }
    }),
  );
});
