import { expect, test } from "vitest";
import { staleReadmes } from "./result-files.js";

test("the tables of every README are what the committed results give", () => {
  expect(staleReadmes()).toEqual([]);
});
