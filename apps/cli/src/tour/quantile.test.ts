import { expect, test } from "vitest";
import { quantile } from "./quantile.js";

test("by nearest rank", () => {
  const values = [5, 1, 4, 2, 3];
  expect([0, 0.5, 0.8, 0.99, 1].map((share) => quantile(values, share))).toEqual([1, 3, 4, 5, 5]);
  expect(quantile([7], 0.5)).toBe(7);
  expect(quantile([], 0.5)).toBeNaN();
});
