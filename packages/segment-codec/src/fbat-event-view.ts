import { EnvelopeReader, malformed, textOf } from "./envelope-reader.js";
import { fbatKeys, type FbatChain, type FbatEncryption, type FbatEvent } from "./fbat-event.js";
import { FBAT_HASH_BYTES, FBAT_ID_BYTES, FBAT_MAX_EXTENSIONS, FBAT_NONCE_BYTES } from "./fbat-layout.js";
import { compareBytes } from "./fbat-names.js";
import { unpackIntegers } from "./integer-array.js";
import { Spelling } from "./spelling.js";

const MAX_UINT16 = 0xffff;
const MAX_UINT32 = 0xffff_ffff;

/** What always stands together: keys with the heads of the maps around them, and of the arrays of hashes behind them. */
const hashHead = [0xdc, 0, FBAT_HASH_BYTES] as const;
const spellings = {
  frame: new Spelling("frame", [0x84, "event", 0x83, "header"]),
  position: new Spelling("position", ["position", 0x85, "wall_ms"]),
  contentHash: new Spelling("content_hash", ["content_hash", ...hashHead]),
  previousHash: new Spelling("hash_chain", [0x82, "prev_hash", ...hashHead]),
  eventHash: new Spelling("event_hash", ["event_hash", ...hashHead]),
};

/**
 * One event in the bytes of its frame. {@link FbatEventView.load} looks at every byte and refuses what is not spelled as the
 * reference spells it; it keeps numbers, and of everything else the place. Each use of a getter decodes its field anew, into
 * memory that is the caller's. One view serves any number of events, without garbage for those without extensions.
 *
 * The bytes are borrowed as long as getters are used, and must not change in between.
 */
export class FbatEventView implements FbatEvent {
  /** As {@link FbatEvent.counter}. */
  counter = 0;
  /** As {@link FbatEvent.depth}. */
  depth = 0;
  /** As {@link FbatEvent.lane}. */
  lane = 0;
  clock = 0;
  payloadSize = 0;
  /** As {@link FbatEvent.kind}. */
  kind = 0;
  /** As {@link FbatEvent.flags}. */
  flags = 0;
  payloadVersion: number | undefined = undefined;
  encryption: FbatEncryption | undefined = undefined;
  /** True when the event has a {@link FbatEventView.chain}. */
  hasChain = false;
  /** Bytes of the content itself. */
  contentBytes = 0;
  #bytes: Uint8Array = nothing;
  #reader: EnvelopeReader | undefined = undefined;
  #extensions: ReadonlyMap<string, Uint8Array> | undefined = undefined;
  // Where fields begin in the bytes. A causation of -1 is nil.
  #eventId = 0;
  #correlationId = 0;
  #causationId = 0;
  #timestampUs = 0;
  #wallMs = 0;
  #contentHash = 0;
  #content = 0;
  #previousHash = 0;
  #eventHash = 0;
  #entity = 0;
  #entityEnd = 0;
  #scope = 0;
  #scopeEnd = 0;

  /**
   * Takes the payload of one frame, which must hold exactly one event in the encoding of the reference. After an error the
   * view holds no event.
   *
   * @throws {@link CodecError} `CODEC_MALFORMED_ENVELOPE` with the field and the offset in `bytes`.
   */
  load(bytes: Uint8Array, start = 0, end: number = bytes.length): void {
    const reader = this.#readerAt(bytes, start, end);
    this.#bytes = bytes;
    reader.constant(spellings.frame);
    this.#loadHeader(reader);
    reader.constant(fbatKeys.payload);
    this.contentBytes = reader.array("payload");
    this.#content = reader.skipIntegers(this.contentBytes, "payload");
    this.#loadChain(reader);
    reader.constant(fbatKeys.entity);
    this.#entity = reader.skipText("entity");
    this.#entityEnd = reader.at;
    reader.constant(fbatKeys.scope);
    this.#scope = reader.skipText("scope");
    this.#scopeEnd = reader.at;
    reader.constant(fbatKeys.receipt_extensions);
    this.#extensions = readExtensions(reader);
    if (!reader.done) throw malformed("frame", reader.at);
  }

