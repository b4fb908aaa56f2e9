import fc from "fast-check";
import { expect, test } from "vitest";
import { EventColumns } from "./event-columns.js";

test("columns give back what every event was added with", () => {
  const row = fc.record({
    frame: fc.nat(0xffffffff).map((index) => index * 8),
    stream: fc.nat(0xffffffff),
    scope: fc.nat(0xffffffff),
    kind: fc.nat(0xffff),
    timeUs: fc.nat(2 ** 53 - 1),
  });
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 40 }), fc.nat(3000), (rows, before) => {
      const columns = new EventColumns();
      for (let index = 0; index < before; index += 1) columns.add(8, 0, 0, 0, 0);
      for (const { frame, stream, scope, kind, timeUs } of rows) columns.add(frame, stream, scope, kind, timeUs);
      expect(columns.count).toBe(before + rows.length);
      const told = rows.map((_, index) => ({
        frame: columns.frameOffsetOf(before + index),
        stream: columns.streamOf(before + index),
        scope: columns.scopeOf(before + index),
        kind: columns.kindOf(before + index),
        timeUs: columns.timeOf(before + index),
      }));
      expect(told).toEqual(rows);
      columns.moveFrame(before, 64);
      expect(columns.frameOffsetOf(before)).toBe(64);
    }),
  );
});

test("the first event of a time is found among times that never descend", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(50), { maxLength: 60 }), fc.nat(60), (unsorted, wanted) => {
      const times = unsorted.toSorted((a, b) => a - b);
      const columns = new EventColumns();
      for (const timeUs of times) columns.add(0, 0, 0, 0, timeUs);
      const expected = times.findIndex((timeUs) => timeUs >= wanted);
      expect(columns.firstAt(wanted)).toBe(expected < 0 ? times.length : expected);
    }),
  );
});
