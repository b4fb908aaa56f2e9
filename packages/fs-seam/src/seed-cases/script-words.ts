import type { ScriptOp } from "./seed-case-file.js";
import { UnknownWord } from "./seed-outcome.js";

/** Reads the arguments of an operation; one that is missing or of another type makes the operation unknown. */

export function textOf(op: ScriptOp, field: string): string {
  const value = op[field];
  if (typeof value === "string") return value;
  throw new UnknownWord(`${op.op}: ${field} must be text`);
}

/** A whole number; of several names for it, the first that the operation uses. */
export function numberOf(op: ScriptOp, ...fields: readonly string[]): number {
  for (const field of fields) {
    const value = op[field];
    if (typeof value === "number" && Number.isSafeInteger(value)) return value;
  }
  throw new UnknownWord(`${op.op}: ${fields.join(" or ")} must be a whole number`);
}

/** Text is Latin-1: one character, one byte. */
export function bytesOf(op: ScriptOp, field: string): Uint8Array {
  const text = textOf(op, field);
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code > 0xff) throw new UnknownWord(`${op.op}: ${field} must be Latin-1`);
    bytes[at] = code;
  }
  return bytes;
}

export function latin1(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
