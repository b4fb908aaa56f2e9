import { peekUint64 } from "@holdfast/segment-codec";
import {
  FIXED_BYTES,
  HASH_BYTES,
  ID_BYTES,
  DROPPED_BYTES,
  eventFlags,
  isSame,
  isZero,
  KNOWN_FLAGS,
  LAYOUT,
} from "./event-layout.js";
import { layoutAt as at } from "./event-layout.js";
import { nameFault } from "./event-name.js";
import { StoreError } from "./store-error.js";

/**
 * One event record, looked at where it lies. `read` checks the whole record but for its payload, what metadata holds and the
 * hashes, and copies nothing: the object is made once and used for every record of a scan. What the methods called `view`
 * return are ranges of the bytes that were given to `read`, and as long-lived as those.
 */
export class EventRecord {
  /** What the event is; 1 to 0xffff. */
  kind = 0;
  /** Version of the payload's declaration, 0 when the writer stated none. */
  payloadVersion = 0;
  /** Which of the streams of its entity. */
  lane = 0;
  /** Place in the stream of its entity and lane, from 0. */
  revision = 0;
  /** Microseconds since 1970. */
  timeUs = 0;
  /** See `eventFlags`. */
  flags = 0;
  /** The bytes that were read, and where in them the record begins, its entity begins, its payload begins and it ends. */
  bytes: Uint8Array = nothing;
  /** Where the record begins in `bytes`. */
  start = 0;
  /** Where its entity begins. */
  namesStart = 0;
  /** Where its payload begins. */
  envelopeEnd = 0;
  /** Where the record ends, exclusive. */
  end = 0;
  /** Length of the entity's name. */
  entityBytes = 0;
  /** Length of the scope's name; 0 without one. */
  scopeBytes = 0;
  /** Length of the metadata; 0 without any. */
  metadataBytes = 0;
  /** Bytes of the payload, also of one that was dropped. */
  payloadBytes = 0;
  /** Kept from record to record, because most lie in the same buffer and a view costs as much as a read. */
  #view: DataView = new DataView(nothing.buffer);

  /**
   * Reads the record in `bytes[start, end)`, which is lent for as long as this object is used.
   *
   * @throws {@link StoreError} `STORE_CORRUPT` with the field and its offset in the record, and `STORE_UNSUPPORTED` for a layout of
   * a later version. The object may hold anything then.
   */
  read(bytes: Uint8Array, start = 0, end: number = bytes.length): this {
    const length = end - start;
    if (length < FIXED_BYTES) throw corrupt("record", 0, `has ${length} bytes, ${FIXED_BYTES} are the least`, length);
    if (this.#view.buffer !== bytes.buffer) this.#view = new DataView(bytes.buffer);
    const view = this.#view;
    const base = bytes.byteOffset + start;
    const layout = view.getUint8(base);
    if (layout !== LAYOUT) throw wrongLayout(layout);
    const flags = view.getUint8(base + at.flags);
    if ((flags & ~KNOWN_FLAGS) !== 0) throw corrupt("flags", at.flags, "has bits that no store sets", flags);
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.flags = flags;
    this.kind = view.getUint16(base + at.kind, true);
    if (this.kind === 0) throw corrupt("kind", at.kind, "is 0", 0);
    this.payloadVersion = view.getUint16(base + at.payloadVersion, true);
    this.entityBytes = view.getUint16(base + at.entityBytes, true);
    this.scopeBytes = view.getUint16(base + at.scopeBytes, true);
    this.metadataBytes = view.getUint16(base + at.metadataBytes, true);
    this.lane = view.getUint32(base + at.lane, true);
    this.revision = peekUint64(view, base + at.revision);
    if (this.revision === -1) throw corrupt("revision", at.revision, "is above 2^53-1");
    this.timeUs = peekUint64(view, base + at.time);
    if (this.timeUs === -1) throw corrupt("time", at.time, "is above 2^53-1");
    this.#readIds();
    this.#readNames();
    this.#readTail();
    return this;
  }

  /** The id follows from an idempotency key. */
  get isKeyed(): boolean {
    return (this.flags & eventFlags.keyed) !== 0;
  }

  /** Retention has taken the payload. */
  get isDropped(): boolean {
    return (this.flags & eventFlags.dropped) !== 0;
  }

  /** The event id, 16 bytes. */
  viewId(): Uint8Array {
    return this.#view16(at.id);
  }

  /** The correlation id, 16 bytes: the event id where the record has none of its own. */
  viewCorrelation(): Uint8Array {
    return this.#view16((this.flags & eventFlags.correlation) === 0 ? at.id : FIXED_BYTES);
  }

  /** Id of the event that this one follows from, 16 bytes, lent; undefined without one. */
  viewCausation(): Uint8Array | undefined {
    if ((this.flags & eventFlags.causation) === 0) return undefined;
    return this.#view16(this.namesStart - this.start - ID_BYTES);
  }

  /** Hash of the event before it in the store; zeros for the first one. */
  viewPreviousHash(): Uint8Array {
    return this.bytes.subarray(this.start + at.previousHash, this.start + at.previousInStream);
  }

  /** Hash of the event before it in its stream; zeros for the first one. */
  viewPreviousInStream(): Uint8Array {
    return this.bytes.subarray(this.start + at.previousInStream, this.start + FIXED_BYTES);
  }

  /** UTF-8 of the entity. */
  viewEntity(): Uint8Array {
    return this.bytes.subarray(this.namesStart, this.namesStart + this.entityBytes);
  }

  /** UTF-8 of the scope, empty when there is none. */
  viewScope(): Uint8Array {
    const start = this.namesStart + this.entityBytes;
    return this.bytes.subarray(start, start + this.scopeBytes);
  }

  /** Name of the entity. */
  readEntity(): string {
    return decoder.decode(this.viewEntity());
  }

  /** Name of the scope; empty without one. */
  readScope(): string {
    return this.scopeBytes === 0 ? "" : decoder.decode(this.viewScope());
  }

  /** One MessagePack map, or nothing. Only its first byte was looked at. */
  viewMetadata(): Uint8Array {
    return this.bytes.subarray(this.envelopeEnd - this.metadataBytes, this.envelopeEnd);
  }

  /** The payload, or undefined when it was dropped. */
  viewPayload(): Uint8Array | undefined {
    return this.isDropped ? undefined : this.bytes.subarray(this.envelopeEnd, this.end);
  }

  /** The hash that stands in the place of a payload that was dropped. */
  viewDroppedHash(): Uint8Array | undefined {
    return this.isDropped ? this.bytes.subarray(this.end - HASH_BYTES, this.end) : undefined;
  }

  #view16(offset: number): Uint8Array {
    return this.bytes.subarray(this.start + offset, this.start + offset + ID_BYTES);
  }

