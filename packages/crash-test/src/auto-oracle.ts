import { Directory } from "@holdfast/fs-seam";
import { CrashFs, isEffect, pendingAt, replayCrash, type Personality, type Trace } from "@holdfast/fs-seam/crash";
import { contextOf, type Ack } from "./crash-context.js";
import type { CrashContext, CrashMatrixOptions } from "./crash-matrix-options.js";
import { BrokenPromise, type Oracle } from "./oracles.js";
import { shortText, valueText } from "./value-text.js";

/** What recovery makes of the tree as the program saw it between two of its calls. */
interface Boundary {
  /** How much was acknowledged by then. */
  readonly acks: number;
  readonly text: string;
}

/**
 * For the option `check`, in place of a checker: what is recovered has to be what recovery makes of the tree at some moment
 * of the program, none before the last acknowledgement. Recovered values are compared as plain data.
 */
export function auto(): never {
  throw new Error("internal: crashMatrix puts the states of the program in place of this");
}

/**
 * The check that {@link auto} stands for: what is recovered after a crash must be what recovery makes of the tree at some moment
 * between two calls of the program, everything before it kept, and not of a moment before the last acknowledgement. After
 * CrashMonkey (OSDI 2018) and C3, which compare recovered trees with those at persistence points.
 *
 * A moment at which recovery throws allows nothing. Costs one recovery for each call of the workload.
 */
export async function autoOracle<T>(
  trace: Trace,
  personality: Personality,
  recover: CrashMatrixOptions<T>["recover"],
): Promise<Oracle<T>> {
  const boundaries: Boundary[] = [];
  const acks: Ack[] = [];
  for (let at = 0; at <= trace.records.length; at += 1) {
    const before = trace.records[at - 1];
    if (before?.kind === "mark") acks.push({ label: before.label, data: before.data });
    if (isInsideCall(trace, at)) continue;
    const text = await textAt(trace, at, acks, personality, recover);
    if (text !== undefined) boundaries.push({ acks: acks.length, text });
  }
  return (recovered: T, context: CrashContext) => {
    const text = valueText(recovered);
    const least = lastBefore(boundaries, context.acks.length);
    if (boundaries.slice(least).some((boundary) => boundary.text === text)) return;
    const known = boundaries.some((boundary) => boundary.text === text);
    const why = known ? "is older than the last acknowledgement" : "was the state between no two calls";
    throw new BrokenPromise("auto", `${shortText(recovered)} ${why}`);
  };
}

/** The state in which an acknowledgement was given is the first one that may be there: nothing is between it and the mark. */
function lastBefore(boundaries: readonly Boundary[], acks: number): number {
  const first = boundaries.findIndex((boundary) => boundary.acks >= acks);
  return first === -1 ? boundaries.length : first;
}

function isInsideCall({ records }: Trace, at: number): boolean {
  const [before, after] = [records[at - 1], records[at]];
  if (before === undefined || after === undefined || !isEffect(before) || !isEffect(after)) return false;
  return before.call === after.call;
}

async function textAt<T>(
  trace: Trace,
  at: number,
  acks: readonly Ack[],
  personality: Personality,
  recover: CrashMatrixOptions<T>["recover"],
): Promise<string | undefined> {
  const apply = pendingAt(trace, personality, at).map(({ seq }) => seq);
  const choice = { version: 1, personality: personality.name, at, apply, torn: {}, unwritten: "zeros" } as const;
  const fs = new CrashFs({ image: replayCrash(trace, choice, personality), personality });
  let recovered: T;
  try {
    recovered = await recover(new Directory(fs), contextOf([...acks], 0));
  } catch {
    return undefined;
  }
  return valueText(recovered);
}
