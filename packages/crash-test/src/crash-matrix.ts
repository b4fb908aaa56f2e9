import {
  parseCrashChoice,
  personalities as knownPersonalities,
  type CrashChoice,
  type Personality,
  type Trace,
} from "@holdfast/fs-seam/crash";
import { judgeOf, judgesBeside } from "./admission.js";
import { AskedLabels } from "./asked-labels.js";
import { withAuto } from "./auto-oracle.js";
import { Budget, BudgetSpent } from "./budget.js";
import { resolveOptions, type CrashMatrixOptions, type ResolvedOptions } from "./crash-matrix-options.js";
import { CrashTestError } from "./crash-test-error.js";
import { DiskAccess } from "./disk-access.js";
import { diagnose, explain } from "./diagnosis.js";
import type { CrashFailure, CrashMatrixReport } from "./crash-matrix-report.js";
import { Explorer } from "./explore.js";
import { reportHash } from "./exploration-digest.js";
import { failureText } from "./failure-text.js";
import { RecordedWorkload } from "./recorded-workload.js";

/**
 * Runs a program once on a file system in memory, makes every disk that a power loss at any moment of it may leave,
 * runs recovery on each, and crashes inside those recoveries too. Resolves with a report when every promise is kept.
 *
 * @throws {@link CrashTestError} `CRASH_TEST_FAILED` naming the two calls, the personalities and the replay line;
 * `CRASH_TEST_VACUOUS` when fewer than `minImages` distinct images came up, or a law asks for a label that the workload never
 * acknowledges, or, unless `minImages` is below 2, no recovery made a call on its disk; `CRASH_TEST_UNSETTLED` when it goes on after its promise has settled; `CRASH_TEST_BUDGET` when a budget ended
 * the exploration early; `CRASH_TEST_INVALID_OPTION`, `CRASH_TEST_INVALID_REPLAY`.
 */
export async function crashMatrix<T>(options: CrashMatrixOptions<T>): Promise<CrashMatrixReport> {
  const given = resolveOptions(options);
  const workload = await RecordedWorkload.record(given);
  const { trace } = workload;
  const judge = given.personalities[0] as Personality; // the list is not empty
  const asked = new AskedLabels();
  const access = new DiskAccess();
  const whole = { ...given, check: await withAuto(given.check, trace, judge, given.recover) };
  const resolved = access.listenTo(asked.listenTo(whole));
  const needsDisk = resolved.minImages > 1; // whoever wants less knows that nothing is proved
  const explorer = new Explorer(resolved, trace, new Budget(resolved));
  if (resolved.replay !== undefined) return replayOne(resolved, explorer, trace, resolved.replay);
  try {
    await exploreAll(resolved, explorer, workload);
    const vacuous =
      vacuity(resolved, explorer.report) ?? asked.complaint(trace) ?? (needsDisk ? access.complaint() : undefined);
    if (vacuous === undefined) return explorer.report;
    throw new CrashTestError("CRASH_TEST_VACUOUS", `${resolved.name}: ${vacuous}`, explorer.report);
  } finally {
    explorer.report.hash = reportHash(explorer.done, explorer.report);
  }
}

/** Rejects unless every image within the budget was judged and passed. */
async function exploreAll<T>(
  resolved: ResolvedOptions<T>,
  explorer: Explorer<T>,
  workload: RecordedWorkload,
): Promise<void> {
  const { trace } = workload;
  let spent: BudgetSpent | undefined;
  try {
    await explorer.explore(trace);
  } catch (error) {
    if (!(error instanceof BudgetSpent)) throw error;
    explorer.report.complete = false;
    spent = error;
  }
  const failure = explorer.report.failures[0];
  if (failure !== undefined) await fail(resolved, explorer, trace, failure);
  await workload.requireEnded(resolved, explorer.report);
  if (spent === undefined || resolved.allowIncomplete) return;
  throw new CrashTestError("CRASH_TEST_BUDGET", spentText(resolved, spent), explorer.report);
}

