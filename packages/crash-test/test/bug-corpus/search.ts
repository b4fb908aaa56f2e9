import type { Personality } from "@holdfast/fs-seam/crash";
import { crashMatrix, CrashTestError, type CrashMatrixOptions, type CrashMatrixReport } from "../../src/index.js";
import type { CorpusProgram } from "./bug.js";
import { BrokenPromise, type PromiseName } from "./promises.js";

/** What a search said of one program. */
export type Finding =
  /** A promise broke in the recovery of that number. */
  | {
      readonly kind: "broken";
      readonly promise: PromiseName;
      readonly recoveries: number;
      readonly error: CrashTestError;
    }
  /** The program fell over in a way that breaks no promise it names. */
  | { readonly kind: "accident"; readonly recoveries: number; readonly error: CrashTestError }
  | { readonly kind: "nothing"; readonly recoveries: number; readonly report: CrashMatrixReport };

/** What a search has to know of a program. */
export type SearchedProgram = Pick<CorpusProgram, "name" | "personality" | "nested" | "nestedLevel" | "build">;

export interface Search {
  readonly personality?: string | Personality;
  /** Undefined: what a matrix does when nobody asks for anything. */
  readonly strategy?: CrashMatrixOptions<unknown>["strategy"];
  /** `follows`: the strategy sees to recoveries itself, and takes no other for them. */
  readonly nestedStrategy?: CrashMatrixOptions<unknown>["nestedStrategy"] | "follows";
  /** Default: what the program asks for. */
  readonly nested?: number;
  readonly maxRecoveries?: number;
}

/** Looks for a crash that breaks the correct program, or the one with a bug. Spends its budget in silence. */
export async function search(program: SearchedProgram, bug: string | undefined, how: Search = {}): Promise<Finding> {
  const { strategy, nestedStrategy, maxRecoveries } = how;
  const nestedDefault: Search["nestedStrategy"] =
    program.nestedLevel === undefined ? undefined : { kind: "levels", level: program.nestedLevel };
  const inner = nestedStrategy ?? nestedDefault;
  const options: CrashMatrixOptions<unknown> = {
    ...program.build(bug),
    name: bug === undefined ? program.name : `${program.name}, ${bug}`,
    personalities: [how.personality ?? program.personality],
    nested: how.nested ?? program.nested,
    allowIncomplete: true,
    minImages: 1, // a narrow strategy, or a small budget, may see one disk only
    ...(strategy === undefined ? {} : { strategy }),
    ...(inner === undefined || inner === "follows" ? {} : { nestedStrategy: inner }),
    ...(maxRecoveries === undefined ? {} : { maxRecoveries }),
  };
  try {
    const report = await crashMatrix(options);
    return { kind: "nothing", recoveries: report.recoveries, report };
  } catch (error) {
    if (!(error instanceof CrashTestError) || error.code !== "CRASH_TEST_FAILED") throw error;
    const recoveries = error.report?.recoveries ?? 0;
    const { cause } = error;
    if (!(cause instanceof BrokenPromise)) return { kind: "accident", recoveries, error };
    return { kind: "broken", promise: cause.promise, recoveries, error };
  }
}
