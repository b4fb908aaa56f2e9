import type { CrashChoice, Personality, Trace } from "@holdfast/fs-seam/crash";
import type { Blame } from "./blame.js";
import type { CrashContext } from "./crash-matrix-options.js";

/** What was explored under one personality. */
export interface PersonalityReport {
  /** Its name. */
  readonly personality: string;
  /** The personality itself; the name alone does not say what one of your own allows. */
  readonly rules: Personality;
  /** Distinct images made at depth 0. */
  images: number;
  /**
   * Crash points of which not everything was seen, by record number: with more subsets than the exhaustive limit, which were
   * explored to level 4; under a ladder those left to chance.
   */
  readonly limited: number[];
}

/** The record of one exploration. `jsonReport` makes plain data of it. */
export interface CrashMatrixReport {
  /** What the option `name` said. */
  readonly name: string;
  /** The one run of the workload that every image of depth 0 was made from. */
  readonly trace: Trace;
  /** One for each personality, in the order of the option. */
  readonly personalities: readonly PersonalityReport[];
  /** Distinct pairs of an image and what was acknowledged before it, over all personalities and depths. */
  distinct: number;
  /** Times that `recover` ran. */
  recoveries: number;
  /** Images that were not recovered from, because an earlier one showed recovery the same; see `rememberReads`. */
  remembered: number;
  /** The highest level of the ladder that was explored at every moment. */
  level: number;
  /**
   * Why it ended: all of that level was seen, a failure, a spent budget, chance showed recovery nothing new, or it still did
   * when a ladder had made as many random disks as it does.
   */
  stopped: "everything" | "failure" | "budget" | "plateau" | "samples";
  /** Equal for two runs that judged the same disks in the same order to the same end, on every version of Node. */
  hash: string;
  /** False when a failure or a budget ended the exploration, or a point was too large for the exhaustive strategy. */
  complete: boolean;
  /** Empty where every promise was kept. */
  readonly failures: CrashFailure[];
}

/** One way to break a promise. */
export interface CrashFailure {
  /** The power losses that lead there: in the workload, then in each recovery. */
  readonly choices: readonly CrashChoice[];
  /** What recovery or the check threw. */
  readonly cause: unknown;
  /** Those of the run, and of all that are known by name, that allow these power losses or, for one, another like it. */
  readonly admittedBy: readonly string[];
  /** What it comes down to; found for the first failure. */
  readonly blame?: Blame;
  /** What recovery returned, in a list of one; absent when it did not return. Kept by reference. */
  readonly recovered?: readonly [unknown];
  /** Recoveries until it was found, where that is not those of the report. */
  readonly recoveries?: number;
  /** The run in which the last power loss happened. */
  readonly trace: Trace;
  /** What was given to `recover` and `check`. */
  readonly context: CrashContext;
}
