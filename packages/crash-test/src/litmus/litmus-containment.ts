import {
  imageHash,
  pendingAt,
  replayCrash,
  unitsOf,
  unwrittenUnder,
  type CrashChoice,
  type Personality,
  type Trace,
} from "@holdfast/fs-seam/crash";

/**
 * The choice by which a weaker personality leaves what a stronger one leaves by `choice`: what the stronger one has
 * settled already is kept, of the rest what was kept there, and whatever all that needs.
 */
function choiceUnderWeaker(trace: Trace, choice: CrashChoice, stronger: Personality, weaker: Personality): CrashChoice {
  const open = new Set(pendingAt(trace, stronger, choice.at).map(({ seq }) => seq));
  const kept = new Set(choice.apply);
  const units = unitsOf(pendingAt(trace, weaker, choice.at), weaker, false);
  const chosen = units.map(({ effects }) => effects.some(({ seq }) => kept.has(seq) || !open.has(seq)));
  for (let at = units.length - 1; at >= 0; at -= 1) {
    if (chosen[at] === true) for (const needed of units[at]?.needs ?? []) chosen[needed] = true;
  }
  const apply = units.flatMap(({ effects }, at) => (chosen[at] === true ? effects.map(({ seq }) => seq) : []));
  return { ...choice, personality: weaker.name, apply: apply.sort((a, b) => a - b), torn: {} };
}

/** Whether a weaker personality allows the image with this hash that a stronger one leaves by `choice`. */
export function admits(
  trace: Trace,
  choice: CrashChoice,
  hash: number,
  stronger: Personality,
  weaker: Personality,
): boolean {
  const same = choiceUnderWeaker(trace, choice, stronger, weaker);
  return unwrittenUnder(weaker).some((unwritten) => {
    try {
      return imageHash(replayCrash(trace, { ...same, unwritten }, weaker)) === hash;
    } catch {
      return false; // the weaker one is not weaker here: it forbids the choice
    }
  });
}
