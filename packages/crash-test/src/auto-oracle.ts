import { Directory } from "@holdfast/fs-seam";
import { CrashFs, isEffect, pendingAt, replayCrash, type Personality, type Trace } from "@holdfast/fs-seam/crash";
import { contextOf, type Ack } from "./crash-context.js";
import type { CrashMatrixOptions } from "./crash-matrix-options.js";
import { CrashTestError } from "./crash-test-error.js";
import { completeWith, completionOf, type ProgramState } from "./oracle-completion.js";
import { BrokenPromise, type Oracle } from "./oracles.js";
import { shortText, valueText } from "./value-text.js";

/**
 * For the option `check`, in place of a checker, also within `allOf` and `where`: what is recovered has to be what recovery makes
 * of the tree at some moment of the program, none before the last acknowledgement. Recovered values are compared as plain
 * data. It is named, not called: what it compares with is known once the program has run.
 *
 * @throws {@link CrashTestError} `CRASH_TEST_INVALID_OPTION` when it is called.
 */
export const auto: Oracle<unknown> = () => {
  const why =
    "option check calls auto, which cannot be called: give auto itself, allOf(auto, ...) or where(part, auto)";
  throw new CrashTestError("CRASH_TEST_INVALID_OPTION", why);
};
completeWith(auto, autoOn);

/**
 * The check with everything in it that {@link auto} stands for: what is recovered after a crash must be what recovery makes of
 * the tree at some moment between two calls of the program, everything before it kept, and not of a moment before the last
 * acknowledgement. After CrashMonkey (OSDI 2018) and C3, which compare recovered trees with those at persistence points.
 *
 * A moment at which recovery throws allows nothing. Costs one recovery for each call of the workload, and nothing without
 * `auto`.
 */
export async function withAuto<T>(
  check: CrashMatrixOptions<T>["check"],
  trace: Trace,
  personality: Personality,
  recover: CrashMatrixOptions<T>["recover"],
): Promise<CrashMatrixOptions<T>["check"]> {
  const complete = completionOf(check);
  if (complete === undefined) return check;
  const boundaries: ProgramState[] = [];
  const acks: Ack[] = [];
  for (let at = 0; at <= trace.records.length; at += 1) {
    const before = trace.records[at - 1];
    if (before?.kind === "mark") acks.push({ label: before.label, data: before.data });
    if (isInsideCall(trace, at)) continue;
    const found = await recoveredAt(trace, at, acks, personality, recover);
    if (found !== undefined) boundaries.push({ acks: acks.length, ...found });
  }
  return complete(boundaries);
}

function autoOn(boundaries: readonly ProgramState[]): Oracle<unknown> {
  const states = boundaries.map(({ acks, recovered }) => ({ acks, text: valueText(recovered) }));
  return (recovered, context) => {
    const text = valueText(recovered);
    const least = lastBefore(states, context.acks.length);
    if (states.slice(least).some((state) => state.text === text)) return;
    const known = states.some((state) => state.text === text);
    const why = known ? "is older than the last acknowledgement" : "was the state between no two calls";
    throw new BrokenPromise("auto", `${shortText(recovered)} ${why}`);
  };
}

/** The state in which an acknowledgement was given is the first one that may be there: nothing is between it and the mark. */
function lastBefore(boundaries: readonly { readonly acks: number }[], acks: number): number {
  const first = boundaries.findIndex((boundary) => boundary.acks >= acks);
  return first === -1 ? boundaries.length : first;
}

function isInsideCall({ records }: Trace, at: number): boolean {
  const [before, after] = [records[at - 1], records[at]];
  if (before === undefined || after === undefined || !isEffect(before) || !isEffect(after)) return false;
  return before.call === after.call;
}

async function recoveredAt<T>(
  trace: Trace,
  at: number,
  acks: readonly Ack[],
  personality: Personality,
  recover: CrashMatrixOptions<T>["recover"],
): Promise<{ recovered: T } | undefined> {
  const apply = pendingAt(trace, personality, at).map(({ seq }) => seq);
  const choice = { version: 1, personality: personality.name, at, apply, torn: {}, unwritten: "zeros" } as const;
  const fs = new CrashFs({ image: replayCrash(trace, choice, personality), personality });
  try {
    return { recovered: await recover(new Directory(fs), contextOf([...acks], 0)) };
  } catch {
    return undefined;
  }
}
