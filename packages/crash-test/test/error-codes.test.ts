// Every code can be provoked, and says which report it has.
import { expect, test } from "vitest";
import {
  crashMatrix,
  CrashTestError,
  crashTestErrorCodes,
  type CrashMatrixOptions,
  type CrashTestErrorCode,
} from "../src/index.js";

const program: CrashMatrixOptions<void> = {
  workload: (directory) => directory.writeFile("a", Uint8Array.of(1)),
  recover: () => {},
  check: () => true,
};

let runs = 0;

const provoked: Readonly<Record<CrashTestErrorCode, CrashMatrixOptions<void>>> = {
  CRASH_TEST_FAILED: { ...program, check: () => false },
  CRASH_TEST_UNSETTLED: {
    ...program,
    maxOperations: 3,
    recover: (directory) => ["a", "b", "c", "d"].forEach((name) => directory.exists(name)),
  },
  CRASH_TEST_VACUOUS: { ...program, workload: () => {} },
  CRASH_TEST_BUDGET: { ...program, maxRecoveries: 1 },
  CRASH_TEST_NONDETERMINISTIC: {
    ...program,
    strategy: { kind: "lazy", recheckEvery: 1 },
    recover: (directory) => void directory.exists(`a${(runs += 1)}`),
  },
  CRASH_TEST_INVALID_OPTION: { ...program, nested: -1 },
  CRASH_TEST_INVALID_REPLAY: { ...program, replay: "[]" },
};

test("no code is without a test", () => {
  expect(Object.keys(provoked).toSorted()).toEqual([...crashTestErrorCodes].toSorted());
});

test.each(crashTestErrorCodes)("%s", async (code) => {
  const error = await crashMatrix(provoked[code]).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(CrashTestError);
  expect(error).toMatchObject({ name: "CrashTestError", code });
  const explored = !code.startsWith("CRASH_TEST_INVALID_");
  expect((error as CrashTestError).report !== undefined).toBe(explored);
});
