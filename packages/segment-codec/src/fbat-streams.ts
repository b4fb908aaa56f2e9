import type { ContentHash } from "./checksum.js";
import { EnvelopeWriter } from "./envelope-writer.js";
import type { FbatEncryption, FbatEvent } from "./fbat-event.js";
import { encodeFbatEvent } from "./fbat-event-writer.js";
import { encodeFbatFrame } from "./fbat-frame.js";
import { FBAT_HASH_BYTES, FBAT_MAX_BATCH_ITEMS, fbatKinds, fbatPlaces } from "./fbat-layout.js";
import { checkFbatCoordinate, checkFbatExtensions } from "./fbat-names.js";
import { checkWhole } from "./option-check.js";

/** What a writer is given; the rest of an event follows from the events before it. */
export interface FbatAppend {
  /** What the event is about. */
  readonly entity: string;
  /** What it belongs to. */
  readonly scope: string;
  /** What the event is: 16 bits. */
  readonly kind: number;
  /** 16 bytes, big-endian: the idempotency key, or a UUID of version 7. */
  readonly eventId: Uint8Array;
  /** Default: the event's own id. */
  readonly correlationId?: Uint8Array;
  /** Default none. 16 zeros mean none, and are stored as none except in a batch, as the reference does. */
  readonly causationId?: Uint8Array;
  /** Microseconds since 1970, not negative. */
  readonly timestampUs: bigint;
  /** Ciphertext when `encryption` is given. Hashed as it is. */
  readonly content: Uint8Array;
  /** Default 0. */
  readonly lane?: number;
  /** Default 0. */
  readonly depth?: number;
  /** Default 0. Batch items have none. */
  readonly flags?: number;
  /** Default 0. Batch items have none. */
  readonly payloadVersion?: number;
  /** To be given where `content` is ciphertext. */
  readonly encryption?: FbatEncryption;
  /** Default none. */
  readonly extensions?: ReadonlyMap<string, Uint8Array>;
}

interface StreamState {
  readonly hash: Uint8Array;
  readonly nextClock: number;
  readonly wallMs: bigint;
}

/** An event as it was written. */
export interface FbatEncoded {
  /** With everything that follows from the events before it. */
  readonly event: FbatEvent;
  /** The whole frame. */
  readonly bytes: Uint8Array;
}

const MAX_UINT32 = 0xffff_ffff;

/**
 * The streams of a store as its writer knows them: hash chain, clock and wall time of every entity and lane. It gives the
 * bytes that the reference writes for the same input, across any number of segments.
 */
export class FbatStreams {
  readonly #hash: ContentHash;
  readonly #streams = new Map<string, StreamState>();

  constructor(hash: ContentHash) {
    if (hash.algorithm !== "blake3-256") throw new TypeError(`batpak hashes with blake3-256, not ${hash.algorithm}`);
    this.#hash = hash;
  }

  /** Takes over an event that a segment already holds, in file order. */
  observe(event: FbatEvent): void {
    if (event.chain === undefined) return;
    const { entity, lane, clock, wallMs } = event;
    this.#streams.set(streamKey(entity, lane), { hash: event.chain.eventHash, nextClock: clock + 1, wallMs });
  }

  /** Encodes one event and moves its stream on. Throws a `TypeError` or `RangeError` that names what is wrong. */
  append(input: FbatAppend): FbatEncoded {
    const { flags = 0, payloadVersion = 0, causationId } = input;
    return this.#encode(input, { flags, payloadVersion, causationId: isZero(causationId) ? undefined : causationId });
  }

