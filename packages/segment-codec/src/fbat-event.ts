import { Spelling } from "./spelling.js";

/** One event of a batpak segment, field by field as the frame holds it. Bytes in a decoded event belong to the caller. */
export interface FbatEvent {
  /** 16 bytes, big-endian. */
  readonly eventId: Uint8Array;
  /** 16 bytes, big-endian: the event that it all began with. */
  readonly correlationId: Uint8Array;
  /** Undefined where the frame has none; 16 zero bytes occur and mean none as well. */
  readonly causationId: Uint8Array | undefined;
  /** Microseconds since 1970, 64 bits with sign. */
  readonly timestampUs: bigint;
  /** Hybrid clock of the stream: milliseconds, 64 bits without sign, and a counter of 16 bits that is always 0. */
  readonly wallMs: bigint;
  /** Counter of that clock. */
  readonly counter: number;
  /** How deep in a chain of causes, as the program said. */
  readonly depth: number;
  /** Which of the streams of its entity. */
  readonly lane: number;
  /** Number of the event in its entity and lane, from 0. */
  readonly clock: number;
  /** Bytes of the content; in a batch marker the number of items. Not checked against the content by anybody. */
  readonly payloadSize: number;
  /** What the event is: 16 bits. */
  readonly kind: number;
  /** 8 bits of batpak's. */
  readonly flags: number;
  /** 32 bytes: BLAKE3 of the content. */
  readonly contentHash: Uint8Array;
  /** Undefined in files of 0.8, whose headers lack the key. */
  readonly payloadVersion: number | undefined;
  /** Present when the content is ciphertext. */
  readonly encryption: FbatEncryption | undefined;
  /** The payload as the program gave it, or ciphertext. */
  readonly content: Uint8Array;
  /** Undefined in batch markers only. */
  readonly chain: FbatChain | undefined;
  /** What the event is about. */
  readonly entity: string;
  /** What it belongs to. */
  readonly scope: string;
  /** Receipt extensions, in the order of their keys' bytes. */
  readonly extensions: ReadonlyMap<string, Uint8Array>;
}

/** What links an event to the one before it. */
export interface FbatChain {
  /** Hash of the previous event of the same entity and lane; 32 zeros in the first. */
  readonly previousHash: Uint8Array;
  /** Hash of this event, 32 bytes. */
  readonly eventHash: Uint8Array;
}

/** How a content was encrypted. */
export interface FbatEncryption {
  /** Which keys it was encrypted with. */
  readonly keyscopeId: Uint8Array;
  /** 24 bytes. */
  readonly nonce: Uint8Array;
}

const fieldNames = [
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

/** Every key of an envelope, as it is spelled. */
export const fbatKeys = Object.fromEntries(fieldNames.map((name) => [name, new Spelling(name)])) as Readonly<
  Record<(typeof fieldNames)[number], Spelling>
>; // each name has become a key
