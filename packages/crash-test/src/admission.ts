import {
  imageHash,
  pendingAt,
  personalities,
  personalityOf,
  replayCrash,
  unitsOf,
  unwrittenUnder,
  type CrashChoice,
  type Effect,
  type Personality,
  type Trace,
} from "@holdfast/fs-seam/crash";

/** The personality that a choice was made under: one of the run, or a known one of that name. */
export function judgeOf(personalities: readonly Personality[], choice: CrashChoice): Personality {
  return personalities.find(({ name }) => name === choice.personality) ?? personalityOf(choice.personality);
}

/** The personalities of a run and, behind them, all others known by name whose power losses have a choice. */
export function judgesBeside(own: readonly Personality[]): Personality[] {
  const others = personalities.filter(({ law, name }) => law === "effects" && !own.some((each) => each.name === name));
  return [...own, ...others];
}

/** Whether a choice that lists a write piece by piece lists all of it. */
export function isWhole(effect: Effect, choice: CrashChoice, judge: Personality): boolean {
  const kept = choice.torn[String(effect.seq)];
  if (kept === undefined) return false;
  return unitsOf([effect], judge, true).every(({ pieces }) => pieces?.every((piece) => kept.includes(piece)) ?? true);
}

/**
 * The choice by which another personality leaves the disk that this one leaves, or undefined when it never does. Record
 * numbers alone do not say: what is settled under one is pending under another, and some count a length that is stated
 * again where others do not.
 */
export function sameDiskUnder(
  other: Personality,
  choice: CrashChoice,
  judge: Personality,
  trace: Trace,
): CrashChoice | undefined {
  const wanted = imageHash(replayCrash(trace, choice, judge));
  const nearest = nearestUnder(other, choice, judge, trace);
  for (const unwritten of unwrittenUnder(other)) {
    const same = { ...nearest, unwritten };
    if (imageHash(replayCrash(trace, same, other)) === wanted) return same;
  }
  return undefined;
}

/**
 * The choice of another personality that comes nearest: what this one has settled is kept, of the rest what it kept, and
 * whatever all that needs there.
 */
export function nearestUnder(other: Personality, choice: CrashChoice, judge: Personality, trace: Trace): CrashChoice {
  const open = new Set(pendingAt(trace, judge, choice.at).map(({ seq }) => seq));
  const kept = new Set(choice.apply);
  const units = unitsOf(pendingAt(trace, other, choice.at), other, true);
  const tearsAlike = other.tears.unitBytes === judge.tears.unitBytes;
  const chosen = units.map(({ effects, pieces }) =>
    effects.some((effect) => {
      if (kept.has(effect.seq) || !open.has(effect.seq) || isWhole(effect, choice, judge)) return true;
      const left = tearsAlike ? choice.torn[String(effect.seq)] : undefined;
      return left !== undefined && (pieces?.some((piece) => left.includes(piece)) ?? true);
    }),
  );
  for (let at = units.length - 1; at >= 0; at -= 1) {
    if (chosen[at] === true) for (const needed of units[at]?.needs ?? []) chosen[needed] = true;
  }
  const apply = new Set<number>();
  const torn: Record<string, number[]> = {};
  units.forEach(({ effects, pieces }, at) => {
    if (chosen[at] !== true) return;
    for (const { seq } of effects) {
      if (pieces === undefined) apply.add(seq);
      else (torn[String(seq)] ??= []).push(...pieces);
    }
  });
  const unwritten = unwrittenUnder(other).includes(choice.unwritten) ? choice.unwritten : "zeros";
  return { ...choice, personality: other.name, apply: [...apply].sort((a, b) => a - b), torn, unwritten };
}
