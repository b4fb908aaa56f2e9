import { crashMatrix, type CrashMatrixOptions } from "@holdfast/crash-test";
import { expect, type TestContext } from "vitest";

/** What the matrices of a store have in common: every file system, and every disk, whatever that costs. */

/** For a test that explores, against what hangs. */
export const explorationTimeoutMs: number = process.env["STORE_LONG"] === "1" ? 7_200_000 : 600_000;

const everywhere = ["posix", "ext4-ordered", "xfs", "btrfs"];

export interface Exploration {
  readonly recoveries: number;
  /** Those of them from a crash inside another recovery. */
  readonly insideRecovery: number;
}

/**
 * Runs a matrix, on all file systems that are asked by default, and says what it saw by an annotation, which the reporter `verbose`
 * shows.
 */
export async function explore<T>(
  options: CrashMatrixOptions<T>,
  { annotate }: Pick<TestContext, "annotate">,
): Promise<Exploration> {
  let insideRecovery = 0;
  const report = await crashMatrix<T>({
    maxRecoveries: 10_000_000,
    ...options,
    check: (recovered, context) => {
      if (context.depth > 0) insideRecovery += 1;
      return options.check(recovered, context);
    },
  });
  expect(report.personalities.map(({ personality }) => personality)).toEqual(everywhere);
  const { recoveries, distinct, level } = report;
  const where = report.personalities.map(({ personality, images }) => `${images} of ${personality}`).join(", ");
  await annotate(
    `${recoveries} recoveries, ${insideRecovery} of them behind a crash inside recovery, from ${distinct} disks ` +
      `(in the program itself ${where}), level ${level}${report.complete ? "" : ", not everywhere"}`,
  );
  return { recoveries, insideRecovery };
}
