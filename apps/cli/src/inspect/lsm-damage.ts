import type { LsmError } from "@holdfast/lsm-tree";
import { damage, type Damage, type DamageVerdict, type KeyRange } from "./line.js";
import { keyRangeOf, keyRangeText } from "./key-text.js";

/** Whether an error says that a later version, or one with a codec of its own, would know the bytes. */
function lsmVerdict({ code }: LsmError): DamageVerdict {
  return code === "LSM_UNSUPPORTED" || code === "LSM_UNSUPPORTED_CODEC" ? "unreadable" : "corrupt";
}

/**
 * The damage that an error of a database's bytes tells of, with its keys.
 *
 * @param subject - what it is about, in front of the reason.
 * @param keys - where the error itself knows none.
 */
export function lsmDamage(
  error: LsmError,
  range: { readonly offset: number; readonly endOffset: number },
  subject: string,
  keys: KeyRange = {},
): Damage {
  const own = keyRangeOf(error.context);
  const known = keyRangeText(own) === "" ? keys : own;
  const about = [subject, keyRangeText(known)].filter((text) => text !== "").join(", ");
  return damage(lsmVerdict(error), range, error.code, `${about}: ${error.message}`, known);
}
