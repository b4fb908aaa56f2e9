/** One event as a footer lists it. The frame holds the truth; this says where it is and what it is about. */
export interface Sdx4Entry {
  /** Place in the order of the whole store; ascends strictly from entry to entry. */
  readonly sequence: number;
  /** Where the frame begins in the file, in bytes; the entries of a batch share one frame. Never descends. */
  readonly frameOffset: number;
  /** Bytes of the frame, header and padding included; up to 2^32-1. */
  readonly frameLength: number;
  /** Which record of its frame it is, from 0; 0 for whoever is alone in a frame. Up to 2^32-1. */
  readonly batchIndex: number;
  /** 16 bytes. */
  readonly eventId: Uint8Array;
  /** Up to 1024 bytes of UTF-8. */
  readonly entity: string;
  /** Up to 1024 bytes of UTF-8. */
  readonly scope: string;
  /** Place in the stream of its entity. */
  readonly revision: number;
  /** Up to 2^32-1. */
  readonly lane: number;
  /** Up to 2^32-1. */
  readonly depth: number;
  /** Up to 65535. */
  readonly kind: number;
  /** Microseconds since 1970, not before it. */
  readonly timestampUs: number;
  /** 16 bits that belong to the owner of the events. */
  readonly flags: number;
  /** 32 bytes; left out where events are not hashed, which is the same as 32 zeros. */
  readonly hash?: Uint8Array | undefined;
  /** 16 bytes; left out where it is the event id itself. */
  readonly correlationId?: Uint8Array | undefined;
  /** 16 bytes; left out where there is none, which is the same as 16 zeros. */
  readonly causationId?: Uint8Array | undefined;
}

/** The columns that hold numbers; in those of `entity` and `scope` stand places in the string table. */
export type Sdx4Column =
  | "sequence"
  | "scope"
  | "lane"
  | "kind"
  | "timestampUs"
  | "entity"
  | "revision"
  | "depth"
  | "flags"
  | "frameOffset"
  | "frameLength"
  | "batchIndex";

/** The columns that hold bytes: 32 for each entry in `hash`, 16 in the others. */
export type Sdx4ByteColumn = "eventId" | "hash" | "correlationId" | "causationId";