  /** Ids that would say the same in two ways have one spelling: a correlation is stored only when it is not the event itself. */
  #readIds(): void {
    const { bytes, start, flags } = this;
    const isFirst = isZero(bytes, start + at.previousInStream, HASH_BYTES);
    if (isFirst !== (this.revision === 0)) {
      const what = isFirst
        ? "has no event before it, but a revision above 0"
        : "has an event before it, but revision 0";
      throw corrupt("previousInStream", at.previousInStream, what, this.revision);
    }
    let next = FIXED_BYTES;
    for (const flag of [eventFlags.correlation, eventFlags.causation] as const) {
      if ((flags & flag) === 0) continue;
      const field = flag === eventFlags.correlation ? "correlation" : "causation";
      if (next + ID_BYTES > this.end - start) throw corrupt(field, next, "runs past the record");
      if (isSame(bytes, start + at.id, bytes, start + next, ID_BYTES)) {
        throw corrupt(field, next, "is the event itself");
      }
      next += ID_BYTES;
    }
    this.namesStart = start + next;
  }

  #readNames(): void {
    const { bytes, start, namesStart } = this;
    const entityEnd = namesStart + this.entityBytes;
    const scopeEnd = entityEnd + this.scopeBytes;
    const end = scopeEnd + this.metadataBytes;
    if (end > this.end) throw corrupt("names", namesStart - start, "run past the record", end - this.end);
    const entityFault = nameFault(bytes, namesStart, entityEnd, "entity");
    if (entityFault !== undefined) throw corrupt("entity", namesStart - start, entityFault, this.entityBytes);
    const scopeFault = nameFault(bytes, entityEnd, scopeEnd, "scope");
    if (scopeFault !== undefined) throw corrupt("scope", entityEnd - start, scopeFault, this.scopeBytes);
    if (this.metadataBytes > 0 && !beginsMap(bytes[scopeEnd])) {
      throw corrupt("metadata", scopeEnd - start, "is no MessagePack map", bytes[scopeEnd]);
    }
    this.envelopeEnd = end;
  }

  #readTail(): void {
    const rest = this.end - this.envelopeEnd;
    if (!this.isDropped) {
      this.payloadBytes = rest;
      return;
    }
    const offset = this.envelopeEnd - this.start;
    if (rest !== DROPPED_BYTES) throw corrupt("payload", offset, `is dropped, but leaves ${rest} bytes`, rest);
    this.payloadBytes = this.#view.getUint32(this.bytes.byteOffset + this.envelopeEnd, true);
  }
}

const nothing = new Uint8Array(0);

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A map of up to 15 keys, or one with a length of 16 or 32 bits. */
export function beginsMap(byte: number | undefined): boolean {
  return byte !== undefined && (byte >>> 4 === 8 || byte === 0xde || byte === 0xdf);
}

function wrongLayout(layout: number): StoreError {
  if (layout === 0) return corrupt("layout", at.layout, "is 0", layout);
  const message = `an event record of layout ${layout}; this version reads ${LAYOUT}`;
  return new StoreError("STORE_UNSUPPORTED", message, { field: "layout", offset: 0, expected: LAYOUT, actual: layout });
}

function corrupt(field: string, offset: number, why: string, actual?: number): StoreError {
  const message = `the ${field} of an event record, at byte ${offset}, ${why}`;
  return new StoreError("STORE_CORRUPT", message, { field, offset, actual });
}
