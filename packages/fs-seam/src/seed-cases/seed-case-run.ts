import { CrashScript } from "./crash-script.js";
import type { SeedCase } from "./seed-case-file.js";
import { matches, outcomeOfError, type SeedFormat, type SeedOutcome } from "./seed-outcome.js";
import { SimScript } from "./sim-script.js";

/** An operation whose outcome is not the recorded one. */
export interface Difference {
  /** Ordinal of the operation in its script, from 0. */
  readonly index: number;
  readonly op: string;
  readonly expected: Readonly<Record<string, unknown>>;
  readonly actual: SeedOutcome;
}

/** Runs a script to its end, whatever differs on the way, and returns what did. */
export function runSeedCase(format: SeedFormat, seedCase: SeedCase): readonly Difference[] {
  const script = format === "crash-cases" ? new CrashScript(seedCase) : new SimScript(seedCase);
  const differences: Difference[] = [];
  for (const [index, op] of seedCase.ops.entries()) {
    const expected = seedCase.expect[index] ?? {};
    let actual: SeedOutcome;
    try {
      actual = script.run(op);
    } catch (error) {
      actual = outcomeOfError(error);
    }
    if (!matches(format, op.op, expected, actual)) differences.push({ index, op: op.op, expected, actual });
  }
  return differences;
}
