// Goal: a workload that goes on after its promise has settled is found out, since no power loss is looked at between what it
// does then. Method: it is made to write, to mark and to acknowledge some turns of the event loop too late.
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Directory } from "@holdfast/fs-seam";
import { expect, test } from "vitest";
import { crashMatrix, CrashTestError, type CrashMatrixOptions, type WorkloadRun } from "../src/index.js";

type Late = (directory: Directory, run: WorkloadRun) => void;

/** Writes a file and, so many turns after its end, does something more. */
function program(turns: number, late: Late): CrashMatrixOptions<number> {
  const later = async (directory: Directory, run: WorkloadRun): Promise<void> => {
    for (let turn = 0; turn < turns; turn += 1) await nextTurn();
    late(directory, run);
  };
  return {
    name: "save",
    workload(directory, run) {
      directory.writeFile("first", Uint8Array.of(1));
      void later(directory, run);
    },
    recover: (directory) => directory.list().length,
    check: (count) => count <= 1,
  };
}

async function errorOf(options: CrashMatrixOptions<number>): Promise<CrashTestError> {
  const thrown: unknown = await crashMatrix(options).catch((error: unknown) => error);
  if (!(thrown instanceof CrashTestError)) throw new Error("the matrix passed, or fell over", { cause: thrown });
  return thrown;
}

const write: Late = (directory) => directory.writeFile("second", Uint8Array.of(2));

test.each<[string, number, Late, string]>([
  ["a write in the next turn", 1, write, "open(/second) at test/forgotten-await.crash.test.ts:"],
  ["a write some turns later", 8, write, "open(/second)"],
  ["a change of names", 1, (directory) => directory.rename("first", "last"), "rename(/first -> /last)"],
  ["a mark", 1, (_, run) => run.fs.mark("done"), 'mark("done")'],
])("%s is found out and named", async (_, turns, late, what) => {
  const error = await errorOf(program(turns, late));
  expect(error.code).toBe("CRASH_TEST_UNSETTLED");
  expect(error.message).toContain("save: the workload went on after it had ended, first with ");
  expect(error.message).toContain(what);
  expect(error.message).toContain("is an await missing in it?");
  expect(error.report?.failures).toEqual([]);
});

test("an acknowledgement that comes too late throws where it is given, and fails the run", async () => {
  let thrown: unknown;
  const late: Late = (_, run) => {
    try {
      run.ack("saved");
    } catch (error) {
      thrown = error;
    }
  };
  const error = await errorOf(program(1, late));
  expect(thrown).toMatchObject({ name: "CrashTestError", code: "CRASH_TEST_UNSETTLED" });
  expect((thrown as Error).message).toContain('ack("saved") came after the workload had ended');
  expect(error).toMatchObject({ code: "CRASH_TEST_UNSETTLED" });
  expect(error.message).toContain('first with ack("saved")');
});

test("what is missing for want of an await says so, and neither that nothing was written nor that the budget is spent", async () => {
  const nothingYet = { ...program(1, write), workload: async (): Promise<void> => {} };
  expect((await errorOf(nothingYet)).code).toBe("CRASH_TEST_VACUOUS");
  const forgotten: CrashMatrixOptions<number> = {
    ...nothingYet,
    workload(directory, run) {
      void nextTurn().then(() => write(directory, run));
    },
  };
  expect((await errorOf(forgotten)).code).toBe("CRASH_TEST_UNSETTLED");
  expect((await errorOf({ ...program(1, write), maxRecoveries: 1 })).code).toBe("CRASH_TEST_UNSETTLED");
});

test("a promise that is broken comes first", async () => {
  expect((await errorOf({ ...program(1, write), check: () => false })).code).toBe("CRASH_TEST_FAILED");
});

test("a barrier that completes later is no change, and reading is none", async () => {
  const late: Late = (directory) => {
    directory.syncNamesBlocking();
    directory.list();
  };
  expect((await crashMatrix(program(1, late))).failures).toEqual([]);
});
