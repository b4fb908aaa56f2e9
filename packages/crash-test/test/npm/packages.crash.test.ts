import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { personalities } from "@holdfast/fs-seam/crash";
import { crashMatrix, CrashTestError } from "../../src/index.js";
import { patchNodeFs, type NodeFsPatch } from "../../src/node/index.js";
import { loadPrograms, type SaveProgram } from "./programs.js";

// Goal: code of other people, written against node:fs, runs under the matrix as it is, and what is found covers what real
// kernels were seen to do. Method: save one value, then another, with the package itself; recover with the package
// itself, which then saves again and is crashed in that, too.

const packages = ["write-file-atomic", "steno", "node-json-db", "conf"] as const;
/** They rename a file that they never synced. */
const unsynced: readonly string[] = ["steno", "node-json-db"];

/**
 * Which packages may leave a file that is neither the old nor the new version: what the model finds, and what kernels were
 * seen to do with the same packages or the same calls. Judged for every personality of the list that there is.
 */
const losesTheFile: Readonly<Record<string, { readonly found: readonly string[]; readonly seen: readonly string[] }>> =
  {
    posix: { found: unsynced, seen: [] },
    "ext4-ordered": { found: unsynced, seen: unsynced }, // zeros: litmus program H-replace-nofsync
    xfs: { found: unsynced, seen: unsynced }, // a file of zero bytes
    btrfs: { found: unsynced, seen: unsynced }, // the same, when another file is synced (litmus program L2)
  };
/** None of them syncs the directory, so a save that has reported success may be gone. */
const losesTheAcknowledged: readonly string[] = packages;

const present = Object.keys(losesTheFile).filter((name) => personalities.some((known) => known.name === name));
const path = "/crash/doc.json";

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
  readonly recoveries: number;
}

async function judge(
  program: SaveProgram,
  personality: string,
  wants: "one version" | "the acknowledged one",
): Promise<Judged> {
  try {
    const report = await crashMatrix({
      name: `${program.name}: ${wants}`,
      personalities: [personality],
      setup: async (_, fs) => {
        patch.mount(fs);
        await program.save(path, "old");
      },
      workload: async (_, run) => {
        patch.mount(run.fs);
        await program.save(path, "a new one");
        run.ack("saved");
      },
      recover: async (directory) => {
        patch.mount(directory.fs);
        const found = await program.load(path);
        await program.save(path, String(found)); // the program goes on, and may be crashed in that
        return found;
      },
      check: (found, { acked }) => {
        if (found !== "old" && found !== "a new one") throw new Error(`the file reads back as ${String(found)}`);
        if (wants === "the acknowledged one" && acked("saved") && found === "old") throw new Error("the save is gone");
      },
      nested: 1,
      nestedStrategy: { kind: "levels", level: 1 },
    });
    return { verdict: "kept", text: "", recoveries: report.recoveries };
  } catch (error) {
    if (!(error instanceof CrashTestError) || error.code !== "CRASH_TEST_FAILED") throw error;
    return { verdict: "broken", text: error.message, recoveries: error.report?.recoveries ?? 0 };
  }
}

describe.each(present)("%s", (personality) => {
  test.each(packages)("%s", { timeout: 60_000 }, async (name) => {
    const program = programs.find((each) => each.name === name);
    if (program === undefined) throw new Error(`no program ${name}`);
    const { found = [], seen = [] } = losesTheFile[personality] ?? {};
    const broken = found.includes(name);
    expect(seen.filter((each) => !found.includes(each))).toEqual([]); // a model that misses what was seen is no model
    const one = await judge(program, personality, "one version");
    expect([one.verdict, one.text]).toEqual([
      broken ? "broken" : "kept",
      broken ? expect.stringContaining("rename(") : "",
    ]);
    const acknowledged = await judge(program, personality, "the acknowledged one");
    expect(acknowledged.verdict).toBe(losesTheAcknowledged.includes(name) ? "broken" : "kept");
    if (!broken) expect(acknowledged.text).toContain("the save is gone");
    if (!broken) expect(one.recoveries).toBeGreaterThan(10); // something was crashed
    if (process.env["SHOW"] !== undefined) {
      process.stdout.write(
        `${personality} ${name}: ${one.recoveries} recoveries\n${one.text}\n${acknowledged.text}\n\n`,
      );
    }
  });
});
