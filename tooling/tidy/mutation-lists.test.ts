// A mutation that no longer fits its source proves nothing, and the lists are run too seldom to find out by chance.
import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { locate } from "../mutants/locate.mjs";
import { equivalent, mutations } from "../mutants/mutations.mjs";
import { readText, root } from "./repository.ts";

test("every mutation means one place of a source that is there", () => {
  const stale = [...mutations, ...equivalent].flatMap((mutation) => {
    const found = locate(readText(mutation.file)?.text ?? "", mutation);
    return found.kind === "stale" ? [`${mutation.file}: ${mutation.what}: ${found.why}`] : [];
  });
  expect(mutations.length).toBeGreaterThan(2000);
  expect(stale).toEqual([]);
});

test("every test that a mutation names is there", () => {
  const named = new Set(mutations.flatMap(({ tests }) => tests.flat()));
  expect(named.size).toBeGreaterThan(100);
  expect([...named].filter((file) => !existsSync(`${root}/${file}`))).toEqual([]);
});
