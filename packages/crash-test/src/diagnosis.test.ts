import { Directory } from "@holdfast/fs-seam";
import { CrashFs, posix, type CrashChoice } from "@holdfast/fs-seam/crash";
import { expect, test } from "vitest";
import { diagnose } from "./diagnosis.js";
import type { CrashFailure } from "./crash-matrix-report.js";

/** A file of three sectors. Records: 0 its name, 1 the bytes, 2 the length, 3 a mark, 4 a names barrier, 5 another mark. */
function someRun(): CrashFs {
  const fs = new CrashFs({ callSites: true });
  new Directory(fs).writeFile("a", new Uint8Array(1536).fill(1));
  fs.mark("written");
  fs.syncNamesBlocking("/");
  fs.mark("named");
  return fs;
}

const found: CrashChoice = {
  version: 1,
  personality: "posix",
  at: 3,
  apply: [],
  torn: { "1": [0, 2] },
  unwritten: "zeros",
};

/** Diagnoses a failure that shows wherever `fails` says so. */
async function diagnosed(
  fails: (choice: CrashChoice) => boolean,
  from = found,
): Promise<Awaited<ReturnType<typeof diagnose>>> {
  const trace = someRun().trace();
  const failureOf = (choices: readonly CrashChoice[]): CrashFailure => ({
    choices,
    cause: new Error("broken"),
    admittedBy: ["posix"],
    trace,
    context: { acks: [], depth: 0, acked: () => false },
  });
  return diagnose(failureOf([from]), posix, async ([choice]) => {
    return choice !== undefined && fails(choice) ? Promise.resolve(failureOf([choice])) : undefined;
  });
}

test("a write lost as a whole is preferred to one that is torn, at the latest moment", async () => {
  const { failure, blame } = await diagnosed((choice) => choice.at >= 3 && !choice.apply.includes(1));
  expect(failure.choices).toEqual([{ ...found, at: 6, apply: [2], torn: {} }]);
  expect(blame).toEqual({ kind: "parts", lost: 1, trigger: 2 });
});

test("a write that matters only when it is torn stays torn", async () => {
  const { failure, blame } = await diagnosed((choice) => choice.at >= 3 && choice.torn["1"]?.length === 2);
  expect(failure.choices).toEqual([{ ...found, at: 6, apply: [2] }]);
  expect(blame).toEqual({ kind: "parts", lost: 1, trigger: 2 });
});

test("what may not be lost when a mark is made, at the mark since which it matters", async () => {
  const atEnd: CrashChoice = { ...found, at: 6, apply: [2] };
  const since = (moment: number) => (choice: CrashChoice) => choice.at >= moment && !choice.apply.includes(1);
  expect((await diagnosed(since(4), atEnd)).blame).toEqual({ kind: "acknowledged", lost: 1, trigger: 3 });
  expect((await diagnosed(since(6), atEnd)).blame).toEqual({ kind: "acknowledged", lost: 1, trigger: 5 });
});

test("a bounded number of replays, whatever happens", async () => {
  let replays = 0;
  await diagnosed(() => {
    replays += 1;
    return true;
  });
  expect(replays).toBeLessThan(40);
});
