import { imageHash, replayCrash, type CrashChoice, type Personality, type Trace } from "@holdfast/fs-seam/crash";
import { sameDiskUnder } from "../admission.js";

/** Whether a weaker personality allows the image with this hash that a stronger one leaves by `choice`. */
export function admits(
  trace: Trace,
  choice: CrashChoice,
  hash: number,
  stronger: Personality,
  weaker: Personality,
): boolean {
  const same = sameDiskUnder(weaker, choice, stronger, trace);
  return same !== undefined && imageHash(replayCrash(trace, same, weaker)) === hash;
}
