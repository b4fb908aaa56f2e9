import fc from "fast-check";
import { expect, test } from "vitest";
import { compareNames } from "./name-order.js";

const sorted = (names: readonly string[]): string[] =>
  names
    .map((name) => Buffer.from(name))
    .sort(compareNames)
    .map((name) => name.toString());

test("numbers count as numbers, everything else by its bytes", () => {
  expect(sorted(["b", "1000000.fbat", "999999.fbat", "B", "000002.fbat", "-1", "2.fbat", "é", "ab"])).toEqual([
    ...["-1", "000002.fbat", "2.fbat", "999999.fbat", "1000000.fbat", "B", "ab", "b", "é"],
  ]);
});

test("it is an order: whatever the names, sorting any arrangement gives the same", () => {
  const names = fc.uniqueArray(fc.stringMatching(/^[0-9a-c./]{0,4}$/), { maxLength: 12 });
  fc.assert(
    fc.property(names, fc.nat(), (all, turn) => {
      const at = all.length === 0 ? 0 : turn % all.length;
      expect(sorted([...all.slice(at), ...all.slice(0, at)].reverse())).toEqual(sorted(all));
    }),
  );
});
