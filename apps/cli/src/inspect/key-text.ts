import type { LsmErrorContext } from "@holdfast/lsm-tree";
import type { KeyRange } from "./line.js";
import { quoted } from "./safe-text.js";
import { hexOf } from "./line-json.js";

/** User keys of a database in sentences. */

const shownBytes = 48;

/** A key in hex, as people read it: text where it is plain, and cut where it is long. */
function keyText(hex: string): string {
  const bytes = Buffer.from(hex.slice(0, shownBytes * 2), "hex");
  const text = bytes.toString("latin1");
  const shown = /^[ -~]+$/.test(text) ? quoted(text) : hexOf(bytes);
  return hex.length <= shownBytes * 2 ? shown || "the empty key" : `${shown}... (${hex.length / 2} bytes)`;
}

/** `keys from "a" to "b"`, or as much of that as there are bounds; "" without any. */
export function keyRangeText({ keysFrom, keysAfter, keysUpTo }: KeyRange): string {
  const bounds = [
    ...(keysFrom === undefined ? [] : [`from ${keyText(keysFrom)}`]),
    ...(keysAfter === undefined ? [] : [`above ${keyText(keysAfter)}`]),
    ...(keysUpTo === undefined ? [] : [`up to ${keyText(keysUpTo)}`]),
  ];
  return bounds.length === 0 ? "" : `keys ${bounds.join(" ")}`;
}

/** The keys that an error is about. */
export function keyRangeOf({ keysFrom, keysAfter, keysUpTo }: LsmErrorContext): KeyRange {
  return {
    ...(keysFrom !== undefined && { keysFrom }),
    ...(keysAfter !== undefined && { keysAfter }),
    ...(keysUpTo !== undefined && { keysUpTo }),
  };
}
