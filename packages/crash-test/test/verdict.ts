import type { Personality } from "@holdfast/fs-seam/crash";
import { crashMatrix, CrashTestError, type CrashMatrixOptions, type CrashMatrixReport } from "../src/index.js";
import type { Protocol } from "./protocols/protocol.js";

/** What the exploration says of one program. */
export type Verdict =
  | { readonly kind: "passes"; readonly report: CrashMatrixReport }
  | { readonly kind: "caught"; readonly error: CrashTestError };

/** Everything: no crash point of these programs has so many subsets. */
const everything = { kind: "exhaustive", limit: 1 << 16 } as const;

export function matrixOf(
  protocol: Protocol,
  mutant: string | undefined,
  personality: string | Personality,
): CrashMatrixOptions<unknown> {
  const { nestedLevel } = protocol;
  return {
    name: mutant === undefined ? protocol.name : `${protocol.name}, ${mutant}`,
    ...protocol.program(mutant),
    personalities: [personality],
    strategy: everything,
    nestedStrategy: nestedLevel === undefined ? everything : { kind: "levels", level: nestedLevel },
    nested: 1,
  };
}

/** Runs a matrix that must end in a report or in a broken promise; any other end is thrown. */
export async function judge(options: CrashMatrixOptions<unknown>): Promise<Verdict> {
  try {
    return { kind: "passes", report: await crashMatrix(options) };
  } catch (error) {
    if (error instanceof CrashTestError && error.code === "CRASH_TEST_FAILED") return { kind: "caught", error };
    throw error;
  }
}

const known = new Map<string, Promise<Verdict>>();

/** The verdict on a protocol or one of its mutants under one personality, worked out once. */
export function verdictOn(protocol: Protocol, mutant: string | undefined, personality: string): Promise<Verdict> {
  const key = JSON.stringify([protocol.name, mutant, personality]);
  const verdict = known.get(key) ?? judge(matrixOf(protocol, mutant, personality));
  known.set(key, verdict);
  return verdict;
}

/** The text behind `Replay: ` in a message. */
export function replayLine(error: Error): string {
  return /^ {2}Replay: (.*)$/m.exec(error.message)?.[1] ?? "";
}

/** The text behind `Outcome: ` in a message. */
export function outcomeLine(error: Error): string {
  return /^ {2}Outcome: (.*)$/m.exec(error.message)?.[1] ?? "";
}
