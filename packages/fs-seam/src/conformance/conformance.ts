import { claim, ConformanceViolation } from "./claims.js";
import { Qualification, Trial } from "./conformance-case.js";
import type { ConformanceBackend, ConformanceCase, ConformanceNeed } from "./conformance-case.js";
import { crashCases } from "./crash-cases.js";
import { crashNameCases } from "./crash-name-cases.js";
import { directoryCases } from "./directory-cases.js";
import { handleCases } from "./handle-cases.js";
import { lockCases } from "./lock-cases.js";
import { mediaCases } from "./media-cases.js";
import { nameCases } from "./name-cases.js";
import { openCases } from "./open-cases.js";
import { publishCases } from "./publish-cases.js";
import { refusalCases } from "./refusal-cases.js";
import { hasMedia } from "../media-faults.js";
import type { StoreFs } from "../store-fs.js";

/** Changes with every change of any obligation. Version 1 was the 34 cases this suite grew from. */
export const conformanceVersion = 2;

/** Every case, in a fixed order; each runs on a file system of its own, so any order and any part will do. */
export const conformanceCases: readonly ConformanceCase[] = [
  ...handleCases,
  ...openCases,
  ...nameCases,
  ...directoryCases,
  ...refusalCases,
  ...publishCases,
  ...lockCases,
  ...crashCases,
  ...crashNameCases,
  ...mediaCases,
];

/** The stable ids of all cases. */
export const conformanceCaseIds: readonly string[] = conformanceCases.map(({ id }) => id);

/** What became of one case. */
export type ConformanceVerdict =
  | { readonly id: string; readonly kind: "pass" }
  /** Could not be decided here; counted, and never as a pass. */
  | { readonly id: string; readonly kind: "qualified"; readonly need: ConformanceNeed; readonly reason: string }
  | { readonly id: string; readonly kind: "violation"; readonly message: string };

/** Plain data about a whole run. */
export interface ConformanceReport {
  /** Of this form of report. */
  readonly version: number;
  /** Name of the backend. */
  readonly backend: string;
  /** Cases whose obligation holds. */
  readonly passed: number;
  /** Cases that could not be decided on this backend; never counted as passed. */
  readonly qualified: number;
  /** Cases whose obligation is broken. */
  readonly violations: number;
  /** One for each case, in their order. */
  readonly verdicts: readonly ConformanceVerdict[];
}

/** What the suite needs of a test runner; vitest, `node:test`, jest and mocha have it. */
export interface ConformanceRunner {
  /** Opens a group of tests; called once. */
  describe(name: string, body: () => void): unknown;
  /** States one test, whose promise rejects when it fails. */
  test(name: string, body: (...context: readonly unknown[]) => Promise<void>): unknown;
}

interface Judgement {
  readonly verdict: ConformanceVerdict;
  /** The violation itself, with its stack. */
  readonly error?: unknown;
}

/** Runs one case on a fresh file system. */
async function judge(backend: ConformanceBackend, one: ConformanceCase): Promise<Judgement> {
  const { id } = one;
  let error: unknown;
  try {
    const trial = await Trial.begin(backend);
    try {
      for (const need of one.needs ?? []) demandNeed(need, trial);
      await one.run(trial);
    } finally {
      await trial.end();
    }
    return { verdict: { id, kind: "pass" } };
  } catch (thrown) {
    error = thrown;
  }
  if (error instanceof Qualification) {
    return { verdict: { id, kind: "qualified", need: error.need, reason: error.message } };
  }
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return { verdict: { id, kind: "violation", message }, error };
}

const needReasons: Readonly<Record<ConformanceNeed, string>> = {
  crashStates: "the backend has no crash states",
  crash: "the backend cannot crash in place",
  processCrash: "the backend cannot end its process",
  losableNames: "by its crash law the backend never loses a name",
  makeSmall: "the backend has no bound on its room",
  readOnlyView: "the backend has no read-only view",
  plantSymlink: "nothing can put a symlink into the backend",
  media: "the backend does not model the disk",
  hardLinks: "the backend declares no hard links",
  punch: "the backend declares no punch",
  reflink: "the backend declares no reflink",
  sparse: "the backend has no sparse files of this size",
};

