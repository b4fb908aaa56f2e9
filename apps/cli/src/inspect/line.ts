import type { StoredJson } from "./stored-json.js";

/**
 * What an inspection says: one line for every header, frame, footer and damage, in the order in which they lie in the file.
 * The kinds and their fields are API, documented in docs/dump.md; a later version adds kinds and fields and changes none.
 */

/**
 * A value of a field. A `bigint` is an integer that the format stores in 64 bits and becomes a decimal string; a `number` is a
 * smaller one, or a place in the file. Bytes become lower-case hex, a map an object, a stored value JSON.
 */
export type LineValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | Uint8Array
  | StoredJson
  | ReadonlyMap<string, Uint8Array>
  | { readonly [name: string]: Uint8Array };

export interface Line {
  readonly kind: string;
  /** Bytes from the beginning of the file. */
  readonly offset: number;
  readonly length: number;
  readonly fields: Readonly<Record<string, LineValue>>;
}

/**
 * `torn`: what a crash leaves, and nothing in it was known durable. `corrupt`: everything else. `unreadable`: the system would
 * not give the bytes, or a later version wrote them.
 */
export type DamageVerdict = "torn" | "corrupt" | "unreadable";

/** A line of kind `damage`, which comes before every other line about the same bytes. */
export interface Damage extends Line {
  readonly kind: "damage";
  readonly fields: {
    readonly verdict: DamageVerdict;
    readonly code: string;
    readonly reason: string;
  } & KeyRange;
}

/** The user keys that damage to a database is about, in hex: absent where there is no bound. */
export type KeyRange = {
  /** From this one on, inclusive. */
  readonly keysFrom?: string;
  /** Above this one, exclusive. */
  readonly keysAfter?: string;
  /** Up to this one, inclusive. */
  readonly keysUpTo?: string;
};

export function damage(
  verdict: DamageVerdict,
  range: { readonly offset: number; readonly endOffset: number },
  code: string,
  reason: string,
  keys: KeyRange = {},
): Damage {
  const { offset, endOffset } = range;
  return { kind: "damage", offset, length: endOffset - offset, fields: { verdict, code, reason, ...keys } };
}

/**
 * A line about bytes that nobody judges. `foreign`: of no format here. `auxiliary`: a lock or temporary file of ours. `aside`: what was cut
 * off a log and kept.
 */
export interface PassedOver extends Line {
  readonly kind: "foreign" | "auxiliary" | "aside";
  readonly fields: { readonly reason: string };
}

export function isPassedOver(line: Line): line is PassedOver {
  return line.kind === "foreign" || line.kind === "auxiliary" || line.kind === "aside";
}

export function isDamage(line: Line): line is Damage {
  return line.kind === "damage";
}
