import { isUtf8 } from "node:buffer";
import { StoreError } from "./store-error.js";

/**
 * The names by which events are filed: entities and scopes. Any text is a name that has at most 1024 bytes in UTF-8, no control
 * character (U+0000 to U+001F and U+007F) and no half of a surrogate pair. Names are equal when their bytes are: nothing is
 * normalised. An entity is never empty; an empty scope is no scope.
 */

export type NameField = "entity" | "scope" | "entityPrefix";

/** Bytes of the longest name, in UTF-8. */
export const MAX_NAME_BYTES = 1024;

/** Lanes are numbers below this one. */
export const LANE_LIMIT = 0x1_0000_0000;

const encoder = new TextEncoder();

/** Half a surrogate pair: in a pattern with the flag u, whole pairs are one character and do not match. */
const loneSurrogate = /\p{Surrogate}/u;

/**
 * The UTF-8 bytes of a name, owned by the caller.
 *
 * @throws {@link StoreError} `STORE_INVALID_NAME` with the field and the reason.
 */
export function encodeName(name: string, field: NameField): Uint8Array {
  if (typeof name !== "string") throw refused(field, `must be a string, not ${typeof name}`);
  // A name has at least a byte a character, so a huge one costs no memory.
  if (name.length > MAX_NAME_BYTES) throw refused(field, `has over ${MAX_NAME_BYTES} bytes`, name.length);
  if (loneSurrogate.test(name)) throw refused(field, "has half a surrogate pair, which UTF-8 cannot hold");
  const bytes = encoder.encode(name);
  const fault = nameFault(bytes, 0, bytes.length, field);
  if (fault !== undefined) throw refused(field, fault, bytes.length);
  return bytes;
}

/** Names of up to so many characters are remembered, and so many of them: a store writes to the same streams again and again. */
const REMEMBERED_CHARACTERS = 64;
const REMEMBERED_NAMES = 4096;
const remembered = new Map<string, Uint8Array>();

/** {@link encodeName} with bytes that are lent: nobody may change them. A name that was asked for before costs a tenth. */
export function lendName(name: string, field: NameField): Uint8Array {
  const known = remembered.get(name);
  if (known !== undefined) return known; // an entity, a scope and a prefix that are names have the same bytes
  const bytes = encodeName(name, field);
  if (name.length > REMEMBERED_CHARACTERS || bytes.length === 0) return bytes;
  if (remembered.size >= REMEMBERED_NAMES) remembered.clear();
  remembered.set(name, bytes);
  return bytes;
}

/** Why the bytes from `start` to `end` are no such name, or undefined when they are one. The range is inside `bytes`. */
export function nameFault(bytes: Uint8Array, start: number, end: number, field: NameField): string | undefined {
  if (end - start > MAX_NAME_BYTES) return `has over ${MAX_NAME_BYTES} bytes`;
  if (end === start && field !== "scope") return "is empty";
  let isAscii = true;
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!; // inside the range
    if (byte < 0x20 || byte === 0x7f) return `has the control character 0x${byte.toString(16).padStart(2, "0")}`;
    if (byte >= 0x80) isAscii = false;
  }
  return isAscii || isUtf8(bytes.subarray(start, end)) ? undefined : "is not UTF-8";
}

/**
 * Throws unless `lane` is one.
 *
 * @throws {@link StoreError} `STORE_INVALID_NAME`.
 */
export function checkLane(lane: number): void {
  if (Number.isInteger(lane) && lane >= 0 && lane < LANE_LIMIT) return;
  const message = `lane must be a whole number from 0 to 2^32-1, not ${String(lane)}`;
  throw new StoreError("STORE_INVALID_NAME", message, { field: "lane", actual: String(lane) });
}

function refused(field: NameField, why: string, actual?: number): StoreError {
  return new StoreError("STORE_INVALID_NAME", `${field} ${why}`, { field, expected: MAX_NAME_BYTES, actual });
}
