import type { CrashChoice, Effect, LogRecord, Personality } from "@holdfast/fs-seam/crash";
import { isEffect } from "@holdfast/fs-seam/crash";
import { isWhole } from "./failure-text.js";

/**
 * A choice as another personality would write it, or undefined when that one cannot: bytes nobody wrote, or a write torn
 * where it tears none. Whether its edges and groups allow the rest is for `replayCrash` to say.
 */
export function choiceUnder(
  judge: Personality,
  choice: CrashChoice,
  records: readonly LogRecord[],
  tornAt: number,
): CrashChoice | undefined {
  if (choice.unwritten === "garbage" && judge.unwritten !== "garbage") return undefined;
  const whole = records.filter((record): record is Effect => isEffect(record) && isWhole(record, choice));
  const torn = Object.fromEntries(
    Object.entries(choice.torn).filter(([seq]) => !whole.some((effect) => String(effect.seq) === seq)),
  );
  const tears = judge.tears.kind === "any-units" && judge.tears.unitBytes === tornAt;
  if (Object.keys(torn).length > 0 && !tears) return undefined;
  const apply = [...choice.apply, ...whole.map(({ seq }) => seq)].sort((a, b) => a - b);
  return { ...choice, personality: judge.name, apply, torn };
}
