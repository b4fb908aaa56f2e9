import * as fc from "fast-check";
import { expect, test } from "vitest";
import { SharedTotals } from "./shared-totals.js";

const orders = fc.array(fc.tuple(fc.string({ maxLength: 3 }), fc.nat(1000)), { maxLength: 60 });

test("the totals are those that counting in place gives, and no later order changes earlier ones", () => {
  fc.assert(
    fc.property(orders, fc.nat(), (list, at) => {
      const cut = list.length === 0 ? 0 : at % list.length;
      const sumUp = (totals: SharedTotals, [name, cents]: readonly [string, number]): SharedTotals =>
        totals.with(name, cents);
      const earlier = list.slice(0, cut).reduce(sumUp, SharedTotals.empty());
      const later = list.slice(cut).reduce(sumUp, earlier);
      expect(later.toMap()).toEqual(counted(list));
      expect(earlier.toMap()).toEqual(counted(list.slice(0, cut)));
    }),
  );
});

function counted(list: readonly (readonly [string, number])[]): Map<string, { count: number; cents: number }> {
  const totals = new Map<string, { count: number; cents: number }>();
  for (const [name, cents] of list) {
    const total = totals.get(name) ?? { count: 0, cents: 0 };
    totals.set(name, total);
    total.count += 1;
    total.cents += cents;
  }
  return totals;
}

test("names of one hash are told apart", () => {
  // In a hash of base 31, "Aa" and "BB" are one number.
  const totals = SharedTotals.empty().with("Aa", 1).with("BB", 2).with("Aa", 3);
  expect(totals.toMap()).toEqual(
    new Map([
      ["Aa", { count: 2, cents: 4 }],
      ["BB", { count: 1, cents: 2 }],
    ]),
  );
});
