import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

/** Built by the task `build`, which `test` depends on. */
const program = fileURLToPath(new URL("../dist/main.js", import.meta.url));

// The part of each suite that takes the least, at its smallest size: none of them installs a peer. What is timed does not matter here.
test.each([
  ["fs-seam", "images", 4],
  ["crash-test", "protocol", 1],
  ["segment-codec", "fbat", 2],
  ["sidx-footer", "open", 3],
  ["wal", "reopen", 2],
  ["store", "footprint", 3],
  ["lsm-tree", "files", 3],
] as const)("the suite %s measures its part %s: %i rows or more", { timeout: 60_000 }, (suite, part, least) => {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--expose-gc", program, suite, "--part", part, "--quick"],
    { encoding: "utf8" },
  );
  expect(status, stderr).toBe(0);
  const [head, rule, ...rows] = stdout.trimEnd().split("\n");
  expect(head).toMatch(/^\| workload +\| ours +\| peer +\| ratio +\| bar +\| met +\|$/);
  expect(rule).toMatch(/^[|-]+$/);
  expect(rows.length).toBeGreaterThanOrEqual(least);
  for (const row of rows) expect(row).not.toMatch(/NaN|undefined|Infinity/);
});
