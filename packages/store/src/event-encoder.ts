import { writeUint64 } from "@holdfast/segment-codec";
import {
  DROPPED_BYTES,
  eventFlags,
  FIXED_BYTES,
  HASH_BYTES,
  ID_BYTES,
  isSame,
  isZero,
  LAYOUT,
  layoutAt as at,
  MAX_METADATA_BYTES,
} from "./event-layout.js";
import { LANE_LIMIT, nameFault } from "./event-name.js";
import { beginsMap, type EventRecord } from "./event-record.js";

/** What an event record says besides its payload. Bytes are borrowed until the call returns. */
export interface EventEnvelope {
  /** 1 to 0xffff. */
  readonly kind: number;
  /** Version of the payload's declaration, from 1; 0 states none. */
  readonly payloadVersion: number;
  /** Which of the streams of its entity. */
  readonly lane: number;
  /** Place in the stream of its entity and lane, from 0. */
  readonly revision: number;
  /** Microseconds since 1970, never below that of an earlier event. */
  readonly timeUs: number;
  /** 16 bytes. */
  readonly id: Uint8Array;
  /** Whether the id follows from an idempotency key. */
  readonly isKeyed: boolean;
  /** Hash of the event before it in the store, 32 bytes; zeros for the first one. */
  readonly previousHash: Uint8Array;
  /** Hash of the event before it in its stream, 32 bytes; zeros for the first one. */
  readonly previousInStream: Uint8Array;
  /** 16 bytes; undefined, or equal to `id`, when the event begins something. */
  readonly correlation: Uint8Array | undefined;
  /** 16 bytes; the event that this one follows from. */
  readonly causation: Uint8Array | undefined;
  /** UTF-8, as `encodeName` gives it. */
  readonly entity: Uint8Array;
  /** UTF-8, as `encodeName` gives it; empty for none. */
  readonly scope: Uint8Array;
  /** One MessagePack map, or empty. */
  readonly metadata: Uint8Array;
}

/** Bytes of the envelope: where a payload begins, counted from the start of the record. */
export function envelopeBytes(envelope: EventEnvelope): number {
  const { id, correlation, causation, entity, scope, metadata } = envelope;
  const hasCorrelation = correlation !== undefined && !isSame(id, 0, correlation, 0, ID_BYTES);
  const ids = (hasCorrelation ? ID_BYTES : 0) + (causation === undefined ? 0 : ID_BYTES);
  return FIXED_BYTES + ids + entity.length + scope.length + metadata.length;
}

/**
 * Writes an envelope into `target` from `offset` on and returns the offset behind it, where the payload goes.
 *
 * @throws `RangeError` naming a field that no envelope may have, or `target` when it has no room for {@link envelopeBytes}. Nothing
 * that was written may be used then.
 */
export function encodeEnvelope(envelope: EventEnvelope, target: Uint8Array, offset: number): number {
  const { id, correlation, causation, entity, scope, metadata } = envelope;
  checkEnvelope(envelope);
  const end = offset + envelopeBytes(envelope);
  if (!Number.isSafeInteger(offset) || offset < 0 || end > target.length) throw refused("target", "has no room");
  const view = new DataView(target.buffer, target.byteOffset + offset, FIXED_BYTES);
  const hasCorrelation = correlation !== undefined && !isSame(id, 0, correlation, 0, ID_BYTES);
  view.setUint8(at.layout, LAYOUT);
  view.setUint8(
    at.flags,
    (envelope.isKeyed ? eventFlags.keyed : 0) |
      (hasCorrelation ? eventFlags.correlation : 0) |
      (causation === undefined ? 0 : eventFlags.causation),
  );
  view.setUint16(at.kind, envelope.kind, true);
  view.setUint16(at.payloadVersion, envelope.payloadVersion, true);
  view.setUint16(at.entityBytes, entity.length, true);
  view.setUint16(at.scopeBytes, scope.length, true);
  view.setUint16(at.metadataBytes, metadata.length, true);
  view.setUint32(at.lane, envelope.lane, true);
  writeUint64(view, at.revision, envelope.revision);
  writeUint64(view, at.time, envelope.timeUs);
  target.set(id, offset + at.id);
  target.set(envelope.previousHash, offset + at.previousHash);
  target.set(envelope.previousInStream, offset + at.previousInStream);
  let next = offset + FIXED_BYTES;
  if (hasCorrelation) next = put(correlation, target, next);
  if (causation !== undefined) next = put(causation, target, next);
  next = put(entity, target, next);
  if (scope.length > 0) next = put(scope, target, next);
  return metadata.length > 0 ? put(metadata, target, next) : next;
}

