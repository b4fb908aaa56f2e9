import { EnvelopeReader, malformed, spelled } from "./envelope-reader.js";
import type { EnvelopeWriter } from "./envelope-writer.js";
import { FBAT_HASH_BYTES, FBAT_ID_BYTES, FBAT_NONCE_BYTES } from "./fbat-layout.js";
import { checkBytes, checkWhole } from "./option-check.js";

/** One event of a batpak segment, field by field as the frame holds it. Bytes in a decoded event belong to the caller. */
export interface FbatEvent {
  /** 16 bytes, big-endian. */
  readonly eventId: Uint8Array;
  readonly correlationId: Uint8Array;
  /** Undefined where the frame has none; 16 zero bytes occur and mean none as well. */
  readonly causationId: Uint8Array | undefined;
  /** Microseconds since 1970, 64 bits with sign. */
  readonly timestampUs: bigint;
  /** Hybrid clock of the stream: milliseconds, 64 bits without sign, and a counter of 16 bits that is always 0. */
  readonly wallMs: bigint;
  readonly counter: number;
  readonly depth: number;
  readonly lane: number;
  /** Number of the event in its entity and lane, from 0. */
  readonly clock: number;
  /** Bytes of the content; in a batch marker the number of items. Not checked against the content by anybody. */
  readonly payloadSize: number;
  readonly kind: number;
  readonly flags: number;
  readonly contentHash: Uint8Array;
  /** Undefined in files of 0.8, whose headers lack the key. */
  readonly payloadVersion: number | undefined;
  /** Present when the content is ciphertext. */
  readonly encryption: FbatEncryption | undefined;
  readonly content: Uint8Array;
  /** Undefined in batch markers only. */
  readonly chain: FbatChain | undefined;
  readonly entity: string;
  readonly scope: string;
  /** Receipt extensions, in the order of their keys' bytes. */
  readonly extensions: ReadonlyMap<string, Uint8Array>;
}

export interface FbatChain {
  /** Hash of the previous event of the same entity and lane; 32 zeros in the first. */
  readonly previousHash: Uint8Array;
  readonly eventHash: Uint8Array;
}

export interface FbatEncryption {
  readonly keyscopeId: Uint8Array;
  /** 24 bytes. */
  readonly nonce: Uint8Array;
}

const names = [
  "event",
  "header",
  "event_id",
  "correlation_id",
  "causation_id",
  "timestamp_us",
  "position",
  "wall_ms",
  "counter",
  "depth",
  "lane",
  "sequence",
  "payload_size",
  "event_kind",
  "flags",
  "content_hash",
  "payload_version",
  "payload_encryption",
  "keyscope_id",
  "nonce",
  "payload",
  "hash_chain",
  "prev_hash",
  "event_hash",
  "entity",
  "scope",
  "receipt_extensions",
] as const;

type Name = (typeof names)[number];

const keys = Object.fromEntries(names.map((name) => [name, spelled(name)])) as Readonly<Record<Name, Uint8Array>>;

const MAX_UINT16 = 0xffff;
const MAX_UINT32 = 0xffff_ffff;

/**
 * Decodes the payload of one frame, which must hold exactly one event in the encoding of the reference.
 *
 * @throws {@link CodecError} `CODEC_MALFORMED_ENVELOPE` with the field and the offset in `bytes`.
 */
