import type { EnvelopeWriter } from "./envelope-writer.js";
import { fbatKeys, type FbatEvent } from "./fbat-event.js";
import { FBAT_HASH_BYTES, FBAT_ID_BYTES, FBAT_MAX_EXTENSIONS, FBAT_NONCE_BYTES } from "./fbat-layout.js";
import { compareBytes } from "./fbat-names.js";
import { checkBytes, checkWhole } from "./option-check.js";

const MAX_UINT16 = 0xffff;
const MAX_UINT32 = 0xffff_ffff;

/**
 * Appends the envelope of `event` to `writer`, byte for byte as the reference does.
 *
 * @throws `TypeError` or `RangeError` that names the field when a value does not fit it.
 */
export function encodeFbatEvent(event: FbatEvent, writer: EnvelopeWriter): void {
  checkEvent(event);
  const { payloadVersion, encryption, chain } = event;
  const key = (name: keyof typeof fbatKeys): void => writer.raw(fbatKeys[name].bytes);
  writer.map(4);
  key("event");
  writer.map(3);
  key("header");
  writer.map(9 + (payloadVersion === undefined ? 0 : 1) + (encryption === undefined ? 0 : 1));
  key("event_id");
  writer.id(event.eventId);
  key("correlation_id");
  writer.id(event.correlationId);
  key("causation_id");
  if (event.causationId === undefined) writer.nil();
  else writer.id(event.causationId);
  key("timestamp_us");
  writer.long(event.timestampUs);
  key("position");
  writer.map(5);
  key("wall_ms");
  writer.long(event.wallMs);
  key("counter");
  writer.uint(event.counter);
  key("depth");
  writer.uint(event.depth);
  key("lane");
  writer.uint(event.lane);
  key("sequence");
  writer.uint(event.clock);
  key("payload_size");
  writer.uint(event.payloadSize);
  key("event_kind");
  writer.uint(event.kind);
  key("flags");
  writer.uint(event.flags);
  key("content_hash");
  writer.byteArray(event.contentHash);
  if (payloadVersion !== undefined) {
    key("payload_version");
    writer.uint(payloadVersion);
  }
  if (encryption !== undefined) {
    key("payload_encryption");
    writer.map(2);
    key("keyscope_id");
    writer.byteArray(encryption.keyscopeId);
    key("nonce");
    writer.byteArray(encryption.nonce);
  }
  key("payload");
  writer.byteArray(event.content);
  key("hash_chain");
  if (chain === undefined) writer.nil();
  else {
    writer.map(2);
    key("prev_hash");
    writer.byteArray(chain.previousHash);
    key("event_hash");
    writer.byteArray(chain.eventHash);
  }
  key("entity");
  writer.text(event.entity);
  key("scope");
  writer.text(event.scope);
  key("receipt_extensions");
  writeExtensions(event.extensions, writer);
}

/** The map of receipt extensions, ascending by the bytes of its keys: as frames and signatures have it. */
export function writeExtensions(extensions: ReadonlyMap<string, Uint8Array>, writer: EnvelopeWriter): void {
  if (extensions.size > FBAT_MAX_EXTENSIONS) throw new RangeError(`more than ${FBAT_MAX_EXTENSIONS} extensions`);
  const sorted = [...extensions].map(([name, value]) => ({ name, bytes: utf8.encode(name), value }));
  sorted.sort((one, other) => compareBytes(one.bytes, other.bytes));
  writer.map(sorted.length);
  for (const { name, value } of sorted) {
    writer.text(name);
    writer.byteArray(value);
  }
}

/** A stream's name as signatures have it. */
export function writeCoordinate(entity: string, scope: string, writer: EnvelopeWriter): void {
  writer.map(2);
  writer.raw(fbatKeys.entity.bytes);
  writer.text(entity);
  writer.raw(fbatKeys.scope.bytes);
  writer.text(scope);
}

function checkEvent(event: FbatEvent): void {
  checkSize(event.eventId, FBAT_ID_BYTES, "eventId");
  checkSize(event.correlationId, FBAT_ID_BYTES, "correlationId");
  if (event.causationId !== undefined) checkSize(event.causationId, FBAT_ID_BYTES, "causationId");
  checkSize(event.contentHash, FBAT_HASH_BYTES, "contentHash");
  if (event.chain !== undefined) {
    checkSize(event.chain.previousHash, FBAT_HASH_BYTES, "chain.previousHash");
    checkSize(event.chain.eventHash, FBAT_HASH_BYTES, "chain.eventHash");
  }
  if (event.encryption !== undefined) {
    checkBytes(event.encryption.keyscopeId, "encryption.keyscopeId");
    checkSize(event.encryption.nonce, FBAT_NONCE_BYTES, "encryption.nonce");
    if (event.payloadVersion === undefined) throw new RangeError("encryption needs a payloadVersion");
  }
  checkBytes(event.content, "content");
  checkLong(event.timestampUs, -(1n << 63n), (1n << 63n) - 1n, "timestampUs");
  checkLong(event.wallMs, 0n, (1n << 64n) - 1n, "wallMs");
  for (const name of ["counter", "kind"] as const) checkWhole(event[name], name, 0, MAX_UINT16);
  for (const name of ["depth", "lane", "clock", "payloadSize"] as const) checkWhole(event[name], name, 0, MAX_UINT32);
  checkWhole(event.flags, "flags", 0, 0xff);
  if (event.payloadVersion !== undefined) checkWhole(event.payloadVersion, "payloadVersion", 0, MAX_UINT16);
}

function checkSize(bytes: Uint8Array, size: number, name: string): void {
  checkBytes(bytes, name);
  if (bytes.length !== size) throw new RangeError(`${name} must have ${size} bytes, not ${bytes.length}`);
}

function checkLong(value: bigint, least: bigint, most: bigint, name: string): void {
  if (typeof value === "bigint" && value >= least && value <= most) return;
  throw new RangeError(`${name} must be a bigint from ${least} to ${most}, not ${String(value)}`);
}

const utf8 = new TextEncoder();
