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

/** Reads a row that should be bound so. Any bytes give an outcome; what it gives refers to them. */
export function decodeRow(row: Uint8Array, { logId, identity }: RowBinding): RowOutcome {
  const end = row.length - DIGEST_BYTES;
  if (end < FIXED_BYTES || !isSame(row, end, sha256.hash(row.subarray(0, end)), 0, DIGEST_BYTES)) {
    return { kind: "damaged" };
  }
  const view = new DataView(row.buffer, row.byteOffset, row.byteLength);
  const flags = view.getUint16(at.flags, true);
  const isOurs = isSame(row, 0, MAGIC, 0, MAGIC.length) && view.getUint16(at.version, true) === VERSION;
  if (!isOurs || (flags & ~COMPLETE) !== 0 || !isSame(row, at.logId, logId, 0, ID_BYTES)) return { kind: "foreign" };
  const name = new TextEncoder().encode(identity);
  const length = view.getUint32(at.length, true);
  if (length !== name.length || FIXED_BYTES + length > end || !isSame(row, FIXED_BYTES, name, 0, length)) {
    return { kind: "foreign" };
  }
  const sequence = peekUint64(view, at.sequence);
  const revision = peekUint64(view, at.revision);
  const lookedMs = peekUint64(view, at.looked);
  if (sequence < 1 || revision < 0 || lookedMs < 0) return { kind: "damaged" };
  const hash = row.subarray(at.hash, at.hash + HASH_BYTES);
  const facts = { sequence, hash, revision, lookedMs, isComplete: (flags & COMPLETE) !== 0 };
  return { kind: "row", facts, state: row.subarray(FIXED_BYTES + length, end) };
}
