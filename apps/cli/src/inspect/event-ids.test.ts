import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { EventIds } from "./event-ids.js";

const idOf = (number: number): Uint8Array => createHash("sha256").update(String(number)).digest().subarray(0, 16);

test("an id is found when it was there before, and no other one is", () => {
  const ids = new EventIds();
  for (let number = 0; number < 5000; number++) expect(ids.addOrFind(idOf(number))).toBe(false);
  for (let number = 0; number < 5000; number++) expect(ids.addOrFind(idOf(number))).toBe(true);
  expect(ids.addOrFind(idOf(5000))).toBe(false);
});

test("ids that differ in one half, or are zeros, are told apart", () => {
  const ids = new EventIds();
  const half = (at: number): Uint8Array => Uint8Array.from({ length: 16 }, (_, index) => (index === at ? 1 : 0));
  expect([0, 7, 8, 14].map((at) => ids.addOrFind(half(at)))).toEqual([false, false, false, false]);
  expect(ids.addOrFind(new Uint8Array(16))).toBe(false);
  expect(ids.addOrFind(new Uint8Array(16))).toBe(true);
  expect(ids.addOrFind(half(7))).toBe(true);
});
