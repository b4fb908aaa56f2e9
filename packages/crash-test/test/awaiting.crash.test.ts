import { expect, test } from "vitest";
import { crashMatrix, type CrashMatrixOptions } from "../src/index.js";

const program: CrashMatrixOptions<number> = {
  workload: (directory) => directory.writeFile("a", Uint8Array.of(1)),
  recover: (directory) => directory.list().length,
  check: (count) => count <= 1,
};

test("what can be awaited is awaited, whoever made it", async () => {
  let awaited = 0;
  const later = <T>(value: T): PromiseLike<T> => ({
    // oxlint-disable-next-line unicorn/no-thenable -- a thenable is what this test is about
    then: (resolve) => {
      awaited += 1;
      return Promise.resolve(value).then(resolve);
    },
  });
  const recover = (directory: Parameters<typeof program.recover>[0]): Promise<number> =>
    later(directory.list().length) as Promise<number>; // a promise of another library
  const report = await crashMatrix({ ...program, recover, check: (count) => later(count <= 1) as Promise<boolean> });
  expect(report.recoveries).toBeGreaterThan(2);
  expect(awaited).toBe(2 * report.recoveries);
  await expect(crashMatrix({ ...program, recover, check: (count) => count === 0 })).rejects.toMatchObject({
    code: "CRASH_TEST_FAILED",
  });
});

test.each([
  ["no options at all", undefined],
  ["a strategy of null", { ...program, strategy: null }],
  ["no random images", { ...program, strategy: { kind: "random", seed: 1, count: 0 } }],
])("%s is refused by name", async (_what, options) => {
  const run = crashMatrix(options as unknown as CrashMatrixOptions<number>);
  await expect(run).rejects.toMatchObject({ code: "CRASH_TEST_INVALID_OPTION" });
});
