import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadPrograms, replacement, verdicts, type SaveProgram } from "@holdfast-tooling/save-programs";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { crashMatrix, CrashTestError, defaultPersonalities } from "../../src/index.js";
import { patchNodeFs, type NodeFsPatch } from "../../src/node/index.js";

// Goal: code of other people, written against node:fs, runs under the matrix as it is, and what is found covers what real
// kernels were seen to do. Method: save one value, then another, with the package itself; recover with the package
// itself, which then saves again and is crashed in that, too.

let patch: NodeFsPatch;
let programs: readonly SaveProgram[];
beforeAll(async () => {
  patch = patchNodeFs(new MemoryFs());
  programs = await loadPrograms();
});
afterAll(() => patch.restore());

interface Judged {
  readonly verdict: "kept" | "broken";
  readonly text: string;
  /** Recoveries by depth: behind a crash of the workload, behind a crash inside recovery. */
  readonly recoveries: readonly number[];
}

async function judge(
  program: SaveProgram,
  personality: string,
  wants: "one version" | "the acknowledged one",
): Promise<Judged> {
  const recoveries = [0, 0];
  try {
    await crashMatrix({
      ...replacement(program, (fs) => patch.mount(fs)),
      name: `${program.name}: ${wants}`,
      personalities: [personality],
      check: (found, { acked, depth }) => {
        recoveries[depth] = (recoveries[depth] ?? 0) + 1;
        if (found.kind === "damaged") throw new Error(found.text);
        if (wants === "the acknowledged one" && acked("saved") && found.kind === "old") {
          throw new Error("the save is gone");
        }
      },
      nested: 1,
      nestedStrategy: { kind: "levels", level: 1 },
    });
    return { verdict: "kept", text: "", recoveries };
  } catch (error) {
    if (!(error instanceof CrashTestError) || error.code !== "CRASH_TEST_FAILED") throw error;
    return { verdict: "broken", text: error.message, recoveries };
  }
}

test("there is a verdict for every personality of the default", () => {
  expect(Object.keys(verdicts)).toEqual(defaultPersonalities);
});

describe.each(Object.entries(verdicts))("%s", (personality, { found, seen, forgets }) => {
  test.each(["write-file-atomic", "steno", "node-json-db", "conf"])("%s", async (name) => {
    const program = programs.find((each) => each.name === name);
    if (program === undefined) throw new Error(`no program ${name}`);
    const broken = found.includes(name);
    expect(seen.filter((each) => !found.includes(each))).toEqual([]); // a model that misses what was seen is no model
    const one = await judge(program, personality, "one version");
    expect([one.verdict, one.text]).toEqual([
      broken ? "broken" : "kept",
      broken ? expect.stringContaining("rename(") : "",
    ]);
    const acknowledged = await judge(program, personality, "the acknowledged one");
    expect(acknowledged.verdict).toBe(forgets.includes(name) ? "broken" : "kept");
    if (!broken) expect(acknowledged.text).toContain("the save is gone");
    if (!broken) expect(Math.min(...one.recoveries)).toBeGreaterThan(5); // crashed in the save, and in the one behind it
    if (process.env["SHOW"] !== undefined) {
      process.stdout.write(
        `${personality} ${name}: ${one.recoveries.join(" and ")} recoveries\n${one.text}\n${acknowledged.text}\n\n`,
      );
    }
  });
});
