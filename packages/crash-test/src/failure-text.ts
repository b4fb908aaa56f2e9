import {
  isEffect,
  isName,
  pendingAt,
  personalities,
  type BarrierRecord,
  type CrashChoice,
  type Effect,
  type LogRecord,
  type NameEffect,
  type Personality,
  type Trace,
} from "@holdfast/fs-seam/crash";
import { isWhole } from "./admission.js";
import { guessedBlame, type Blame } from "./blame.js";
import { describeCall } from "./call-site.js";
import type { CrashFailure } from "./crash-matrix-report.js";
import { exposureOf } from "./exposure.js";
import { fixFor, fixText } from "./fix.js";
import { isRenameStep } from "./lost-effects.js";
import { isRestated } from "./report/settlement.js";

const pageBytes = 4096;
/** More lost effects than this are counted, not named. */
const maxNamed = 8;

/** What became of the effects before a power loss, each list in log order. */
interface Fates {
  /** Durable whatever happens: a barrier had settled them. */
  readonly settled: readonly Effect[];
  /** Not settled, and kept by this choice. A torn write is among both, kept and lost. */
  readonly kept: readonly Effect[];
  readonly lost: readonly Effect[];
  /** Never to reach the disk, whatever is kept: a failed barrier or the disk lost them. */
  readonly gone: readonly Effect[];
}

function fatesOf(trace: Trace, choice: CrashChoice, judge: Personality): Fates {
  const pending = pendingAt(trace, judge, choice.at);
  const open = new Set(pending.map(({ seq }) => seq));
  const whole = new Set(choice.apply);
  const before = trace.records.slice(0, choice.at);
  const failed = new Set(before.flatMap((record) => (isFailed(record) ? record.lost : [])));
  const isGone = (effect: Effect): boolean =>
    failed.has(effect.seq) || (effect.kind === "data" && (effect.lost || effect.strayTo !== undefined));
  const effects = before.filter(isEffect).filter((effect) => !isRestated(effect));
  const rest = effects.filter((effect) => !isGone(effect));
  return {
    settled: rest.filter(({ seq }) => !open.has(seq)),
    kept: rest.filter(({ seq }) => open.has(seq) && (whole.has(seq) || choice.torn[String(seq)] !== undefined)),
    lost: rest.filter((effect) => open.has(effect.seq) && !whole.has(effect.seq) && !isWhole(effect, choice, judge)),
    gone: effects.filter(isGone),
  };
}

function isFailed(record: LogRecord): record is BarrierRecord {
  return record.kind === "barrier" && record.outcome === "failed";
}

/** What one effect is, in words. */
export function effectText(effect: Effect): string {
  switch (effect.kind) {
    case "data": {
      const start = effect.page * pageBytes;
      return `bytes ${start + effect.start} to ${start + effect.end - 1} of ${describeCall(effect.call)}`;
    }
    case "size":
      return `the length ${effect.to} set by ${describeCall(effect.call)}`;
    case "link":
    case "unlink":
      return `the ${effect.kind === "link" ? "new" : "removed"} name ${JSON.stringify(effect.name)} of ${describeCall(effect.call)}`;
  }
}

/**
 * The message of a failed crash matrix.
 *
 * @param judge - the personality of the last power loss.
 */
export function failureText(name: string, failure: CrashFailure, judge: Personality, recoveries: number): string {
  const choice = failure.choices.at(-1) as CrashChoice; // a failure has at least one
  const fates = fatesOf(failure.trace, choice, judge);
  const lines = [`${name}: a promise was broken after ${recoveries} ${recoveries === 1 ? "recovery" : "recoveries"}`];
  const blame = failure.blame ?? guessedBlame(failure.trace, judge, choice);
  lines.push(...blameLines(failure.trace, blame, fates), ...goneLines(failure.trace, choice, fates));
  lines.push(`Power lost: ${momentText(failure.trace, choice, failure.context.depth)}`);
  lines.push(`Outcome: ${failure.cause instanceof Error ? failure.cause.message : String(failure.cause)}`);
  lines.push(`Acknowledged before: ${failure.context.acks.map(({ label }) => label).join(", ") || "nothing"}`);
  lines.push(`Admitted by: ${failure.admittedBy.join(", ")}`, ...assumedLines(failure, choice, judge));
  const fix = fixFor(failure.trace, blame);
  if (fix !== undefined) lines.push(`Fix: ${fixText(failure.trace, fix)}`);
  lines.push(...exposureOf(failure, judge, blame).map((text) => `Exposure: ${text}`));
  lines.push(`Replay: ${JSON.stringify(failure.choices)}`);
  return lines.join("\n  ");
}