function demandNeed(need: ConformanceNeed, trial: Trial): void {
  if (need === "plantSymlink" && trial.backend.plantSymlink !== undefined) {
    const { symlinkRefusal } = trial.fs.capabilities();
    claim(symlinkRefusal !== "no-symlinks", "a backend that declares no symlinks cannot have one planted");
  }
  if (!hasNeed(need, trial.backend, trial.fs, trial.law.names)) trial.qualify(need, needReasons[need]);
}

function hasNeed(need: ConformanceNeed, backend: ConformanceBackend, fs: StoreFs, names: string): boolean {
  switch (need) {
    case "crashStates":
    case "crash":
    case "processCrash":
    case "makeSmall":
    case "readOnlyView":
    case "plantSymlink":
      return backend[need] !== undefined;
    case "losableNames":
      return names === "losable";
    case "media":
      return hasMedia(fs);
    case "hardLinks":
    case "punch":
      return fs.capabilities()[need];
    case "reflink":
      return fs.capabilities().reflink !== "no";
    case "sparse":
      return true; // only the attempt can tell
  }
}

function reportOf(backend: ConformanceBackend, verdicts: readonly ConformanceVerdict[]): ConformanceReport {
  const count = (kind: ConformanceVerdict["kind"]): number =>
    verdicts.filter((verdict) => verdict.kind === kind).length;
  return {
    version: conformanceVersion,
    backend: backend.name,
    passed: count("pass"),
    qualified: count("qualified"),
    violations: count("violation"),
    verdicts,
  };
}

/** Runs all cases, or those with these ids, without a runner, and throws for none of them. */
export async function runConformance(
  backend: ConformanceBackend,
  ids: readonly string[] = conformanceCaseIds,
): Promise<ConformanceReport> {
  const unknown = ids.filter((id) => !conformanceCaseIds.includes(id));
  if (unknown.length > 0) throw new RangeError(`no conformance case has the id ${unknown.join(", ")}`);
  const verdicts: ConformanceVerdict[] = [];
  for (const one of conformanceCases) {
    if (ids.includes(one.id)) verdicts.push((await judge(backend, one)).verdict);
  }
  return reportOf(backend, verdicts);
}

/**
 * Registers every case with a test runner. A violation fails its test; a qualified case is skipped where the runner's
 * test context has a `skip`, and is in the report everywhere.
 *
 * @returns the report so far, to be called when the tests have run: demand there which cases may be qualified.
 */
export function fsConformance(runner: ConformanceRunner, backend: ConformanceBackend): () => ConformanceReport {
  const verdicts: ConformanceVerdict[] = [];
  runner.describe(`conformance of ${backend.name}, version ${conformanceVersion}`, () => {
    for (const one of conformanceCases) {
      // A rest parameter, because some runners wait for a callback when a test declares one.
      runner.test(`${one.id}: ${one.obligation}`, async (...context) => {
        const { verdict, error } = await judge(backend, one);
        verdicts.push(verdict);
        if (verdict.kind === "violation") throw error;
        if (verdict.kind === "qualified") skip(context[0], `${verdict.need}: ${verdict.reason}`);
      });
    }
  });
  return () => reportOf(backend, verdicts);
}

function skip(context: unknown, reason: string): void {
  if (typeof context !== "object" || context === null || !("skip" in context)) return;
  if (typeof context.skip === "function") context.skip(reason);
}

/** Throws a {@link ConformanceViolation} when a report has violations, or qualified cases besides those allowed. */
export function assertConformance(report: ConformanceReport, allowed: readonly ConformanceNeed[] = []): void {
  const bad = report.verdicts.filter(
    (verdict) => verdict.kind === "violation" || (verdict.kind === "qualified" && !allowed.includes(verdict.need)),
  );
  if (bad.length === 0 && report.verdicts.length > 0) return;
  const lines = bad.map((verdict) => `${verdict.id}: ${verdict.kind === "violation" ? verdict.message : "qualified"}`);
  throw new ConformanceViolation(`${report.backend} does not conform: ${lines.join("; ") || "no case was run"}`);
}
