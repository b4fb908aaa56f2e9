import { type ContentHash, writeUint64 } from "@holdfast/segment-codec";
import { eventFlags, HASH_BYTES, ID_BYTES, layoutAt } from "./event-layout.js";
import type { EventRecord } from "./event-record.js";

/**
 * The hash of an event: over its envelope, its sequence, the id of its log and the hash of its payload.
 *
 * ```
 * payload hash = H(payload)
 * event hash   = H("holdfast.event/1" 0x00, log id, sequence u64, envelope with the flag `dropped` cleared, payload length u32, payload hash)
 * ```
 *
 * The envelope holds the hash of the event before it in the store and of the one before it in its stream, so the hash of the
 * last event seals the order and the content of all. The length of every part is fixed or stated in a part before it: no two events
 * are hashed over the same bytes.
 */

const DOMAIN: Uint8Array = new TextEncoder().encode("holdfast.event/1\0");
const SEQUENCE_AT: number = DOMAIN.length + ID_BYTES;
const ENVELOPE_AT: number = SEQUENCE_AT + 8;
const TAIL_BYTES: number = 4 + HASH_BYTES;

/** Hashes the events of one log. */
export class EventHasher {
  readonly #hash: ContentHash;
  /** What is hashed, put together here: domain and log id stay, the rest is written for every event. */
  #scratch: Uint8Array = new Uint8Array(0);
  #view: DataView = new DataView(this.#scratch.buffer);
  readonly #logId: Uint8Array;

  /** @param logId - 16 bytes, copied. */
  constructor(hash: ContentHash, logId: Uint8Array) {
    if (logId.length !== ID_BYTES) throw new RangeError(`logId must have ${ID_BYTES} bytes, not ${logId.length}`);
    this.#hash = hash;
    this.#logId = logId.slice();
    this.#makeRoom(1024);
  }

  /** The hash of a payload, 32 bytes owned by the caller. */
  payloadHash(payload: Uint8Array): Uint8Array {
    return this.#hash.hash(payload);
  }

  /**
   * The hash of an event, 32 bytes owned by the caller, from its envelope in `bytes[start, end)` and what is known of its
   * payload. The envelope is believed.
   */
  eventHash(
    sequence: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    payloadBytes: number,
    payloadHash: Uint8Array,
  ): Uint8Array {
    const length = ENVELOPE_AT + (end - start) + TAIL_BYTES;
    if (length > this.#scratch.length) this.#makeRoom(length * 2);
    const scratch = this.#scratch;
    writeUint64(this.#view, SEQUENCE_AT, sequence);
    scratch.set(bytes.subarray(start, end), ENVELOPE_AT);
    const flagsAt = ENVELOPE_AT + layoutAt.flags;
    scratch[flagsAt] = scratch[flagsAt]! & ~eventFlags.dropped; // an envelope has more than two bytes
    this.#view.setUint32(length - TAIL_BYTES, payloadBytes, true);
    scratch.set(payloadHash, length - HASH_BYTES);
    return this.#hash.hash(scratch.subarray(0, length));
  }

  /** The hash of the event that `record` holds: with its payload, or with what retention has left of it. */
  hashOf(record: EventRecord, sequence: number): Uint8Array {
    const payload = record.viewPayload();
    const payloadHash = payload === undefined ? record.viewDroppedHash() : this.payloadHash(payload);
    if (payloadHash === undefined) throw new TypeError("a record has a payload or the hash of one");
    return this.eventHash(sequence, record.bytes, record.start, record.envelopeEnd, record.payloadBytes, payloadHash);
  }

  #makeRoom(bytes: number): void {
    this.#scratch = new Uint8Array(bytes);
    this.#view = new DataView(this.#scratch.buffer);
    this.#scratch.set(DOMAIN);
    this.#scratch.set(this.#logId, DOMAIN.length);
  }
}
