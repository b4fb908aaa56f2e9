import { expect, test } from "vitest";
import { SeededChoices } from "./seeded-choices.js";

test("a seed repeats its choices, and the first ones never change", () => {
  const draw = (seed: number): number[] => {
    const choices = new SeededChoices(seed);
    return Array.from({ length: 5 }, () => choices.below(1000));
  };
  expect(draw(1)).toEqual(draw(1));
  expect(draw(1)).not.toEqual(draw(2));
  expect(draw(4294967295)).toEqual(draw(-1)); // the same low 32 bits
  expect(draw(0)).toEqual([266, 0, 223, 146, 467]);
});

test("choices stay below their bound and reach all of it", () => {
  const choices = new SeededChoices(3);
  const seen = new Set(Array.from({ length: 1000 }, () => choices.below(7)));
  expect([...seen].sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
});
