import { expect, test } from "vitest";
import { improperResults, staleReadmes } from "./result-files.js";

test("the tables of every README are what the committed results give", () => {
  expect(staleReadmes()).toEqual([]);
});

test("no committed result is of a quick look, or of files that are not committed", () => {
  expect(improperResults()).toEqual([]);
});