/** What the failure comes down to, and what else is lost. */
function blameLines(trace: Trace, blame: Blame, fates: Fates): string[] {
  const { kept, lost } = fates;
  const describe = (effect: Effect): string => {
    const isRename = isName(effect) && isRenameStep(trace.records, effect) && isLostWhole(effect, fates);
    if (isRename) return describeCall(effect.call);
    return kept.includes(effect) && lost.includes(effect) ? `part of ${effectText(effect)}` : effectText(effect);
  };
  const blamed = blame.lost === undefined ? undefined : trace.records[blame.lost];
  const first = blamed !== undefined && isEffect(blamed) ? describe(blamed) : "";
  const others = new Set(lost.map(describe));
  others.delete(first);
  const lines = [...blameText(trace, blame, first), ...[...others].map((text) => `also lost: ${text}`)];
  if (lines.length <= maxNamed) return lines;
  return [...lines.slice(0, maxNamed), `and ${lines.length - maxNamed} more`];
}

function blameText({ records }: Trace, { kind, trigger }: Blame, lost: string): string[] {
  const record = trigger === undefined ? undefined : records[trigger];
  const survivor = record === undefined || record.kind === "mark" ? undefined : survivorText(record);
  switch (kind) {
    case "media":
      return [];
    case "program":
      return ["everything that was written survives, and the check still fails"];
    case "parts":
      return record !== undefined && isEffect(record)
        ? [`${effectText(record)} may persist without ${lost}`]
        : [`${lost} may persist without the rest`];
    case "order":
    case "steps":
    case "acknowledged":
    case "several":
      if (record?.kind === "mark") {
        return [`${lost} may still be lost after ${JSON.stringify(record.label)} is acknowledged`];
      }
      return [survivor === undefined ? `${lost} may be lost` : `${survivor} may persist before ${lost}`];
  }
}

function survivorText(record: LogRecord): string | undefined {
  if (isEffect(record) && isName(record) && record.rename !== "none") return describeCall(record.call);
  if (isEffect(record)) return effectText(record);
  return "call" in record && record.call !== undefined ? describeCall(record.call) : undefined;
}

/** Whether nothing of a rename survives: then the call says more than its steps. */
function isLostWhole({ group }: NameEffect, { settled, kept }: Fates): boolean {
  return ![...settled, ...kept].some((effect) => isName(effect) && effect.group === group);
}

function goneLines(trace: Trace, choice: CrashChoice, { gone }: Fates): string[] {
  const failures = trace.records.slice(0, choice.at).filter(isFailed);
  return gone.slice(0, maxNamed).map((effect) => {
    const barrier = failures.find(({ lost }) => lost.includes(effect.seq));
    if (barrier !== undefined) return `${effectText(effect)} were lost when ${describeCall(barrier.call)} failed`;
    return `${effectText(effect)} were accepted by the disk, which ${effect.kind === "data" && effect.lost ? "never wrote them" : "wrote them elsewhere"}`;
  });
}

/** No outcome was recorded in which a part of a page persists: there, a real file system admits what posix was given. */
function assumedLines({ trace, admittedBy }: CrashFailure, choice: CrashChoice, judge: Personality): string[] {
  const tears = trace.records.some(
    (record) => isEffect(record) && choice.torn[String(record.seq)] !== undefined && !isWhole(record, choice, judge),
  );
  const measured = personalities.filter(({ name, evidence }) => evidence !== undefined && admittedBy.includes(name));
  if (!tears || measured.length === 0) return [];
  const names = measured.map(({ name }) => name).join(", ");
  return [`Assumed: that a write tears under ${names} as under posix; torn writes were not measured`];
}

/** Between which two calls the power failed. */
function momentText(trace: Trace, { at }: CrashChoice, depth: number): string {
  const where = depth === 0 ? "" : `in recovery ${depth}, `;
  const last = trace.records.slice(0, at).findLast((record) => "call" in record && record.call !== undefined);
  const after = last !== undefined && "call" in last ? `after ${describeCall(last.call)}, ` : "";
  return `${where}${after}${nextText(trace.records[at])}`;
}

function nextText(next: LogRecord | undefined): string {
  if (next === undefined) return "at the end";
  if (next.kind === "barrier") return `before ${describeCall(next.call)} returns`;
  return next.kind === "mark" ? `before ${JSON.stringify(next.label)} is acknowledged` : "before the next call";
}
