import {
  isEffect,
  personalities,
  personalityOf,
  unitsOf,
  unwrittenUnder,
  type CrashChoice,
  type Effect,
  type Personality,
} from "@holdfast/fs-seam/crash";
import type { LogRecord } from "@holdfast/fs-seam/crash";

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
 * The same choice for another personality, or undefined when that one knows no such thing: bytes nobody wrote, or a
 * write torn in other pieces than its own. Whether its edges and groups allow the rest, `replayCrash` says.
 */
export function choiceUnder(
  other: Personality,
  choice: CrashChoice,
  judge: Personality,
  records: readonly LogRecord[],
): CrashChoice | undefined {
  if (!unwrittenUnder(other).includes(choice.unwritten)) return undefined;
  const apply = [...choice.apply];
  const torn: Record<string, readonly number[]> = {};
  for (const [seq, pieces] of Object.entries(choice.torn)) {
    const record = records[Number(seq)];
    if (record !== undefined && isEffect(record) && isWhole(record, choice, judge)) apply.push(record.seq);
    else torn[seq] = pieces;
  }
  const tearsAlike = other.tears.kind === "any-units" && other.tears.unitBytes === judge.tears.unitBytes;
  if (Object.keys(torn).length > 0 && !tearsAlike) return undefined;
  return { ...choice, personality: other.name, apply: apply.sort((a, b) => a - b), torn };
}
