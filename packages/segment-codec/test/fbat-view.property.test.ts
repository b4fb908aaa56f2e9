// The view of an event: every byte is looked at when it is loaded, and each field is what was encoded whenever it is asked for.
import fc from "fast-check";
import { expect, test } from "vitest";
import { FbatEventView, decodeFbatEvent, encodeFbatEventFrame, type FbatEvent } from "../src/fbat-entry.js";
import { skipIntegers, unpackIntegers } from "../src/integer-array.js";
import { anyEvent } from "./support/fbat-events.js";

/** Every field by its getter, in an order of its own. */
function fieldsOf(view: FbatEvent): unknown {
  const { extensions, scope, entity, chain, content, encryption, payloadVersion, contentHash, flags, kind } = view;
  const { payloadSize, clock, lane, depth, counter, wallMs, timestampUs, causationId, correlationId, eventId } = view;
  return {
    ...{
      eventId,
      correlationId,
      causationId,
      timestampUs,
      wallMs,
      counter,
      depth,
      lane,
      clock,
      payloadSize,
      kind,
      flags,
    },
    ...{ contentHash, payloadVersion, encryption, content, chain, entity, scope },
    extensions: [...extensions].sort(([one], [other]) => Buffer.compare(Buffer.from(one), Buffer.from(other))),
  };
}

test("one view over event after event, damaged ones between them, in one buffer", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(anyEvent, fc.boolean()), { minLength: 1, maxLength: 5 }), (events) => {
      const frames = events.map(([event]) => encodeFbatEventFrame(event));
      const bytes = Uint8Array.from(Buffer.concat(frames));
      const view = new FbatEventView();
      let start = 0;
      for (const [index, [event, damaged]] of events.entries()) {
        const end = start + (frames[index]?.length ?? 0);
        if (damaged) {
          expect(() => view.load(bytes, start + 8, end - 1)).toThrow("not as the format spells it");
          expect(() => view.load(bytes, start + 9, end)).toThrow("not as the format spells it");
        }
        view.load(bytes, start + 8, end);
        for (const decoded of [view, view.toEvent(), decodeFbatEvent(bytes, start + 8, end)]) {
          expect(fieldsOf(decoded)).toEqual(fieldsOf(event));
        }
        expect(view.hasChain).toBe(event.chain !== undefined);
        expect(view.contentBytes).toBe(event.content.length);
        start = end;
      }
    }),
  );
});

test("what a getter gives belongs to the caller", () => {
  fc.assert(
    fc.property(anyEvent, (event) => {
      const frame = encodeFbatEventFrame(event);
      const view = new FbatEventView();
      view.load(frame, 8);
      const first = view.toEvent();
      for (const bytes of [first.eventId, first.content, first.contentHash, first.chain?.eventHash]) bytes?.fill(0xee);
      (first.extensions as Map<string, Uint8Array>).clear(); // the map that was handed out is an ordinary one
      expect(fieldsOf(view)).toEqual(fieldsOf(event));
    }),
  );
});

/** The definition: a byte below 128 is a value, a `cc` goes with a byte from 128 on, anything else is wrong. */
function readOneByOne(bytes: Uint8Array, start: number, end: number, count: number): readonly number[] | undefined {
  const values: number[] = [];
  let at = start;
  while (values.length < count) {
    if (at >= end) return undefined;
    const [first = 0, second = 0] = bytes.subarray(at, Math.min(end, at + 2));
    if (first >= 0x80 && (first !== 0xcc || second < 0x80)) return undefined;
    values.push(first < 0x80 ? first : second);
    at += first < 0x80 ? 1 : 2;
  }
  return [...values, at];
}

test("arrays of integers: what reading value by value gives, for any bytes, place and count", () => {
  const value = fc.oneof(
    { weight: 20, arbitrary: fc.integer({ min: 0, max: 127 }).map((byte) => [byte]) },
    { weight: 20, arbitrary: fc.integer({ min: 128, max: 255 }).map((byte) => [0xcc, byte]) },
    { weight: 1, arbitrary: fc.constantFrom([0xcc], [0xcc, 5], [0xcd, 0x90], [0xff], [0x80]) },
  );
  fc.assert(
    fc.property(
      fc.array(value, { maxLength: 40, size: "max" }),
      fc.nat(5),
      fc.nat(44),
      fc.nat(3),
      fc.oneof(fc.constant([]), fc.array(fc.constantFrom(0, 0x7f, 0x80, 0xaf, 0xcc), { maxLength: 100, size: "max" })),
      (parts, start, count, cut, behind) => {
        const bytes = Uint8Array.from([...Array<number>(start).fill(0xcc), ...parts.flat(), ...behind]);
        const end = Math.max(start, bytes.length - cut);
        const view = new DataView(bytes.buffer);
        const expected = readOneByOne(bytes, start, end, count);
        expect(skipIntegers(view, start, end, count)).toBe(expected?.at(-1) ?? -1);
        if (expected !== undefined) expect([...unpackIntegers(bytes, start, count)]).toEqual(expected.slice(0, -1));
      },
    ),
    { numRuns: 3000 },
  );
});
