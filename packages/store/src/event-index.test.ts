import fc from "fast-check";
import { expect, test } from "vitest";
import { EventIndex, type IndexedEvent } from "./event-index.js";

interface ModelEvent {
  readonly entity: string;
  readonly scope: string;
  readonly lane: number;
  readonly kind: number;
  readonly timeUs: number;
  readonly id: number;
  readonly segmentId: number;
}

const encoder = new TextEncoder();

/** 16 bytes in which ids of small numbers differ by a bit or two. */
function idOf(id: number): Uint8Array {
  return Uint8Array.from({ length: 16 }, (_, index) => (index === id % 16 ? id : 1));
}

/** An event as a record says it: one byte, 32 before the id, the id, the rest of an envelope, and the names. */
function indexed({ entity, scope, lane, kind, timeUs, id }: ModelEvent, revision: number): IndexedEvent {
  const [entityBytes, scopeBytes] = [encoder.encode(entity), encoder.encode(scope)];
  const bytes = new Uint8Array(1 + 112 + entityBytes.length + scopeBytes.length);
  bytes.set(idOf(id), 33);
  bytes.set(entityBytes, 113);
  bytes.set(scopeBytes, 113 + entityBytes.length);
  const names = { namesStart: 113, entityBytes: entityBytes.length, scopeBytes: scopeBytes.length };
  return { bytes, start: 1, end: bytes.length, ...names, lane, revision, kind, timeUs };
}

const event = fc.record({
  entity: fc.constantFrom("a", "b", "order:7", "ä"),
  scope: fc.constantFrom("", "x", "y"),
  lane: fc.constantFrom(0, 1, 0xffffffff),
  kind: fc.nat(0xffff),
  step: fc.nat(3),
  id: fc.nat(60),
  rotates: fc.boolean(),
});

/** Fills an index and says what it should hold. */
function filled(drawn: readonly (typeof event extends fc.Arbitrary<infer T> ? T : never)[]): {
  readonly index: EventIndex;
  readonly events: readonly ModelEvent[];
  readonly streams: ReadonlyMap<string, readonly number[]>;
} {
  const index = new EventIndex();
  const events: ModelEvent[] = [];
  const streams = new Map<string, number[]>();
  for (const { step, rotates, ...fields } of drawn) {
    const last = events.at(-1);
    const timeUs = (last?.timeUs ?? 0) + step;
    const segmentId = (last?.segmentId ?? 1) + (rotates ? 3 : 0);
    const each = { ...fields, timeUs, segmentId };
    events.push(each);
    const key = `${each.lane} ${each.entity}`;
    const list = streams.get(key) ?? [];
    streams.set(key, list);
    const offset = 64 + 8 * events.length;
    index.add(indexed(each, list.length), events.length, { segmentId, offset });
    list.push(events.length);
  }
  return { index, events, streams };
}

test("an index is an array of events, a map of streams and a map of ids", () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 120 }), (drawn) => {
      const { index, events, streams } = filled(drawn);
      expect(index.lastSequence).toBe(events.length);
      expect(index.lastTimeUs).toBe(events.at(-1)?.timeUs ?? 0);
      const told = events.map((_, ordinal) => {
        const stream = index.columns.streamOf(ordinal);
        return {
          entity: index.entities.text(index.streams.entityOf(stream)),
          scope: index.scopes.text(index.columns.scopeOf(ordinal)),
          lane: index.streams.laneOf(stream),
          kind: index.columns.kindOf(ordinal),
          timeUs: index.columns.timeOf(ordinal),
          id: (events[ordinal] as ModelEvent).id,
          segmentId: index.segments.of(ordinal + 1),
        };
      });
      expect(told).toEqual(events);
      for (const [key, list] of streams) {
        const at = key.indexOf(" ");
        const stream = index.findStream(encoder.encode(key.slice(at + 1)), Number(key.slice(0, at)));
        expect(list.map((_, revision) => index.sequenceIn(stream, revision))).toEqual(list);
        expect(index.sequenceIn(stream, list.length)).toBe(0);
      }
      expect(index.findStream(encoder.encode("a"), 2)).toBe(-1);
      expect(index.findStream(encoder.encode("nobody"), 0)).toBe(-1);
    }),
  );
});

