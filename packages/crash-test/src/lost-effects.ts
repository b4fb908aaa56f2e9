import {
  isEffect,
  isName,
  pendingAt,
  unitsOf,
  type CrashChoice,
  type Effect,
  type Personality,
  type Trace,
  type Unit,
  type Unwritten,
} from "@holdfast/fs-seam/crash";

/** What one power loss takes: effects by record number, whole, or but for some pieces of their page. */
export interface Loss {
  readonly whole: ReadonlySet<number>;
  /** Writes that survive in part: record number to the pieces that do. */
  readonly torn: Readonly<Record<string, readonly number[]>>;
  readonly unwritten: Unwritten;
}

export const nothingLost: Loss = { whole: new Set(), torn: {}, unwritten: "zeros" };

/**
 * The choice that loses these effects, and those that cannot survive without them, and keeps all others that are pending
 * before record `at`. Effects of the loss that do not exist yet count for nothing. Undefined when one of them is durable
 * by then.
 */
export function choiceWithout(trace: Trace, judge: Personality, at: number, loss: Loss): CrashChoice | undefined {
  const pending = pendingAt(trace, judge, at);
  const open = new Set(pending.map(({ seq }) => seq));
  const named = [...loss.whole, ...Object.keys(loss.torn).map(Number)];
  if (named.some((seq) => seq < at && !open.has(seq))) return undefined;
  const units = unitsOf(pending, judge, true);
  const kept = new Set<number>();
  units.forEach((unit, index) => {
    if (!isTaken(unit, loss) && unit.needs.every((needed) => kept.has(needed))) kept.add(index);
  });
  return choiceOf(judge, at, units, kept, loss.unwritten);
}

function isTaken({ effects, pieces }: Unit, { whole, torn }: Loss): boolean {
  return effects.some(({ seq }) => {
    const left = torn[String(seq)];
    return whole.has(seq) || (left !== undefined && !(pieces ?? []).every((piece) => left.includes(piece)));
  });
}

function choiceOf(
  judge: Personality,
  at: number,
  units: readonly Unit[],
  kept: ReadonlySet<number>,
  unwritten: Unwritten,
): CrashChoice {
  const apply = new Set<number>();
  const torn: Record<string, number[]> = {};
  units.forEach(({ effects, pieces }, index) => {
    if (!kept.has(index)) return;
    for (const { seq } of effects) {
      if (pieces === undefined) apply.add(seq);
      else (torn[String(seq)] ??= []).push(...pieces);
    }
  });
  for (const [seq, pieces] of Object.entries(torn)) {
    const all = units.filter(({ effects }) => effects.some((effect) => String(effect.seq) === seq)).length;
    if (pieces.length < all) continue;
    apply.add(Number(seq)); // every piece of it is there
    delete torn[seq];
  }
  return { version: 1, personality: judge.name, at, apply: [...apply].sort((a, b) => a - b), torn, unwritten };
}

/** What a choice takes on its own account: lost effects that could have survived with all that it keeps. */
export function lossOf(trace: Trace, judge: Personality, choice: CrashChoice): Loss {
  const pending = pendingAt(trace, judge, choice.at);
  const apply = new Set(choice.apply);
  const keeps = ({ effects, pieces }: Unit): boolean =>
    effects.every(
      ({ seq }) => apply.has(seq) || (pieces ?? []).some((piece) => choice.torn[String(seq)]?.includes(piece)),
    );
  const units = unitsOf(pending, judge, true);
  const whole = new Set<number>();
  const torn: Record<string, readonly number[]> = {};
  for (const unit of units) {
    if (keeps(unit) || !unit.needs.every((needed) => keeps(units[needed] as Unit))) continue;
    for (const { seq } of unit.effects) {
      const left = choice.torn[String(seq)];
      if (left === undefined) whole.add(seq);
      else torn[String(seq)] = left;
    }
  }
  return { whole, torn, unwritten: choice.unwritten };
}

/** The losses that lie in one: each of its effects alone, a rename as one, and each torn write lost as a whole. */
export function partsOf(loss: Loss, pending: readonly Effect[]): Loss[] {
  const groups = new Map<number, Set<number>>();
  const seqs = [...loss.whole, ...Object.keys(loss.torn).map(Number)].sort((a, b) => a - b);
  for (const seq of seqs) {
    const effect = pending.find((each) => each.seq === seq);
    const key = effect !== undefined && isName(effect) ? effect.group : seq;
    groups.set(key, (groups.get(key) ?? new Set()).add(seq));
  }
  const alone = [...groups.values()].map((whole): Loss => ({ whole, torn: {}, unwritten: "zeros" }));
  const tornAlone = Object.entries(loss.torn).map(([seq, pieces]): Loss => {
    return { whole: new Set(), torn: { [seq]: pieces }, unwritten: "zeros" };
  });
  return [...alone, ...tornAlone];
}

/** Whether a name effect is a step of a rename: one that moves, or the removal of what is replaced, which comes first. */
export function isRenameStep(records: Trace["records"], effect: Effect): boolean {
  if (!isName(effect)) return false;
  const next = records[effect.seq + 1];
  const replaced = next !== undefined && isEffect(next) && isName(next) && next.group === effect.group;
  return effect.rename !== "none" || replaced;
}

/** The first effect that a loss takes. */
export function firstOf({ whole, torn }: Loss): number | undefined {
  const seqs = [...whole, ...Object.keys(torn).map(Number)];
  return seqs.length === 0 ? undefined : Math.min(...seqs);
}

/** How many things a loss takes; a rename is one. */
export function sizeOf(loss: Loss, records: Trace["records"]): number {
  const groups = new Set<number>();
  for (const seq of loss.whole) {
    const record = records[seq];
    groups.add(record !== undefined && (record.kind === "link" || record.kind === "unlink") ? record.group : seq);
  }
  return groups.size + Object.keys(loss.torn).length;
}
