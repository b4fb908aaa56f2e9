import { Directory } from "@holdfast/fs-seam";
import { CrashFs, parseCrashChoice, personalityOf, type CrashChoice, type Trace } from "@holdfast/fs-seam/crash";
import { judgeOf } from "./admission.js";
import { Budget, BudgetSpent } from "./budget.js";
import { resolveOptions, type CrashMatrixOptions, type ResolvedOptions } from "./crash-matrix-options.js";
import { CrashTestError } from "./crash-test-error.js";
import { diagnose, explain } from "./diagnosis.js";
import { Explorer, type CrashFailure, type CrashMatrixReport } from "./explore.js";
import { failureText } from "./failure-text.js";

/**
 * Runs a program once on a file system in memory, makes every disk that a power loss at any moment of it may leave,
 * runs recovery on each, and crashes inside those recoveries too. Resolves with a report when every promise is kept.
 *
 * @throws {@link CrashTestError} `CRASH_TEST_FAILED` naming the two calls, the personalities and the replay line;
 * `CRASH_TEST_VACUOUS` when fewer than `minImages` distinct images came up; `CRASH_TEST_BUDGET` when a budget ended the
 * exploration early; `CRASH_TEST_INVALID_OPTION`, `CRASH_TEST_INVALID_REPLAY`.
 */
export async function crashMatrix<T>(options: CrashMatrixOptions<T>): Promise<CrashMatrixReport> {
  const resolved = resolveOptions(options);
  const trace = await record(resolved);
  const explorer = new Explorer(resolved, trace, new Budget(resolved));
  if (resolved.replay !== undefined) return replayOne(resolved, explorer, trace, resolved.replay);
  try {
    await explorer.explore(trace);
  } catch (error) {
    if (!(error instanceof BudgetSpent)) throw error;
    explorer.report.complete = false;
    if (explorer.report.failures.length === 0 && !resolved.allowIncomplete) {
      const why = `${resolved.name}: the budget of ${error.message} was spent before every image was judged`;
      throw new CrashTestError("CRASH_TEST_BUDGET", why, explorer.report);
    }
  }
  const failure = explorer.report.failures[0];
  if (failure !== undefined) return fail(resolved, explorer, trace, failure);
  const images = Math.max(...explorer.report.personalities.map((each) => each.images));
  if (images < resolved.minImages) {
    const why = `${resolved.name}: only ${images} distinct images came up, ${resolved.minImages} are asked for`;
    throw new CrashTestError("CRASH_TEST_VACUOUS", why, explorer.report);
  }
  return explorer.report;
}

/** Runs setup, makes its result durable, runs the workload, and returns its log. */
async function record<T>(options: ResolvedOptions<T>): Promise<Trace> {
  const personality = options.personalities[0] ?? personalityOf("posix");
  const before = new CrashFs({ personality });
  await options.setup?.(new Directory(before), before);
  const fs = new CrashFs({ image: before.snapshot(), personality, callSites: true });
  await options.workload(new Directory(fs), { fs, ack: (label, data) => fs.mark(label, data) });
  return fs.trace();
}

async function fail<T>(
  options: ResolvedOptions<T>,
  explorer: Explorer<T>,
  trace: Trace,
  found: CrashFailure,
): Promise<never> {
  const last = found.choices.at(-1) as CrashChoice; // a failure has at least one
  const judge = judgeOf(options.personalities, last);
  const { failure: simplest, blame } = await diagnose(found, judge, (choices) => explorer.judgePath(trace, choices));
  const failure = { ...simplest, blame, admittedBy: await explorer.admitting(trace, simplest.choices) };
  explorer.report.failures[0] = failure;
  const text = failureText(options.name, failure, judge, explorer.report.recoveries);
  throw new CrashTestError("CRASH_TEST_FAILED", text, explorer.report, { cause: failure.cause });
}

async function replayOne<T>(
  options: ResolvedOptions<T>,
  explorer: Explorer<T>,
  trace: Trace,
  text: string,
): Promise<CrashMatrixReport> {
  let choices: CrashChoice[];
  try {
    const list: unknown = JSON.parse(text);
    choices = (Array.isArray(list) ? list : [list]).map((choice: unknown) => parseCrashChoice(JSON.stringify(choice)));
    if (choices.length === 0) throw new TypeError("the list is empty");
  } catch (cause) {
    const why = `${options.name}: replay is not a list of crash choices`;
    throw new CrashTestError("CRASH_TEST_INVALID_REPLAY", why, undefined, { cause });
  }
  const judged = await explorer.judgePath(trace, choices).catch((cause: unknown) => {
    const why = `${options.name}: the replay does not fit this run; is the workload deterministic and unchanged?`;
    throw new CrashTestError("CRASH_TEST_INVALID_REPLAY", why, undefined, { cause });
  });
  explorer.report.recoveries = choices.length;
  explorer.report.distinct = choices.length;
  if (judged === undefined) return explorer.report;
  const judge = judgeOf(options.personalities, judged.choices.at(-1) as CrashChoice); // a failure has at least one
  const blame = await explain(judged, judge, (choices) => explorer.judgePath(trace, choices));
  const failure = { ...judged, blame, admittedBy: await explorer.admitting(trace, judged.choices) };
  explorer.report.failures.push(failure);
  const message = failureText(options.name, failure, judge, choices.length);
  throw new CrashTestError("CRASH_TEST_FAILED", message, explorer.report, { cause: failure.cause });
}
