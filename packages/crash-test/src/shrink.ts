import { isName, type CrashChoice, type Effect } from "@holdfast/fs-seam/crash";
import type { CrashFailure } from "./crash-matrix-report.js";

/**
 * Gives lost effects back one after the other, latest first, as long as the failure stays: what is left lost in the end
 * is what matters, and none of it can be given back alone. Only the last power loss of a path is shrunk. Cost: at most
 * two recoveries for each lost effect, again for each round that gave one back.
 *
 * @param replay - judges a path of power losses again; undefined when it passes, a rejection when it is not legal.
 */
export async function shrinkFailure(
  failure: CrashFailure,
  pending: readonly Effect[],
  replay: (choices: readonly CrashChoice[]) => Promise<CrashFailure | undefined>,
): Promise<CrashFailure> {
  let best = failure;
  for (let changed = true; changed;) {
    changed = false; // an effect may only be legal once those it needs are back, so there can be many rounds
    for (const effect of [...pending].reverse()) {
      for (const wider of withEffect(best.choices.at(-1) as CrashChoice, effect, pending)) {
        const again = await replay([...best.choices.slice(0, -1), wider]).catch(() => undefined);
        // A failure further up the path would be another one.
        if (again?.choices.length !== best.choices.length) continue;
        best = again;
        changed = true;
        break;
      }
    }
  }
  return best;
}

/** The choice with one more effect kept whole, alone and, for a step of a rename, with the rest of it. */
function withEffect(choice: CrashChoice, effect: Effect, pending: readonly Effect[]): CrashChoice[] {
  if (choice.apply.includes(effect.seq)) return [];
  const group = isName(effect) ? pending.filter((other) => isName(other) && other.group === effect.group) : [effect];
  const sets = group.length > 1 ? [[effect], group] : [[effect]];
  return sets.map((set) => {
    const apply = new Set([...choice.apply, ...set.map(({ seq }) => seq)]);
    const { [String(effect.seq)]: _whole, ...torn } = choice.torn;
    return { ...choice, apply: [...apply].sort((a, b) => a - b), torn };
  });
}
