import {
  isEffect,
  isName,
  personalityOf,
  unitsOf,
  type CrashChoice,
  type Effect,
  type Personality,
  type Trace,
} from "@holdfast/fs-seam/crash";
import { describeCall } from "./call-site.js";
import type { CrashFailure } from "./explore.js";

/** Pending effects a choice lost, and those it kept, in log order. A torn write is among both. */
export interface KeptAndLost {
  readonly kept: readonly Effect[];
  readonly lost: readonly Effect[];
}

/** Splits the effects before a power loss. Effects a barrier had settled count as kept. */
export function keptAndLost(trace: Trace, choice: CrashChoice, pending: readonly Effect[]): KeptAndLost {
  const open = new Set(pending.map(({ seq }) => seq));
  const whole = new Set(choice.apply);
  const before = trace.records.filter(isEffect).filter(({ seq }) => seq < choice.at);
  return {
    kept: before.filter(({ seq }) => !open.has(seq) || whole.has(seq) || choice.torn[String(seq)] !== undefined),
    lost: before.filter((effect) => open.has(effect.seq) && !whole.has(effect.seq) && !isWhole(effect, choice)),
  };
}

function isWhole(effect: Effect, choice: CrashChoice): boolean {
  const pieces = choice.torn[String(effect.seq)];
  if (pieces === undefined || effect.kind !== "data") return false;
  const units = unitsOf([effect], judgeOf(choice), true);
  return units.every((unit) => unit.pieces === undefined || unit.pieces.every((piece) => pieces.includes(piece)));
}

function judgeOf(choice: CrashChoice): Personality {
  try {
    return personalityOf(choice.personality);
  } catch {
    return personalityOf("posix"); // a personality of the caller's own; only the size of its pieces is of interest
  }
}

/** What one effect is, in words. */
export function effectText(effect: Effect): string {
  switch (effect.kind) {
    case "data":
      return `the bytes of ${describeCall(effect.call)}`;
    case "size":
      return `the length set by ${describeCall(effect.call)}`;
    case "link":
    case "unlink":
      return `the ${effect.kind === "link" ? "new" : "removed"} name ${JSON.stringify(effect.name)} of ${describeCall(effect.call)}`;
  }
}

/** The message of a failed crash matrix. */
export function failureText(name: string, failure: CrashFailure, pending: readonly Effect[], recoveries: number): string {
  const choice = failure.choices.at(-1) as CrashChoice; // a failure has at least one
  const { kept, lost } = keptAndLost(failure.trace, choice, pending);
  const lines = [`${name}: a promise was broken after ${recoveries} recoveries`];
  lines.push(...orderLines(failure, kept, lost).map((line) => `  ${line}`));
  lines.push(`  Outcome: ${failure.cause instanceof Error ? failure.cause.message : String(failure.cause)}`);
  lines.push(`  Acknowledged before: ${failure.context.acks.map(({ label }) => label).join(", ") || "nothing"}`);
  lines.push(`  Admitted by: ${failure.admittedBy.join(", ")}`);
  const advice = adviceFor(lost);
  if (advice !== undefined) lines.push(`  Fix: ${advice}`);
  lines.push(`  Replay: ${JSON.stringify(failure.choices)}`);
  return lines.join("\n");
}

function orderLines(failure: CrashFailure, kept: readonly Effect[], lost: readonly Effect[]): string[] {
  const where = failure.context.depth === 0 ? "" : ` (crash ${failure.context.depth} inside recovery)`;
  const first = lost[0];
  if (first === undefined) return [`everything that was written survives${where}, and recovery still fails`];
  const later = kept.findLast((effect) => effect.seq > first.seq);
  const lines =
    later === undefined
      ? [`${effectText(first)} may be lost${where}`]
      : [`${effectText(later)} may persist before ${effectText(first)}${where}`];
  for (const effect of lost.slice(1, 8)) lines.push(`also lost: ${effectText(effect)}`);
  if (lost.length > 8) lines.push(`and ${lost.length - 8} more effects are lost`);
  return lines;
}

/** One line that would have kept the first lost effect. */
function adviceFor(lost: readonly Effect[]): string | undefined {
  const first = lost[0];
  if (first === undefined) return undefined;
  if (isName(first)) return `sync the names of the directory after ${describeCall(first.call)}`;
  return `sync the file after ${describeCall(first.call)}, before what relies on it`;
}