  #loadHeader(reader: EnvelopeReader): void {
    const fields = reader.map(9, 11, "header");
    reader.constant(fbatKeys.event_id);
    this.#eventId = reader.skipId("event_id");
    reader.constant(fbatKeys.correlation_id);
    this.#correlationId = reader.skipId("correlation_id");
    reader.constant(fbatKeys.causation_id);
    this.#causationId = reader.nil() ? -1 : reader.skipId("causation_id");
    reader.constant(fbatKeys.timestamp_us);
    this.#timestampUs = reader.skipLong(true, "timestamp_us");
    reader.constant(spellings.position);
    this.#wallMs = reader.skipLong(false, "wall_ms");
    reader.constant(fbatKeys.counter);
    this.counter = reader.uint(MAX_UINT16, "counter");
    reader.constant(fbatKeys.depth);
    this.depth = reader.uint(MAX_UINT32, "depth");
    reader.constant(fbatKeys.lane);
    this.lane = reader.uint(MAX_UINT32, "lane");
    reader.constant(fbatKeys.sequence);
    this.clock = reader.uint(MAX_UINT32, "sequence");
    reader.constant(fbatKeys.payload_size);
    this.payloadSize = reader.uint(MAX_UINT32, "payload_size");
    reader.constant(fbatKeys.event_kind);
    this.kind = reader.uint(MAX_UINT16, "event_kind");
    reader.constant(fbatKeys.flags);
    this.flags = reader.uint(0xff, "flags");
    reader.constant(spellings.contentHash);
    this.#contentHash = reader.skipIntegers(FBAT_HASH_BYTES, "content_hash");
    this.payloadVersion = undefined;
    if (fields > 9) {
      reader.constant(fbatKeys.payload_version);
      this.payloadVersion = reader.uint(MAX_UINT16, "payload_version");
    }
    this.encryption = fields > 10 ? readEncryption(reader) : undefined;
  }

  #loadChain(reader: EnvelopeReader): void {
    reader.constant(fbatKeys.hash_chain);
    this.hasChain = !reader.nil();
    if (!this.hasChain) return;
    reader.constant(spellings.previousHash);
    this.#previousHash = reader.skipIntegers(FBAT_HASH_BYTES, "prev_hash");
    reader.constant(spellings.eventHash);
    this.#eventHash = reader.skipIntegers(FBAT_HASH_BYTES, "event_hash");
  }

  get eventId(): Uint8Array {
    return this.#id(this.#eventId);
  }

  /** As {@link FbatEvent.correlationId}; a copy. */
  get correlationId(): Uint8Array {
    return this.#id(this.#correlationId);
  }

  get causationId(): Uint8Array | undefined {
    return this.#causationId === -1 ? undefined : this.#id(this.#causationId);
  }

  get timestampUs(): bigint {
    return this.#long(this.#timestampUs, true);
  }

  get wallMs(): bigint {
    return this.#long(this.#wallMs, false);
  }

  /** As {@link FbatEvent.contentHash}; a copy. */
  get contentHash(): Uint8Array {
    return this.#hash(this.#contentHash);
  }

  /** As {@link FbatEvent.content}; a copy. */
  get content(): Uint8Array {
    return unpackIntegers(this.#bytes, this.#content, this.contentBytes);
  }

  get chain(): FbatChain | undefined {
    if (!this.hasChain) return undefined;
    return { previousHash: this.#hash(this.#previousHash), eventHash: this.#hash(this.#eventHash) };
  }

  /** As {@link FbatEvent.entity}. */
  get entity(): string {
    return textOf(this.#bytes, this.#entity, this.#entityEnd);
  }

  /** As {@link FbatEvent.scope}. */
  get scope(): string {
    return textOf(this.#bytes, this.#scope, this.#scopeEnd);
  }

  get extensions(): ReadonlyMap<string, Uint8Array> {
    return new Map(this.#extensions);
  }

  /** Every field, in memory of the caller's: what outlives the bytes and the next `load`. */
  toEvent(): FbatEvent {
    return {
      eventId: this.eventId,
      correlationId: this.correlationId,
      causationId: this.causationId,
      timestampUs: this.timestampUs,
      wallMs: this.wallMs,
      counter: this.counter,
      depth: this.depth,
      lane: this.lane,
      clock: this.clock,
      payloadSize: this.payloadSize,
      kind: this.kind,
      flags: this.flags,
      contentHash: this.contentHash,
      payloadVersion: this.payloadVersion,
      encryption: this.encryption,
      content: this.content,
      chain: this.chain,
      entity: this.entity,
      scope: this.scope,
      extensions: this.extensions,
    };
  }

  #readerAt(bytes: Uint8Array, start: number, end: number): EnvelopeReader {
    this.#reader ??= new EnvelopeReader(bytes, start, end);
    this.#reader.reset(bytes, start, end);
    return this.#reader;
  }

  #id(start: number): Uint8Array {
    // A loop, because 16 bytes are fewer than what a view and a generic copy cost.
    const copy = new Uint8Array(FBAT_ID_BYTES);
    for (let index = 0; index < FBAT_ID_BYTES; index++) copy[index] = this.#bytes[start + index]!; // load took the range
    return copy;
  }

  #hash(start: number): Uint8Array {
    return unpackIntegers(this.#bytes, start, FBAT_HASH_BYTES);
  }

  #long(start: number, signed: boolean): bigint {
    return this.#readerAt(this.#bytes, start, this.#bytes.length).long(signed, "");
  }
}

/**
 * Decodes the payload of one frame, which must hold exactly one event in the encoding of the reference, into memory of the
 * caller's.
 *
 * @throws {@link CodecError} `CODEC_MALFORMED_ENVELOPE` with the field and the offset in `bytes`.
 */
export function decodeFbatEvent(bytes: Uint8Array, start = 0, end: number = bytes.length): FbatEvent {
  const view = new FbatEventView();
  view.load(bytes, start, end);
  return view.toEvent();
}

function readEncryption(reader: EnvelopeReader): FbatEncryption {
  reader.constant(fbatKeys.payload_encryption);
  reader.map(2, 2, "payload_encryption");
  reader.constant(fbatKeys.keyscope_id);
  const keyscopeId = reader.byteArray("keyscope_id");
  reader.constant(fbatKeys.nonce);
  return { keyscopeId, nonce: reader.byteArray("nonce", FBAT_NONCE_BYTES) };
}

/** The map of receipt extensions; undefined when it is empty. */
function readExtensions(reader: EnvelopeReader): ReadonlyMap<string, Uint8Array> | undefined {
  const count = reader.map(0, FBAT_MAX_EXTENSIONS, "receipt_extensions");
  if (count === 0) return undefined;
  const found = new Map<string, Uint8Array>();
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

const nothing = new Uint8Array();
const utf8 = new TextEncoder();
