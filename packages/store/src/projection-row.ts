import { peekUint64, writeUint64 } from "@holdfast/segment-codec";
import { HASH_BYTES, ID_BYTES, isSame } from "./event-layout.js";
import { sha256 } from "./sha256.js";

/**
 * A row of a cache: a state, what it is of, and where in which history it stands.
 *
 * ```
 *  0  4  "HFPR"                         32 32  that event's hash
 *  4  2  version: 1                     64  8  that event's revision
 *  6  2  flags                          72  8  when the store was looked at, milliseconds since 1970
 *  8 16  log id                         80  4  bytes of the identity
 * 24  8  sequence of the last event     84     identity, then state, then SHA-256 of all before: 32 bytes
 * ```
 *
 * A row is derived data, and nobody believes it unseen: what is damaged, of another store, projection, version, stream or region is a
 * miss, and so is one whose event the history does not have, or has with another hash.
 */

const MAGIC: Uint8Array = Uint8Array.of(0x48, 0x46, 0x50, 0x52);
const VERSION = 1;
const at = { version: 4, flags: 6, logId: 8, sequence: 24, hash: 32, revision: 64, looked: 72, length: 80 } as const;
const FIXED_BYTES = 84;
const DIGEST_BYTES = 32;
/** Everything that was visible then is in the state, and not only what was durable. */
const COMPLETE = 1;

/** What a row is bound to besides an event. */
export interface RowBinding {
  /** 16 bytes. */
  readonly logId: Uint8Array;
  readonly identity: string;
}

/** What a row says of its state. */
export interface RowFacts {
  /** Of the last event that the state has taken in, from 1. */
  readonly sequence: number;
  /** Of that event, 32 bytes. */
  readonly hash: Uint8Array;
  /** Of that event in its stream. */
  readonly revision: number;
  /** When the store was looked at for it: whole milliseconds since 1970. */
  readonly lookedMs: number;
  /** Whether the state has all that was visible at that time. */
  readonly isComplete: boolean;
}

/** What the bytes of a row turned out to be. */
export type RowOutcome =
  | { readonly kind: "row"; readonly facts: RowFacts; readonly state: Uint8Array }
  /** `damaged`: not as it was written. `foreign`: of something else, or of a later format. */
  | { readonly kind: "damaged" | "foreign" };

/** The bytes of a row, owned by the caller. */
export function encodeRow({ logId, identity }: RowBinding, facts: RowFacts, state: Uint8Array): Uint8Array {
  const name = new TextEncoder().encode(identity);
  const row = new Uint8Array(FIXED_BYTES + name.length + state.length + DIGEST_BYTES);
  const view = new DataView(row.buffer);
  row.set(MAGIC);
  view.setUint16(at.version, VERSION, true);
  view.setUint16(at.flags, facts.isComplete ? COMPLETE : 0, true);
  row.set(logId, at.logId);
  writeUint64(view, at.sequence, facts.sequence);
  row.set(facts.hash, at.hash);
  writeUint64(view, at.revision, facts.revision);
  writeUint64(view, at.looked, facts.lookedMs);
  view.setUint32(at.length, name.length, true);
  row.set(name, FIXED_BYTES);
  row.set(state, FIXED_BYTES + name.length);
  row.set(sha256.hash(row.subarray(0, -DIGEST_BYTES)), row.length - DIGEST_BYTES);
  return row;
}

/** What the bytes of a row say, whatever it is bound to. */
export type RowInspection =
  | {
      readonly kind: "row";
      readonly version: number;
      readonly logId: Uint8Array;
      /** UTF-8. */
      readonly identity: Uint8Array;
      readonly facts: RowFacts;
      readonly state: Uint8Array;
    }
  /** Under a digest that holds, or with none that does. */
  | { readonly kind: "damaged"; readonly isSealed: boolean; readonly offset: number; readonly why: string }
  /** Its digest holds, and it is none of this version. */
  | { readonly kind: "unsupported"; readonly offset: number };

/** Reads a row by itself. Any bytes give an outcome; what it gives refers to them. */
export function inspectRow(row: Uint8Array): RowInspection {
  const end = row.length - DIGEST_BYTES;
  if (end < FIXED_BYTES) return { kind: "damaged", isSealed: false, offset: row.length, why: "ends too early" };
  if (!isSame(row, end, sha256.hash(row.subarray(0, end)), 0, DIGEST_BYTES)) {
    return { kind: "damaged", isSealed: false, offset: end, why: "has another digest" };
  }
  const view = new DataView(row.buffer, row.byteOffset, row.byteLength);
  const version = view.getUint16(at.version, true);
  const flags = view.getUint16(at.flags, true);
  if (!isSame(row, 0, MAGIC, 0, MAGIC.length)) return { kind: "unsupported", offset: 0 };
  if (version !== VERSION) return { kind: "unsupported", offset: at.version };
  if ((flags & ~COMPLETE) !== 0) return { kind: "unsupported", offset: at.flags };
  const damaged = (offset: number, why: string): RowInspection => ({ kind: "damaged", isSealed: true, offset, why });
  const stateAt = FIXED_BYTES + view.getUint32(at.length, true);
  if (stateAt > end) return damaged(at.length, "has an identity beyond its end");
  const sequence = peekUint64(view, at.sequence);
  const revision = peekUint64(view, at.revision);
  const lookedMs = peekUint64(view, at.looked);
  if (sequence < 1) return damaged(at.sequence, "has an impossible sequence");
  if (revision < 0) return damaged(at.revision, "has a revision beyond 2^53");
  if (lookedMs < 0) return damaged(at.looked, "has a time beyond 2^53");
  const hash = row.subarray(at.hash, at.hash + HASH_BYTES);
  return {
    kind: "row",
    version,
    logId: row.subarray(at.logId, at.logId + ID_BYTES),
    identity: row.subarray(FIXED_BYTES, stateAt),
    facts: { sequence, hash, revision, lookedMs, isComplete: (flags & COMPLETE) !== 0 },
    state: row.subarray(stateAt, end),
  };
}

/** Reads a row that should be bound so. Any bytes give an outcome; what it gives refers to them. */
export function decodeRow(row: Uint8Array, { logId, identity }: RowBinding): RowOutcome {
  const found = inspectRow(row);
  if (found.kind === "unsupported") return { kind: "foreign" };
  if (found.kind === "damaged") return { kind: "damaged" };
  const name = new TextEncoder().encode(identity);
  const isOwn =
    isSame(found.logId, 0, logId, 0, ID_BYTES) &&
    found.identity.length === name.length &&
    isSame(found.identity, 0, name, 0, name.length);
  return isOwn ? { kind: "row", facts: found.facts, state: found.state } : { kind: "foreign" };
}
