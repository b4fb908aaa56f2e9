import { expect, test } from "vitest";
import { windowOf } from "./run-record.js";

test("a run that fits is shown whole", () => {
  expect(windowOf(40, 40, 3)).toEqual({ first: 0, end: 40 });
  expect(windowOf(0, 8, 0)).toEqual({ first: 0, end: 0 });
});

test("of a longer one, what is around a record, three quarters of it before", () => {
  expect(windowOf(1000, 40, 500)).toEqual({ first: 470, end: 510 });
  expect(windowOf(1000, 40, 7)).toEqual({ first: 0, end: 40 });
  expect(windowOf(1000, 40, 1000)).toEqual({ first: 960, end: 1000 });
});