function vacuity<T>({ minImages }: ResolvedOptions<T>, report: CrashMatrixReport): string | undefined {
  const images = Math.max(...report.personalities.map((each) => each.images));
  return images < minImages ? `only ${images} distinct images came up, ${minImages} are asked for` : undefined;
}

function spentText<T>({ name, strategy }: ResolvedOptions<T>, { message }: BudgetSpent): string {
  const isByImages = strategy.kind !== "lazy" && strategy.kind !== "sampled";
  const ways = [
    ...(isByImages ? ["decide only what recovery reads (strategy lazy)"] : []),
    "raise the budget",
    "make the workload smaller",
    "or set allowIncomplete",
  ];
  return `${name}: the budget of ${message} was spent before every image was judged: ${ways.join(", ")}`;
}

async function fail<T>(
  options: ResolvedOptions<T>,
  explorer: Explorer<T>,
  trace: Trace,
  found: CrashFailure,
): Promise<never> {
  if (isRefusal(found.cause)) throw found.cause;
  const last = found.choices.at(-1) as CrashChoice; // a failure has at least one
  const judge = judgeOf(options.personalities, last);
  const { failure: simplest, blame } = await diagnose(found, judge, (choices) => explorer.judgePath(trace, choices));
  const failure = { ...simplest, blame, admittedBy: await explorer.admitting(trace, simplest) };
  explorer.report.failures[0] = failure;
  const text = failureText(options.name, failure, judge, explorer.report.recoveries);
  throw new CrashTestError(codeOf(failure), text, explorer.report, { cause: failure.cause });
}

/** A law that is used as it cannot be says nothing about the program. */
function isRefusal(cause: unknown): boolean {
  return cause instanceof CrashTestError && cause.code === "CRASH_TEST_INVALID_OPTION";
}

/** A recovery that never ends breaks a promise as well, and has a code of its own. */
function codeOf({ cause }: CrashFailure): CrashTestError["code"] {
  return cause instanceof CrashTestError && cause.code === "CRASH_TEST_UNSETTLED" ? cause.code : "CRASH_TEST_FAILED";
}

/** What a replay line names that there is not, as far as it shows before anything runs. */
function whyUnfit<T>({ personalities }: ResolvedOptions<T>, trace: Trace, choices: CrashChoice[]): string | undefined {
  for (const { personality } of choices) {
    const judge = [...personalities, ...knownPersonalities].find(({ name }) => name === personality);
    if (judge === undefined) {
      const names = judgesBeside(personalities).map(({ name }) => name);
      return `the replay names the personality ${personality}, which this run does not have; there is ${names.join(", ")}`;
    }
    if (judge.law !== "effects") return `the replay names the personality ${personality}, which has no crash choices`;
  }
  const { at } = choices[0] as CrashChoice; // the list is not empty
  const { length } = trace.records;
  if (at <= length) return undefined;
  return `the replay cuts the power before record ${at}, and this run ends with record ${length}: is the workload unchanged?`;
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
  const unfit = whyUnfit(options, trace, choices);
  if (unfit !== undefined) throw new CrashTestError("CRASH_TEST_INVALID_REPLAY", `${options.name}: ${unfit}`);
  const judged = await explorer.judgePath(trace, choices).catch((cause: unknown) => {
    const why = `${options.name}: the replay does not fit this run; is the workload deterministic and unchanged?`;
    throw new CrashTestError("CRASH_TEST_INVALID_REPLAY", why, undefined, { cause });
  });
  explorer.report.recoveries = choices.length;
  explorer.report.distinct = choices.length;
  if (judged === undefined) return explorer.report;
  const judge = judgeOf(options.personalities, judged.choices.at(-1) as CrashChoice); // a failure has at least one
  const blame = await explain(judged, judge, (choices) => explorer.judgePath(trace, choices));
  const failure = { ...judged, blame, admittedBy: await explorer.admitting(trace, judged) };
  explorer.report.failures.push(failure);
  const message = failureText(options.name, failure, judge, choices.length);
  throw new CrashTestError(codeOf(failure), message, explorer.report, { cause: failure.cause });
}
