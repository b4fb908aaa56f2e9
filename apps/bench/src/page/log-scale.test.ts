import fc from "fast-check";
import { expect, test } from "vitest";
import { logScale, tickText } from "./log-scale.js";

test("few decades have steps between them, many have none", () => {
  expect(logScale([0.6, 7]).ticks).toEqual([0.5, 1, 2, 5, 10]);
  expect(logScale([1000, 10_000_000]).ticks).toEqual([1e3, 1e4, 1e5, 1e6, 1e7]);
});

test("one value, or none, still has an axis", () => {
  expect(logScale([1]).ticks).toEqual([1, 2]);
  expect(logScale([]).ticks).toEqual([1, 2]);
});

test("a power is the same way along as the last one", () => {
  const scale = logScale([1, 10_000]);
  expect([1, 10, 100, 1000, 10_000].map((value) => Math.round(scale.at(value) * 4))).toEqual([0, 1, 2, 3, 4]);
});

test("every value lies on the axis, in its order", () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 1e-6, max: 1e12, noNaN: true }), { minLength: 1, maxLength: 20 }),
      (values) => {
        const scale = logScale(values);
        const ascending = values.toSorted((left, right) => left - right);
        const places = ascending.map((value) => scale.at(value));
        for (const [at, place] of places.entries()) {
          expect(place).toBeGreaterThanOrEqual(places[at - 1] ?? 0);
          expect(place).toBeLessThanOrEqual(1);
        }
        expect(scale.from).toBeLessThanOrEqual(ascending[0] ?? 0);
        expect(scale.to).toBeGreaterThanOrEqual(ascending.at(-1) ?? 0);
        expect(scale.ticks.length).toBeLessThan(25);
      },
    ),
  );
});

test("ticks are short", () => {
  expect([0.05, 2, 1000, 50_000, 1e7, 2e9].map(tickText)).toEqual(["0.05", "2", "1 k", "50 k", "10 M", "2 G"]);
});
