import { isName, type CrashChoice, type Effect } from "@holdfast/fs-seam/crash";
import type { CrashFailure } from "./explore.js";

/**
 * Gives lost effects back one after the other, latest first, as long as the failure stays: what is left lost in the end
 * is what matters. Only the last power loss of a path is shrunk. Cost: at most two recoveries for each lost effect.
 *
 * @param replay - judges a path of power losses again; undefined when it passes, a rejection when it is not legal.
 */
export async function shrinkFailure(
  failure: CrashFailure,
  pending: readonly Effect[],
  replay: (choices: readonly CrashChoice[]) => Promise<CrashFailure | undefined>,
): Promise<CrashFailure> {
  let best = failure;
  for (let round = 0; round < 2; round += 1) {
    for (const effect of [...pending].reverse()) {
      const wider = withEffect(best.choices.at(-1) as CrashChoice, effect, pending); // never empty
      if (wider === undefined) continue;
      const again = await replay([...best.choices.slice(0, -1), wider]).catch(() => undefined);
      if (again !== undefined) best = { ...again, admittedBy: failure.admittedBy };
    }
  }
  return best;
}

/** The choice with one more effect kept whole, the rest of its rename with it; undefined when it is kept already. */
function withEffect(choice: CrashChoice, effect: Effect, pending: readonly Effect[]): CrashChoice | undefined {
  if (choice.apply.includes(effect.seq)) return undefined;
  const group = isName(effect) ? pending.filter((other) => isName(other) && other.group === effect.group) : [effect];
  const apply = new Set([...choice.apply, ...group.map(({ seq }) => seq)]);
  const { [String(effect.seq)]: _whole, ...torn } = choice.torn;
  return { ...choice, apply: [...apply].sort((a, b) => a - b), torn };
}
