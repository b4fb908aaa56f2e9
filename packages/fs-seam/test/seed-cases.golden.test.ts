// The recorded behaviour of the two reference simulators, row by row, on CrashFs under the personality of each.
// Replay one file by hand: npm run seed-cases -- --data packages/fs-seam/test/golden/seam/simfs-cases.json
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parseSeedCaseFile } from "../src/seed-cases/seed-case-file.js";
import { runSeedCase } from "../src/seed-cases/seed-case-run.js";

const files = [
  { name: "crashfs-cases.json", rows: 73 },
  { name: "simfs-cases.json", rows: 53 },
];

describe.each(files)("$name", ({ name, rows }) => {
  const text = readFileSync(new URL(`golden/seam/${name}`, import.meta.url), "utf8");
  const { format, cases } = parseSeedCaseFile(text, name);

  test("has every row", () => {
    expect(cases).toHaveLength(rows);
    expect(new Set(cases.map(({ id }) => id)).size).toBe(rows);
  });
  test.each(cases)("$id", (seedCase) => {
    expect(seedCase.ops.length).toBeGreaterThan(0);
    expect(runSeedCase(format, seedCase)).toEqual([]);
  });
});
