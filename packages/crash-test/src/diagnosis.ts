import { isEffect, pendingAt, type Personality } from "@holdfast/fs-seam/crash";
import { blameFor, type Blame } from "./blame.js";
import type { CrashFailure } from "./crash-matrix-report.js";
import { lossOf, partsOf, sizeOf, type Loss } from "./lost-effects.js";
import { shrinkFailure } from "./shrink.js";
import { Trial, type Replay } from "./trial.js";

/** Recoveries that each step of a diagnosis may cost. */
const maxReplays = 300;
/** Later moments at which a loss is tried again. */
const maxLater = 32;

/** A failure in its simplest form, and what it comes down to. */
export interface Diagnosis {
  readonly failure: CrashFailure;
  readonly blame: Blame;
}

/**
 * Gives back what need not be lost, prefers one thing lost as a whole to several or to a part, and a late crash to an
 * early one, and then asks since when the loss matters.
 */
export async function diagnose(found: CrashFailure, judge: Personality, replay: Replay): Promise<Diagnosis> {
  const pending = pendingAt(found.trace, judge, found.choices.at(-1)?.at ?? 0);
  const shrunk = await shrinkFailure(found, pending, replay);
  const alone = await onePart(new Trial(shrunk, judge, replay, maxReplays));
  const failure = await latest(new Trial(alone, judge, replay, maxLater));
  return { failure, blame: await explain(failure, judge, replay) };
}

/** What a failure comes down to as it is, without making it simpler. */
export function explain(failure: CrashFailure, judge: Personality, replay: Replay): Promise<Blame> {
  return blameFor(new Trial(failure, judge, replay, maxReplays));
}

/** One of the effects of a failure lost alone, if that is enough. */
async function onePart(trial: Trial): Promise<CrashFailure> {
  const { trace, judge, choice, failure } = trial;
  const loss = lossOf(trace, judge, choice);
  const isSimple =
    sizeOf(loss, trace.records) <= 1 && Object.keys(loss.torn).length === 0 && loss.unwritten === "zeros";
  if (isSimple) return failure;
  for (const part of partsOf(loss, pendingAt(trace, judge, choice.at))) {
    const again = await trial.at(choice.at, part);
    if (again !== undefined) return again;
  }
  return failure;
}

/** The same loss at the latest moment at which it still breaks the promise: everything else has been done by then. */
async function latest(trial: Trial): Promise<CrashFailure> {
  const { trace, judge, choice, failure } = trial;
  const loss: Loss = lossOf(trace, judge, choice);
  if (loss.whole.size === 0 && Object.keys(loss.torn).length === 0) return failure;
  for (let moment = trace.records.length; moment > choice.at && !trial.isSpent; moment -= 1) {
    const next = trace.records[moment];
    if (next !== undefined && isEffect(next)) continue;
    const again = await trial.at(moment, loss);
    if (again !== undefined) return again;
  }
  return failure;
}
