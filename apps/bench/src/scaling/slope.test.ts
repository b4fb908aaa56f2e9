import { describe, expect, test } from "vitest";
import { logLogSlope, moreForEach } from "./slope.js";

const sizes = [100, 1_000, 10_000];
const pointsOf = (costOf: (size: number) => number): { size: number; cost: number }[] =>
  sizes.map((size) => ({ size, cost: costOf(size) }));

describe("logLogSlope", () => {
  test.each([
    [0, () => 7],
    [1, (size: number) => 3 * size],
    [-1, (size: number) => 12 / size],
    [2, (size: number) => size * size],
    [0.5, (size: number) => Math.sqrt(size) / 9],
  ])("finds the power %d of any cost that is one", (power, costOf) => {
    expect(logLogSlope(pointsOf(costOf))).toBeCloseTo(power, 10);
  });

  test("is between the powers of a cost that is made of two", () => {
    const slope = logLogSlope(pointsOf((size) => 1_000 + size));
    expect(slope).toBeGreaterThan(0.4);
    expect(slope).toBeLessThan(0.6);
  });

  test("has least squares: a cost that is off by as much to both sides of the middle moves nothing", () => {
    const points = [
      { size: 1, cost: 2 },
      { size: 10, cost: 2 * Math.E },
      { size: 100, cost: 2 },
    ];
    expect(logLogSlope(points)).toBeCloseTo(0, 10);
    // By hand: x is 0, 1 and 2 in decades, y is 0, 0 and 3, so that the slope is (2 - 1) * 3 / 2.
    const bent = [
      { size: 1, cost: 1 },
      { size: 10, cost: 1 },
      { size: 100, cost: 1_000 },
    ];
    expect(logLogSlope(bent)).toBeCloseTo(1.5, 10);
  });

  test("is 0 where nothing is ever done", () => {
    expect(logLogSlope(pointsOf(() => 0))).toBe(0);
  });

  test.each([
    ["one size", [{ size: 10, cost: 1 }]],
    [
      "one size twice",
      [
        { size: 10, cost: 1 },
        { size: 10, cost: 2 },
      ],
    ],
    ["a size of 0", pointsOf(() => 1).concat({ size: 0, cost: 1 })],
    ["a cost below 0", pointsOf(() => -1)],
    ["a cost that is none", pointsOf(() => Number.NaN)],
    ["a cost that is 0 at one size alone", pointsOf((size) => size - 100)],
  ])("refuses %s", (_, points) => {
    expect(() => logLogSlope(points)).toThrow(RangeError);
  });
});

describe("what each more of the size adds", () => {
  test("is the same however much is done once, in whatever order the sizes come", () => {
    const points = [10_000, 100, 1_000].map((size) => ({ size, cost: 60_000 + 3 * size }));
    expect(moreForEach(points)).toBe(3);
    expect(moreForEach([100, 1_000].map((size) => ({ size, cost: 5 })))).toBe(0);
  });

  test("needs two different sizes", () => {
    expect(() => moreForEach([{ size: 1, cost: 1 }])).toThrow(RangeError);
    expect(() => moreForEach([])).toThrow(RangeError);
  });
});
