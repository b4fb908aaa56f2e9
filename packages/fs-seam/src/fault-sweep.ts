import { FaultFs } from "./fault-fs.js";
import { FaultPlan } from "./fault-plan.js";
import type { FaultAction, FaultCall, FaultRule } from "./fault-rule.js";
import { checkKeys } from "./fs-arguments.js";
import type { StoreFs } from "./store-fs.js";

/** What to fail, in which code, on which backend. */
export interface FaultSweepOptions<Result> {
  /** Calls to fail, by operation; `*` for all. Default `*`. */
  readonly operations?: FaultRule["operations"];
  /** Calls to fail, by path. Default all. */
  readonly path?: string | RegExp;
  /** What the failing call reports, or what strikes it. Default `EIO`. */
  readonly fault?: string | FaultAction;
  /** `once` (default): one call fails. `onwards`: that call and all later ones, as when a device dies. */
  readonly repeat?: "once" | "onwards";
  /** A fresh backend for each run. */
  make(): StoreFs;
  /** The code under test, given the backend with the n-th matching call about to fail. */
  run(fs: FaultFs, n: number): Result;
  /** Looks at what a run left: reopen `outcome.inner` without faults and demand a correct state. What it throws ends the sweep. */
  check?(outcome: FaultOutcome): void;
  /** Runs before the sweep gives up, 1 or more. Default 10,000. */
  readonly maxRuns?: number;
}

/** One run of a sweep. */
export interface FaultOutcome {
  /** The run: its n-th matching call failed. */
  readonly n: number;
  /** The call that was struck; undefined in the last run, which met no fault. */
  readonly struck: FaultCall | undefined;
  /** What `run` threw; undefined when it succeeded all the same. */
  readonly error: unknown;
  /** Paths of the handles that `run` left open. */
  readonly leaked: readonly string[];
  /** The plan, which replays this run. */
  readonly plan: string;
  /** The backend below the faults. */
  readonly inner: StoreFs;
}

/** What became of every run of a sweep. */
export interface FaultSweepReport {
  /** One per run; the last is the untouched one. */
  readonly outcomes: readonly FaultOutcome[];
  /** Calls that were made to fail: one less than the runs. */
  readonly faults: number;
}

/** A sweep that went on and on: the code under test makes more calls each time, or retries for ever. */
export class FaultSweepError extends Error {
  override readonly name: string = "FaultSweepError";
}

/**
 * Runs `run` with the first matching call failing, then the second, and so on, until a run passes untouched. The basis of
 * every fault matrix: no call is forgotten, also those added later. A run that throws although nothing struck it ends the
 * sweep with its own error.
 *
 * @returns a report, or a promise of one when `run` returns a promise.
 * @throws FaultSweepError after `maxRuns` runs without an untouched one.
 */
export function everyNthFault(options: FaultSweepOptions<Promise<void>>): Promise<FaultSweepReport>;
export function everyNthFault(options: FaultSweepOptions<void>): FaultSweepReport;
export function everyNthFault(
  options: FaultSweepOptions<Promise<void>> | FaultSweepOptions<void>,
): FaultSweepReport | Promise<FaultSweepReport> {
  checkKeys(options, ["operations", "path", "fault", "repeat", "make", "run", "check", "maxRuns"], "mount", "/");
  const runs = sweep(options);
  const first = runs.next();
  if (first.done === true) return first.value;
  return first.value instanceof Promise ? driveAsync(runs, first) : driveBlocking(runs, first);
}

type Runs = Generator<Promise<void> | void, FaultSweepReport, void>;
type Step = IteratorResult<Promise<void> | void, FaultSweepReport>;

function driveBlocking(runs: Runs, first: Step): FaultSweepReport {
  let step = first;
  while (step.done !== true) step = runs.next();
  return step.value;
}

async function driveAsync(runs: Runs, first: Step): Promise<FaultSweepReport> {
  let step = first;
  while (step.done !== true) {
    try {
      await step.value;
      step = runs.next();
    } catch (error) {
      step = runs.throw(error);
    }
  }
  return step.value;
}

/** One loop for both forms: each run is yielded, and comes back returned or thrown. */
function* sweep(options: FaultSweepOptions<Promise<void>> | FaultSweepOptions<void>): Runs {
  const { maxRuns = 10_000 } = options;
  const outcomes: FaultOutcome[] = [];
  for (let n = 1; n <= maxRuns; n += 1) {
    const inner = options.make();
    const plan = new FaultPlan();
    const armed = plan.arm(ruleFor(options, n));
    const fs = new FaultFs(inner, plan);
    let error: unknown;
    try {
      yield options.run(fs, n);
    } catch (thrown) {
      if (armed.fired === 0) throw thrown;
      error = thrown;
    }
    const struck = armed.firstStruck;
    const leaked = fs.openHandles.map((handle) => handle.path);
    const outcome: FaultOutcome = { n, struck, error, leaked, plan: plan.toString(), inner };
    outcomes.push(outcome);
    options.check?.(outcome);
    if (struck === undefined) return { outcomes, faults: outcomes.length - 1 };
  }
  throw new FaultSweepError(`no run passed untouched in ${maxRuns}; the last plan was ${outcomes.at(-1)?.plan ?? ""}`);
}

function ruleFor(options: FaultSweepOptions<Promise<void>> | FaultSweepOptions<void>, n: number): FaultRule {
  const { operations = "*", path = "*", fault = "EIO", repeat = "once" } = options;
  return {
    operations,
    path,
    trigger: repeat === "once" ? { kind: "nth", n } : { kind: "after", n: n - 1 },
    action: typeof fault === "string" ? { kind: "error", errno: fault } : fault,
  };
}
