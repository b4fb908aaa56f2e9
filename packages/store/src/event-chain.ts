import type { EventHasher } from "./event-hash.js";
import { HASH_BYTES, isSame, isZero, layoutAt } from "./event-layout.js";
import type { EventRecord } from "./event-record.js";

/** What is wrong with the first event that does not go on from the ones before it. */
export type ChainFault =
  /** Another sequence than the next one. */
  | { readonly kind: "sequence"; readonly sequence: number; readonly expected: number }
  /** The link to the event before it in the store names another one: that event was changed, or this one does not follow it. */
  | { readonly kind: "store-link"; readonly sequence: number }
  /** The link to the event before it in its stream names another one. */
  | { readonly kind: "stream-link"; readonly sequence: number; readonly streamSequence: number }
  /** Another revision than the next one of its stream. */
  | { readonly kind: "revision"; readonly sequence: number; readonly expected: number; readonly actual: number }
  /** Earlier than the event before it. */
  | { readonly kind: "time"; readonly sequence: number }
  /** The last event is not the one that somebody vouches for: its hash is another one. */
  | { readonly kind: "anchor"; readonly sequence: number };

/** Where a chain was sound up to: what a check that goes on from there begins with. */
export interface ChainPoint {
  /** Of the last event that was looked at, 0 before the first. */
  readonly sequence: number;
  /** The hash of the event with that sequence, 32 bytes. */
  readonly hash: Uint8Array;
}

/** The last event of a stream, as far as a check has come. */
interface StreamHead {
  sequence: number;
  revision: number;
  hash: Uint8Array;
}

/**
 * Follows both links through events in ascending order, one call of `next` for each. A check that begins with the first event of a
 * store sees everything; one that begins later, after a point that somebody vouches for or at any event, cannot know the stream
 * before, so the first event it meets of each stream is taken as it is and counted in `unknownStreams`.
 *
 * A link names the event before, so nothing vouches for the last one: hold its `hash` against one that was kept elsewhere, with
 * `endsWith`. Memory is that of the streams, some 200 bytes each.
 */
export class ChainCheck {
  /** Events that were found sound. */
  eventCount = 0;
  /** Streams whose events before the range are not known. */
  unknownStreams = 0;
  readonly #hasher: EventHasher;
  readonly #streams: Map<string, StreamHead> = new Map();
  #last: ChainPoint | undefined;
  #timeUs = 0;

  /** @param after - the event before the first one that is checked; undefined when that is the first of all, or is not known. */
  constructor(hasher: EventHasher, after?: ChainPoint) {
    this.#hasher = hasher;
    this.#last = after;
  }

  /** The last event that was found sound, or the point that the check began with. */
  get last(): ChainPoint | undefined {
    return this.#last;
  }

  /** Looks at the next event: undefined when it goes on from the ones before it. Nothing may follow a fault. */
  next(record: EventRecord, sequence: number): ChainFault | undefined {
    const { bytes, start } = record;
    const last = this.#last;
    if (last !== undefined && sequence !== last.sequence + 1) {
      return { kind: "sequence", sequence, expected: last.sequence + 1 };
    }
    if (last !== undefined && !isSame(last.hash, 0, bytes, start + layoutAt.previousHash, HASH_BYTES)) {
      return { kind: "store-link", sequence };
    }
    // The first event of a store has nothing before it, and no other one has.
    if (isZero(bytes, start + layoutAt.previousHash, HASH_BYTES) !== (sequence === 1)) {
      return { kind: "store-link", sequence };
    }
    if (record.timeUs < this.#timeUs) return { kind: "time", sequence };
    const hash = this.#hasher.hashOf(record, sequence);
    const fault = this.#nextInStream(record, sequence, hash);
    if (fault !== undefined) return fault;
    this.#timeUs = record.timeUs;
    this.#last = { sequence, hash };
    this.eventCount++;
    return undefined;
  }

  /** Whether the last event is the one somebody vouches for. A point before the last one cannot be compared any more. */
  endsWith(anchor: ChainPoint): ChainFault | undefined {
    const last = this.#last;
    if (last === undefined || last.sequence !== anchor.sequence) {
      return { kind: "sequence", sequence: last?.sequence ?? 0, expected: anchor.sequence };
    }
    const holds = anchor.hash.length === HASH_BYTES && isSame(last.hash, 0, anchor.hash, 0, HASH_BYTES);
    return holds ? undefined : { kind: "anchor", sequence: last.sequence };
  }

  #nextInStream(record: EventRecord, sequence: number, hash: Uint8Array): ChainFault | undefined {
    const { revision } = record;
    const stream = `${record.lane}/${record.readEntity()}`;
    const head = this.#streams.get(stream);
    if (head === undefined) {
      const isWhole = sequence === this.eventCount + 1;
      if (isWhole && revision !== 0) return { kind: "revision", sequence, expected: 0, actual: revision };
      if (revision !== 0) this.unknownStreams++;
      this.#streams.set(stream, { sequence, revision, hash });
      return undefined;
    }
    if (revision !== head.revision + 1) {
      return { kind: "revision", sequence, expected: head.revision + 1, actual: revision };
    }
    if (!isSame(head.hash, 0, record.bytes, record.start + layoutAt.previousInStream, HASH_BYTES)) {
      return { kind: "stream-link", sequence, streamSequence: head.sequence };
    }
    head.sequence = sequence;
    head.revision = revision;
    head.hash = hash;
    return undefined;
  }
}
