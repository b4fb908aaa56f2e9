import { posix } from "@holdfast/fs-seam/crash";
import { describe, expect, test } from "vitest";
import { crashMatrix, CrashTestError, type CrashMatrixOptions } from "./index.js";

const program = {
  workload: () => {},
  recover: () => 0,
  check: () => true,
};

async function refusalOf(wrong: object): Promise<unknown> {
  const options = { ...program, ...wrong } as CrashMatrixOptions<number>; // wrong on purpose
  return crashMatrix(options).catch((error: unknown) => error);
}

describe("an option that makes no sense is refused by name", () => {
  test.each([
    ["personality", { personality: "posix" }, "is unknown"],
    ["workload", { workload: undefined }, "must be a function"],
    ["recover", { recover: "now" }, "must be a function"],
    ["check", { check: true }, "must be a function"],
    ["setup", { setup: {} }, "must be a function"],
    ["now", { now: 0 }, "must be a function"],
    ["name", { name: 7 }, "must be a string"],
    ["replay", { replay: [] }, "must be a string"],
    ["allowIncomplete", { allowIncomplete: "yes" }, "must be a boolean"],
    ["personalities", { personalities: [] }, "must be a list, and not empty"],
    ["personalities", { personalities: "posix" }, "must be a list, and not empty"],
    ["personalities", { personalities: ["posix", "ext5"] }, "names an unknown one: ext5"],
    ["personalities", { personalities: ["seed-simfs"] }, "has seed-simfs, which leaves one outcome"],
    ["personalities", { personalities: [{ ...posix, law: "path-images" }] }, "has posix, which leaves one outcome"],
    ["personalities", { personalities: [null] }, "must hold names or personalities"],
    ["personalities", { personalities: [{ law: "effects" }] }, "must hold names or personalities"],
    ["personalities", { personalities: [{ name: "mine", law: "effects" }] }, "has mine, which does not say describes"],
    [
      "personalities",
      { personalities: [{ ...posix, edges: { ...posix.edges, tree: undefined } }] },
      "has posix, which does not say edges.tree: begin with { ...posix, name }",
    ],
    ["personalities", { personalities: ["strict", { ...posix, name: "strict" }] }, "has two of the name strict"],
    ["nested", { nested: -1 }, "must be a whole number from 0 on"],
    ["nested", { nested: Number.POSITIVE_INFINITY }, "must be a whole number from 0 on"],
    ["maxRecoveries", { maxRecoveries: 1.5 }, "must be a whole number from 0 on"],
    ["minImages", { minImages: Number.NaN }, "must be a whole number from 0 on"],
    ["maxMilliseconds", { maxMilliseconds: 0 }, "must be above 0"],
    ["maxMilliseconds", { maxMilliseconds: Number.NaN }, "must be above 0"],
    ["strategy", { strategy: { kind: "levels", level: 5 } }, "level must be from 0 to 4"],
    ["strategy", { strategy: { kind: "exhaustive", limit: 0 } }, "limit must be a whole number from 1 on"],
    ["strategy", { strategy: { kind: "exhaustive" } }, "limit must be a whole number from 1 on"],
    ["strategy", { strategy: { kind: "random", seed: 0.5, count: 1 } }, "needs a whole seed and count"],
    ["strategy", { strategy: { kind: "random", seed: 1 } }, "needs a whole seed and count"],
    ["strategy", { strategy: { kind: "lazy", maxDisk: 2 } }, "has no maxDisk; lazy takes maxDisks, recheckEvery"],
    ["nestedStrategy", { nestedStrategy: { kind: "levels", level: 2, lvl: 1 } }, "has no lvl; levels takes level"],
    ["strategy", { strategy: "exhaustive" }, "must be of kind levels, exhaustive, random, lazy, sampled or ladder"],
    [
      "nestedStrategy",
      { nestedStrategy: { kind: "all" } },
      "must be of kind levels, exhaustive, random, lazy, sampled or ladder",
    ],
    ["nestedStrategy", { nestedStrategy: { kind: "levels", level: "2" } }, "level must be from 0 to 4"],
  ])("%s: %j", async (option, wrong, why) => {
    const error = await refusalOf(wrong);
    expect(error).toBeInstanceOf(CrashTestError);
    expect(error).toMatchObject({ code: "CRASH_TEST_INVALID_OPTION", report: undefined });
    expect((error as CrashTestError).message).toMatch(`option ${option} ${why}`);
  });
});

test("options are checked before anything runs", async () => {
  let ran = false;
  const error = await refusalOf({ nested: -1, setup: () => (ran = true), workload: () => (ran = true) });
  expect(error).toMatchObject({ code: "CRASH_TEST_INVALID_OPTION" });
  expect(ran).toBe(false);
});

test("an unknown personality carries the list of known ones as its cause", async () => {
  const error = await refusalOf({ personalities: ["ext5"] });
  expect(String((error as Error).cause)).toContain("known: posix, strict");
});

test("undefined stands for the default", async () => {
  const unset = Object.fromEntries(
    ["name", "setup", "personalities", "strategy", "nested", "nestedStrategy", "maxRecoveries", "replay", "now"].map(
      (key) => [key, undefined],
    ),
  );
  const report = await crashMatrix({
    ...unset,
    ...program,
    workload: (directory) => directory.writeFile("a", new Uint8Array([1])),
    recover: (directory) => Number(directory.exists("a")),
  });
  expect(report).toMatchObject({ name: "crash matrix", complete: true });
  expect(report.personalities.map(({ personality }) => personality)).toEqual(["posix", "ext4-ordered", "xfs", "btrfs"]);
});