  /**
   * Encodes a batch: its begin marker, the items, its commit marker. All of it belongs into one segment, and nobody may see
   * an item before a barrier covers the commit marker. After a failed write, go on in a new segment.
   */
  appendBatch(items: readonly FbatAppend[], batch: FbatBatchMarkers): readonly FbatEncoded[] {
    checkWhole(items.length, "items.length", 1, FBAT_MAX_BATCH_ITEMS);
    const undo = new Map(this.#streams);
    try {
      const begin = marker(fbatKinds.batchBegin, items.length, batch.batchId, batch.beginTimestampUs);
      const encoded = items.map((item) => {
        if ((item.flags ?? 0) !== 0) throw new RangeError("flags of a batch item must be 0: the format stores none");
        if ((item.payloadVersion ?? 0) !== 0) throw new RangeError("payloadVersion of a batch item must be 0");
        return this.#encode(item, { flags: 0, payloadVersion: 0, causationId: item.causationId });
      });
      const commit = marker(fbatKinds.batchCommit, 0, batch.batchId, batch.commitTimestampUs);
      return [begin, ...encoded, commit];
    } catch (error) {
      this.#streams.clear();
      for (const [key, state] of undo) this.#streams.set(key, state);
      throw error;
    }
  }

  #encode(input: FbatAppend, header: Pick<FbatEvent, "flags" | "payloadVersion" | "causationId">): FbatEncoded {
    const { entity, scope, lane = 0, timestampUs, content, extensions = new Map<string, Uint8Array>() } = input;
    checkFbatCoordinate(entity, scope);
    checkFbatExtensions(extensions);
    if (timestampUs < 0n) throw new RangeError(`timestampUs must not be negative, not ${timestampUs}`);
    const key = streamKey(entity, lane);
    const stream = this.#streams.get(key);
    const eventHash = this.#hash.hash(content);
    const clock = stream?.nextClock ?? 0;
    checkWhole(clock, "clock", 0, MAX_UINT32);
    const now = timestampUs / 1000n;
    const wallMs = stream !== undefined && stream.wallMs > now ? stream.wallMs : now;
    const event: FbatEvent = {
      eventId: input.eventId,
      correlationId: input.correlationId ?? input.eventId,
      causationId: header.causationId,
      timestampUs,
      wallMs,
      counter: 0,
      depth: input.depth ?? 0,
      lane,
      clock,
      payloadSize: content.length,
      kind: input.kind,
      flags: header.flags,
      contentHash: eventHash,
      payloadVersion: header.payloadVersion,
      encryption: input.encryption,
      content,
      chain: { previousHash: stream?.hash ?? new Uint8Array(FBAT_HASH_BYTES), eventHash },
      entity,
      scope,
      extensions,
    };
    const encoded = { event, bytes: frameOf(event) };
    this.#streams.set(key, { hash: eventHash, nextClock: clock + 1, wallMs });
    return encoded;
  }
}

/** What only the store knows about a batch. */
export interface FbatBatchMarkers {
  /** 16 bytes, big-endian: the global sequence that the first item gets. */
  readonly batchId: Uint8Array;
  /** Of the marker before the items: microseconds since 1970. */
  readonly beginTimestampUs: bigint;
  /** Of the marker behind them: microseconds since 1970. */
  readonly commitTimestampUs: bigint;
}

function marker(kind: number, payloadSize: number, batchId: Uint8Array, timestampUs: bigint): FbatEncoded {
  const event: FbatEvent = {
    eventId: batchId,
    correlationId: batchId,
    causationId: undefined,
    timestampUs,
    wallMs: timestampUs / 1000n,
    counter: 0,
    depth: 0,
    lane: 0,
    clock: 0,
    payloadSize,
    kind,
    flags: 0,
    contentHash: new Uint8Array(FBAT_HASH_BYTES),
    payloadVersion: 0,
    encryption: undefined,
    content: new Uint8Array(),
    chain: undefined,
    ...fbatPlaces.batch,
    extensions: new Map(),
  };
  return { event, bytes: frameOf(event) };
}

function isZero(id: Uint8Array | undefined): boolean {
  return id?.every((byte) => byte === 0) === true;
}

function streamKey(entity: string, lane: number): string {
  return `${lane} ${entity}`;
}

function frameOf(event: FbatEvent): Uint8Array {
  const writer = new EnvelopeWriter(512 + 2 * event.content.length);
  encodeFbatEvent(event, writer);
  return encodeFbatFrame(writer.take());
}

/** One frame of an event whose every field is given: what rewrites a segment without changing it. */
export function encodeFbatEventFrame(event: FbatEvent): Uint8Array {
  return frameOf(event);
}
