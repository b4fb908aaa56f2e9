import fc from "fast-check";
import { expect, test } from "vitest";
import { StreamLists } from "./stream-lists.js";

test("streams are the lists that a map of arrays holds", () => {
  const event = fc.tuple(fc.nat(5), fc.oneof(fc.nat(1), fc.constant(0xffffffff)));
  fc.assert(
    fc.property(fc.array(event, { maxLength: 300 }), (events) => {
      const lists = new StreamLists();
      const model = new Map<string, number[]>();
      events.forEach(([entity, lane], ordinal) => {
        const list = model.get(`${entity} ${lane}`) ?? [];
        model.set(`${entity} ${lane}`, [...list, ordinal]);
        lists.add(lists.open(entity, lane), ordinal);
      });
      expect(lists.count).toBe(model.size);
      for (const [stream, list] of [...model.values()].entries()) {
        expect(lists.lengthOf(stream)).toBe(list.length);
        expect(list.map((_, revision) => lists.at(stream, revision))).toEqual(list);
      }
      for (const [stream, key] of [...model.keys()].entries()) {
        const [entity, lane] = key.split(" ").map(Number) as [number, number];
        expect(lists.find(entity, lane)).toBe(stream);
        expect([lists.entityOf(stream), lists.laneOf(stream)]).toEqual([entity, lane]);
      }
      expect(lists.find(6, 0)).toBe(-1);
      expect(lists.hasLanes).toBe(events.some(([, lane]) => lane !== 0));
      const [list = [], all] = [[...model.values()][0], Array.from({ length: events.length + 1 }, (_, index) => index)];
      if (events.length > 0) {
        const expected = all.map((ordinal) => list.filter((each) => each < ordinal).length);
        expect(all.map((ordinal) => lists.firstFrom(0, ordinal))).toEqual(expected);
      }
    }),
  );
});

test("a long stream takes at most 8 bytes an event, and many short ones little more than their first block", () => {
  const long = new StreamLists();
  const stream = long.open(0, 0);
  for (let ordinal = 0; ordinal < 200_000; ordinal += 1) long.add(stream, ordinal * 3);
  const wrong = Array.from({ length: 200_000 }, (_, revision) => long.at(stream, revision) - revision * 3);
  expect(wrong.filter((distance) => distance !== 0)).toEqual([]);
  expect(long.bytes / 200_000).toBeLessThanOrEqual(8);

  const short = new StreamLists();
  for (let entity = 0; entity < 10_000; entity += 1) short.add(short.open(entity, 0), entity);
  expect(short.bytes / 10_000).toBeLessThan(16 + 16 + 24);
});

test("events that are added at once are where those are that were added one by one", () => {
  const drawn = fc.array(fc.array(fc.nat(4), { maxLength: 40 }), { maxLength: 6 });
  fc.assert(
    fc.property(drawn, fc.array(fc.nat(4), { maxLength: 30 }), (parts, before) => {
      const [one, all] = [new StreamLists(), new StreamLists()];
      for (const lists of [one, all]) for (let entity = 0; entity < 5; entity += 1) lists.open(entity, 0);
      for (const [ordinal, stream] of before.entries()) for (const lists of [one, all]) lists.add(stream, ordinal);
      const added = parts.flat();
      for (const [place, stream] of added.entries()) one.add(stream, before.length + place);
      all.addAll(
        parts.map((part) => Uint32Array.from(part)),
        before.length,
      );
      for (const lists of [one, all]) lists.add(3, before.length + added.length);
      const told = (lists: StreamLists): number[][] =>
        [0, 1, 2, 3, 4].map((stream) =>
          Array.from({ length: lists.lengthOf(stream) }, (_, revision) => lists.at(stream, revision)),
        );
      expect(told(all)).toEqual(told(one));
    }),
  );
});
