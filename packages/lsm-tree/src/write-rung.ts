import type { WriteOptions, WriteRung } from "./engine-contract.js";
import { checkKeys } from "./option-check.js";

const rungs: readonly WriteRung[] = ["memory", "os", "data", "full"];

/** @throws `TypeError` or `RangeError` that names the option. */
export function rungOf(options: WriteOptions | undefined): WriteRung {
  if (options === undefined) return "os";
  checkKeys(options, ["rung"], "a write");
  const { rung = "os" } = options;
  if (!rungs.includes(rung)) throw new RangeError(`rung must be one of ${rungs.join(", ")}, not ${String(rung)}`);
  return rung;
}
