/**
 * Entry `@holdfast/store/projections/conformance`: the obligations of a cache of projections, as tests for any runner.
 * @packageDocumentation
 */
import {
  ConformanceViolation,
  cacheCases,
  CacheTrial,
  Undecided,
  type CacheCase,
  type CacheSubject,
} from "./cache-cases.js";

export { ConformanceViolation };
export type { CacheSubject };

/** Entry `./projections/conformance`: what a cache of projections owes, as tests for any runner. */

/** Changes with every change of any obligation. */
export const cacheConformanceVersion = 1;

/** The stable ids of all cases. */
export const cacheCaseIds: readonly string[] = cacheCases.map(({ id }) => id);

/** What became of one case. */
export type CacheVerdict =
  | { readonly id: string; readonly kind: "pass" }
  /** Could not be decided, because the subject has no such control; never a pass. */
  | { readonly id: string; readonly kind: "undecided"; readonly reason: string }
  | { readonly id: string; readonly kind: "violation"; readonly message: string };

/** What the suite needs of a test runner; vitest, `node:test`, jest and mocha have it. */
export interface CacheConformanceRunner {
  /** Opens a group of tests; called once. */
  describe(name: string, body: () => void): unknown;
  /** States one test, whose promise rejects when it fails. */
  test(name: string, body: () => Promise<void>): unknown;
}

/** Runs all cases without a runner, and throws for none of them. */
export async function runCacheConformance(subject: CacheSubject): Promise<readonly CacheVerdict[]> {
  const verdicts: CacheVerdict[] = [];
  for (const one of cacheCases) verdicts.push((await judge(subject, one)).verdict);
  return verdicts;
}

/**
 * Registers every case with a test runner. A violation fails its test.
 *
 * @returns the verdicts so far, to be called when the tests have run: demand there which cases may be undecided.
 */
export function cacheConformance(runner: CacheConformanceRunner, subject: CacheSubject): () => readonly CacheVerdict[] {
  const verdicts: CacheVerdict[] = [];
  runner.describe(`conformance of ${subject.name}, version ${cacheConformanceVersion}`, () => {
    for (const one of cacheCases) {
      runner.test(`${one.id}: ${one.obligation}`, async () => {
        const { verdict, error } = await judge(subject, one);
        verdicts.push(verdict);
        if (verdict.kind === "violation") throw error;
      });
    }
  });
  return () => verdicts;
}

interface Judgement {
  readonly verdict: CacheVerdict;
  /** The violation itself, with its stack. */
  readonly error?: unknown;
}

async function judge(subject: CacheSubject, { id, run }: CacheCase): Promise<Judgement> {
  const trial = new CacheTrial(subject);
  try {
    await run(trial);
    return { verdict: { id, kind: "pass" } };
  } catch (error) {
    if (error instanceof Undecided) return { verdict: { id, kind: "undecided", reason: error.message } };
    const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return { verdict: { id, kind: "violation", message }, error };
  } finally {
    await trial.end();
  }
}