function put(bytes: Uint8Array, target: Uint8Array, offset: number): number {
  target.set(bytes, offset);
  return offset + bytes.length;
}

/** Writes a whole record and returns the offset behind it. What is refused is said at {@link encodeEnvelope}. */
export function encodeEventRecord(
  envelope: EventEnvelope,
  payload: Uint8Array,
  target: Uint8Array,
  offset: number,
): number {
  const next = encodeEnvelope(envelope, target, offset);
  if (next + payload.length > target.length) throw refused("target", "has no room");
  target.set(payload, next);
  return next + payload.length;
}

/**
 * The record that retention leaves of `record`, which has its payload: the envelope, and of the payload its length and its hash,
 * 32 bytes. Hashes of the event, and links to it, stay what they are. The bytes belong to the caller.
 */
export function dropPayload(record: EventRecord, payloadHash: Uint8Array): Uint8Array {
  if (record.isDropped) throw refused("record", "has lost its payload already");
  checkLength(payloadHash, HASH_BYTES, "payloadHash");
  const length = record.envelopeEnd - record.start;
  const left = new Uint8Array(length + DROPPED_BYTES);
  left.set(record.bytes.subarray(record.start, record.envelopeEnd));
  left[at.flags] = record.flags | eventFlags.dropped;
  new DataView(left.buffer).setUint32(length, record.payloadBytes, true);
  left.set(payloadHash, length + 4);
  return left;
}

function checkEnvelope(envelope: EventEnvelope): void {
  const { id, causation, entity, scope, metadata, revision } = envelope;
  checkWhole(envelope.kind, "kind", 1, 0xffff);
  checkWhole(envelope.payloadVersion, "payloadVersion", 0, 0xffff);
  checkWhole(envelope.lane, "lane", 0, LANE_LIMIT - 1);
  checkWhole(revision, "revision", 0, Number.MAX_SAFE_INTEGER);
  checkWhole(envelope.timeUs, "timeUs", 0, Number.MAX_SAFE_INTEGER);
  checkLength(id, ID_BYTES, "id");
  checkLength(envelope.previousHash, HASH_BYTES, "previousHash");
  checkLength(envelope.previousInStream, HASH_BYTES, "previousInStream");
  if (isZero(envelope.previousInStream, 0, HASH_BYTES) !== (revision === 0)) {
    throw refused("previousInStream", "must be zeros for revision 0, and for no other");
  }
  if (envelope.correlation !== undefined) checkLength(envelope.correlation, ID_BYTES, "correlation");
  if (causation !== undefined) {
    checkLength(causation, ID_BYTES, "causation");
    if (isSame(id, 0, causation, 0, ID_BYTES)) throw refused("causation", "is the event itself");
  }
  checkName(entity, "entity");
  checkName(scope, "scope");
  if (metadata.length > MAX_METADATA_BYTES) throw refused("metadata", `has over ${MAX_METADATA_BYTES} bytes`);
  if (metadata.length > 0 && !beginsMap(metadata[0])) throw refused("metadata", "is no MessagePack map");
}

function checkName(name: Uint8Array, field: "entity" | "scope"): void {
  const fault = nameFault(name, 0, name.length, field);
  if (fault !== undefined) throw refused(field, fault);
}

function checkWhole(value: number, field: string, min: number, max: number): void {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return;
  throw refused(field, `must be a whole number from ${min} to ${max}, not ${String(value)}`);
}

function checkLength(bytes: Uint8Array, length: number, field: string): void {
  if (bytes.length !== length) throw refused(field, `must have ${length} bytes, not ${bytes.length}`);
}

function refused(field: string, why: string): RangeError {
  return new RangeError(`${field} ${why}`);
}
