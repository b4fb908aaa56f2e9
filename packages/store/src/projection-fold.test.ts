import { expect, test } from "vitest";
import { defineProjection } from "./projection-definition.js";
import { ProjectionFold, startOf } from "./projection-fold.js";
import type { StoredEvent } from "./stored-event.js";

const Count = defineProjection({ name: "count", version: 1, initial: () => 0, apply: (count) => count + 1 });

/** Folds the events of these sequences, and says at which the fold stood when it halted. */
function haltsOf(from: number, halt: number, ...sequences: readonly number[]): number[] {
  const halts: number[] = [];
  const start = { ...startOf(Count), sequence: from };
  const fold = new ProjectionFold(Count, start, halt, () => halts.push(fold.sequence));
  for (const sequence of sequences) fold.take({ sequence, revision: 0 } as StoredEvent);
  expect([fold.count, fold.state, fold.sequence]).toEqual([sequences.length, sequences.length, sequences.at(-1)]);
  return halts;
}

test("a fold halts once, in front of the first event beyond", () => {
  expect(haltsOf(0, 3, 1, 3, 4, 6)).toEqual([3]);
  expect(haltsOf(0, 3, 2, 7)).toEqual([2]);
  expect(haltsOf(2, 2, 3)).toEqual([2]);
});

test("it does not halt without an event beyond, nor where it began beyond", () => {
  expect(haltsOf(0, 3, 1, 3)).toEqual([]);
  expect(haltsOf(4, 3, 5, 6)).toEqual([]);
  expect(haltsOf(0, Infinity, 1, 2)).toEqual([]);
});