test("an id leads to an event that has it, whatever shares its hash, and to none when the frames say no", () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 120 }), fc.nat(60), (drawn, wanted) => {
      const { index, events } = filled(drawn);
      const hasId = (sequence: number): boolean => events[sequence - 1]?.id === wanted;
      const found = index.findId(idOf(wanted), hasId);
      if (events.some(({ id }) => id === wanted)) expect(events[found - 1]?.id).toBe(wanted);
      else expect(found).toBe(0);
      expect(index.findId(idOf(wanted), () => false)).toBe(0);
    }),
  );
});

test.each([
  ["sequence", { sequence: 3, revision: 1 }, {}],
  ["sequence", { sequence: 1, revision: 1 }, {}],
  ["revision", { sequence: 2, revision: 0 }, {}],
  ["revision", { sequence: 2, revision: 2 }, {}],
  ["revision", { sequence: 2, revision: 1 }, { entity: "other" }],
  ["revision", { sequence: 2, revision: 1 }, { lane: 1 }],
  ["time", { sequence: 2, revision: 1 }, { timeUs: 9 }],
])("an event that is not due by its %s changes nothing", (field, { sequence, revision }, change) => {
  const index = new EventIndex();
  const first = { entity: "a", scope: "", lane: 0, kind: 1, timeUs: 10, id: 1, segmentId: 1 };
  const at = { segmentId: 1, offset: 64 };
  index.add(indexed(first, 0), 1, at);
  const before = [index.bytes, index.entities.count, index.streams.count, index.scopes.count];
  expect(() => index.add(indexed({ ...first, scope: "s", ...change }, revision), sequence, at)).toThrowError(
    expect.objectContaining({ code: "STORE_CORRUPT", context: expect.objectContaining({ field }) }),
  );
  expect([index.bytes, index.entities.count, index.streams.count, index.scopes.count]).toEqual(before);
  expect(index.lastSequence).toBe(1);
  index.add(indexed(first, 1), 2, at);
});

test("segments are found by sequence, those that replace others included", () => {
  const { segments } = filled([]).index;
  segments.note(1, 1);
  segments.note(1, 2);
  segments.note(4, 3);
  segments.note(6, 9);
  expect([1, 2, 3, 8, 9, 100].map((sequence) => segments.of(sequence))).toEqual([1, 1, 4, 4, 6, 6]);
  segments.replace(7, 3);
  expect([1, 2, 3, 9].map((sequence) => segments.of(sequence))).toEqual([1, 1, 7, 7]);
  segments.replace(8, 12);
  expect([11, 12].map((sequence) => segments.of(sequence))).toEqual([7, 8]);
});

test("the frame before an event is that of the commit before it in its segment", () => {
  const commits = fc.array(fc.record({ count: fc.integer({ min: 1, max: 40 }), rotates: fc.boolean() }), {
    maxLength: 30,
  });
  fc.assert(
    fc.property(commits, (drawn) => {
      const index = new EventIndex();
      const before: number[] = [];
      let [segmentId, last, offset] = [1, 64, 64];
      for (const { count, rotates } of drawn) {
        if (rotates) [segmentId, last, offset] = [segmentId + 1, 64, 64];
        for (let each = 0; each < count; each += 1) {
          const sequence = index.lastSequence + 1;
          const fields = { entity: "a", scope: "", lane: 0, kind: 1, timeUs: 1, id: 1, segmentId };
          index.add(indexed(fields, sequence - 1), sequence, { segmentId, offset });
          before.push(last);
        }
        [last, offset] = [offset, offset + 8 * count];
      }
      expect(before.map((_, ordinal) => index.offsetBefore(ordinal + 1))).toEqual(before);
    }),
  );
});

test("an event takes at most 64 bytes, and no more when there are many", () => {
  const index = new EventIndex();
  const revisions = new Map<string, number>();
  const perEvent: number[] = [];
  for (let sequence = 1; sequence <= 100_000; sequence += 1) {
    const entity = `order:${sequence % 500}`;
    const revision = revisions.get(entity) ?? 0;
    revisions.set(entity, revision + 1);
    const each = indexed({ entity, scope: "shop", lane: 0, kind: 1, timeUs: sequence, id: 0, segmentId: 1 }, revision);
    each.bytes.set(Buffer.from(String(sequence).padStart(16, "0")), 33);
    index.add(each, sequence, { segmentId: 1, offset: sequence * 8 });
    if (sequence % 1000 === 0 && sequence >= 20_000) perEvent.push(index.bytes / sequence);
  }
  expect(Math.max(...perEvent)).toBeLessThanOrEqual(64);
});
