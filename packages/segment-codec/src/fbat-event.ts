import { Spelling } from "./spelling.js";

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