export function decodeFbatEvent(bytes: Uint8Array, start = 0, end: number = bytes.length): FbatEvent {
  const reader = new EnvelopeReader(bytes, start, end);
  const key = (name: Name): void => reader.key(keys[name], name);
  reader.map(4, 4, "frame");
  key("event");
  reader.map(3, 3, "event");
  key("header");
  const fields = reader.map(9, 11, "header");
  key("event_id");
  const eventId = reader.id("event_id");
  key("correlation_id");
  const correlationId = reader.id("correlation_id");
  key("causation_id");
  const causationId = reader.nil() ? undefined : reader.id("causation_id");
  key("timestamp_us");
  const timestampUs = reader.long(true, "timestamp_us");
  key("position");
  reader.map(5, 5, "position");
  key("wall_ms");
  const wallMs = reader.long(false, "wall_ms");
  key("counter");
  const counter = reader.uint(MAX_UINT16, "counter");
  key("depth");
  const depth = reader.uint(MAX_UINT32, "depth");
  key("lane");
  const lane = reader.uint(MAX_UINT32, "lane");
  key("sequence");
  const clock = reader.uint(MAX_UINT32, "sequence");
  key("payload_size");
  const payloadSize = reader.uint(MAX_UINT32, "payload_size");
  key("event_kind");
  const kind = reader.uint(MAX_UINT16, "event_kind");
  key("flags");
  const flags = reader.uint(0xff, "flags");
  key("content_hash");
  const contentHash = reader.byteArray("content_hash", FBAT_HASH_BYTES);
  let payloadVersion: number | undefined;
  if (fields > 9) {
    key("payload_version");
    payloadVersion = reader.uint(MAX_UINT16, "payload_version");
  }
  const encryption = fields > 10 ? readEncryption(reader) : undefined;
  key("payload");
  const content = reader.byteArray("payload");
  key("hash_chain");
  const chain = reader.nil() ? undefined : readChain(reader);
  key("entity");
  const entity = reader.text("entity");
  key("scope");
  const scope = reader.text("scope");
  key("receipt_extensions");
  const extensions = readExtensions(reader);
  if (!reader.done) throw malformed("frame", reader.at);
  return {
    eventId,
    correlationId,
    causationId,
    timestampUs,
    wallMs,
    counter,
    depth,
    lane,
    clock,
    payloadSize,
    kind,
    flags,
    contentHash,
    payloadVersion,
    encryption,
    content,
    chain,
    entity,
    scope,
    extensions,
  };
}

function readEncryption(reader: EnvelopeReader): FbatEncryption {
  reader.key(keys.payload_encryption, "payload_encryption");
  reader.map(2, 2, "payload_encryption");
  reader.key(keys.keyscope_id, "keyscope_id");
  const keyscopeId = reader.byteArray("keyscope_id");
  reader.key(keys.nonce, "nonce");
  return { keyscopeId, nonce: reader.byteArray("nonce", FBAT_NONCE_BYTES) };
}

function readChain(reader: EnvelopeReader): FbatChain {
  reader.map(2, 2, "hash_chain");
  reader.key(keys.prev_hash, "prev_hash");
  const previousHash = reader.byteArray("prev_hash", FBAT_HASH_BYTES);
  reader.key(keys.event_hash, "event_hash");
  return { previousHash, eventHash: reader.byteArray("event_hash", FBAT_HASH_BYTES) };
}

function readExtensions(reader: EnvelopeReader): ReadonlyMap<string, Uint8Array> {
  const found = new Map<string, Uint8Array>();
  const count = reader.map(0, MAX_UINT32, "receipt_extensions");
  let before: Uint8Array | undefined;
  for (let index = 0; index < count; index++) {
    const at = reader.at;
    const name = reader.text("receipt_extensions");
    const bytes = utf8.encode(name);
    // Keys ascend by their bytes, so none can come twice.
    if (before !== undefined && compareBytes(before, bytes) >= 0) throw malformed("receipt_extensions", at);
    before = bytes;
    found.set(name, reader.byteArray("receipt_extensions"));
  }
  return found;
}

/**
 * Appends the envelope of `event` to `writer`, byte for byte as the reference does.
 *
 * @throws `TypeError` or `RangeError` that names the field when a value does not fit it.
 */
export function encodeFbatEvent(event: FbatEvent, writer: EnvelopeWriter): void {
  checkEvent(event);
  const { payloadVersion, encryption, chain } = event;
  const key = (name: Name): void => writer.raw(keys[name]);
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
  writer.raw(keys.entity);
  writer.text(entity);
  writer.raw(keys.scope);
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

function compareBytes(one: Uint8Array, other: Uint8Array): number {
  const shared = Math.min(one.length, other.length);
  for (let index = 0; index < shared; index++) {
    const difference = one[index]! - other[index]!; // index is below both lengths
    if (difference !== 0) return difference;
  }
  return one.length - other.length;
}

const utf8 = new TextEncoder();
