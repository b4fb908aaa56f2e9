import {
  isEffect,
  isName,
  type CrashChoice,
  type Effect,
  type LogRecord,
  type Personality,
  type Trace,
} from "@holdfast/fs-seam/crash";
import { firstOf, lossOf, nothingLost, sizeOf } from "./lost-effects.js";
import { goneIn } from "./report/settlement.js";
import type { Trial } from "./trial.js";

/**
 * What a failure comes down to, by record numbers of the run in which the last power loss happened.
 *
 * - `order`: record `trigger` may persist before record `lost`, and that is enough to break the promise.
 * - `acknowledged`: record `lost` may still be lost when the mark `trigger` has been made.
 * - `parts`: of one call, `trigger` may persist without `lost`, or without a part of it.
 * - `steps`: nothing need be lost; between the calls of `trigger` and `lost` the disk is in no state the check accepts.
 * - `media`: a failed barrier or the disk lost bytes.
 * - `several`: more than one thing must be lost at once, and no moment was found since when; `lost` is the first of them.
 * - `program`: everything survives, and the check fails all the same.
 */
export interface Blame {
  /** Which of the above it is. */
  readonly kind: "order" | "acknowledged" | "parts" | "steps" | "media" | "several" | "program";
  /** Number of the record that is lost, where one is. */
  readonly lost: number | undefined;
  /** Number of the record that may persist, or that was made, without it; undefined where no such one was found. */
  readonly trigger: number | undefined;
}

const theProgram: Blame = { kind: "program", lost: undefined, trigger: undefined };

/** Finds the ordered pair behind a failure that has been shrunk: the first moment at which its loss matters says what for. */
export async function blameFor(trial: Trial): Promise<Blame> {
  const { trace, judge, choice } = trial;
  const loss = lossOf(trace, judge, choice);
  const lost = firstOf(loss);
  if (lost === undefined) return withoutLoss(trial);
  if (await trial.at(callStart(trace, lost), nothingLost)) return steps(trial, lost);
  const from = callEnd(trace, lost);
  if (await trial.at(from, loss)) return { kind: "parts", lost, trigger: otherPart(trace, lost, choice) };
  for (let moment = from + 1; moment <= choice.at; moment += 1) {
    if (!isBetweenCalls(trace, moment) || !(await trial.at(moment, loss))) continue;
    return pair(trace, lost, moment - 1);
  }
  const trigger = likely(trace, lost, choice);
  return sizeOf(loss, trace.records) > 1 ? { kind: "several", lost, trigger } : pair(trace, lost, trigger);
}

/** The same without a search, when nothing may be tried again. */
export function guessedBlame(trace: Trace, judge: Personality, choice: CrashChoice): Blame {
  const loss = lossOf(trace, judge, choice);
  const lost = firstOf(loss);
  return lost === undefined ? theProgram : pair(trace, lost, likely(trace, lost, choice));
}

function pair({ records }: Trace, lost: number, trigger: number | undefined): Blame {
  const acknowledged = trigger !== undefined && records[trigger]?.kind === "mark";
  return { kind: acknowledged ? "acknowledged" : "order", lost, trigger };
}

/** Without a search: the latest mark behind the lost effect, or else the latest effect that the choice keeps. */
function likely({ records }: Trace, lost: number, { at, apply }: CrashChoice): number | undefined {
  const mark = records.slice(lost, at).findLast(({ kind }) => kind === "mark");
  return mark?.seq ?? apply.findLast((seq) => seq > lost) ?? apply.at(-1);
}

/** Another effect of the same call that survives. */
function otherPart({ records }: Trace, lost: number, { apply }: CrashChoice): number | undefined {
  return apply.findLast((seq) => seq !== lost && isOneCall(records[seq], records[lost]));
}

/** The disk is wrong before the lost effect was asked for: the call before it and this one are two steps of one change. */
async function steps(trial: Trial, lost: number): Promise<Blame> {
  const { trace } = trial;
  let moment = callStart(trace, lost);
  for (let earlier = moment - 1; earlier >= 0; earlier -= 1) {
    if (!isBetweenCalls(trace, earlier)) continue;
    if (!(await trial.at(earlier, nothingLost))) break;
    moment = earlier;
  }
  if (trial.isSpent || moment === 0) return theProgram;
  const trigger = moment - 1;
  return trace.records[trigger]?.kind === "mark" ? pair(trace, lost, trigger) : { kind: "steps", lost, trigger };
}

/** Everything survives. Either a later call puts it right, and this is a moment between two steps, or nothing does. */
async function withoutLoss(trial: Trial): Promise<Blame> {
  const { trace, choice } = trial;
  const { records } = trace;
  const gone = [...goneIn({ ...trace, records: records.slice(0, choice.at) }).keys()];
  if (gone.length > 0) return { kind: "media", lost: gone[0], trigger: undefined };
  for (let moment = choice.at + 1; moment <= records.length; moment += 1) {
    if (!isBetweenCalls(trace, moment) || (await trial.at(moment, nothingLost))) continue;
    if (trial.isSpent) return theProgram;
    const mends = records.slice(choice.at, moment).findLast(isEffect);
    return mends === undefined ? theProgram : steps(trial, mends.seq);
  }
  return theProgram;
}

/** Effects of one call are one step of the program; a power loss inside it is a loss of its later effects. */
function isOneCall(a: LogRecord | undefined, b: LogRecord | undefined): boolean {
  if (a === undefined || b === undefined || !isEffect(a) || !isEffect(b)) return false;
  return (a.call !== undefined && a.call === b.call) || isOneRename(a, b);
}

function isOneRename(a: Effect, b: Effect): boolean {
  return isName(a) && isName(b) && a.group === b.group;
}

function isBetweenCalls({ records }: Trace, moment: number): boolean {
  return !isOneCall(records[moment - 1], records[moment]);
}

function callStart(trace: Trace, seq: number): number {
  let moment = seq;
  while (!isBetweenCalls(trace, moment)) moment -= 1;
  return moment;
}

function callEnd(trace: Trace, seq: number): number {
  let moment = seq + 1;
  while (!isBetweenCalls(trace, moment)) moment += 1;
  return moment;
}
