import type { PlaceReader, WalkPlace } from "@holdfast/wal/places";
import type { EventHasher } from "./event-hash.js";
import type { EventIndex } from "./event-index.js";
import { ID_BYTES, isSame, layoutAt } from "./event-layout.js";
import { EventRecord } from "./event-record.js";
import { mayHaveMoved } from "./moved-places.js";

export interface EventLookupOptions {
  readonly index: EventIndex;
  readonly places: PlaceReader;
  readonly hasher: EventHasher;
  /** Brings the index up to date where an event has not been found: it, and those of the same segment, may be elsewhere. */
  readonly relocate?: (sequence: number) => void;
}

/** Finds events in the log by what the index says of their places. What is found is verified, and decides. */
export class EventLookup {
  readonly index: EventIndex;
  readonly #places: PlaceReader;
  readonly #hasher: EventHasher;
  readonly #relocate: ((sequence: number) => void) | undefined;
  readonly #record = new EventRecord();

  constructor({ index, places, hasher, relocate }: EventLookupOptions) {
    this.index = index;
    this.#places = places;
    this.#hasher = hasher;
    this.#relocate = relocate;
  }

  /**
   * The event with the sequence, which the index has; lent until the next call of any method.
   *
   * @throws `WalError` `WAL_CORRUPT` where its frame is damaged, `StoreError` `STORE_CORRUPT` where its envelope is.
   */
  view(sequence: number): EventRecord {
    const [places, { index }] = [this.#places, this];
    const [segmentId, offset] = [index.segments.of(sequence), index.offsetBefore(sequence)];
    try {
      places.load(segmentId, offset, sequence);
    } catch (error) {
      this.#follow(error, sequence, segmentId, offset);
      places.load(index.segments.of(sequence), index.offsetBefore(sequence), sequence);
    }
    return this.#record.read(places.bytes, places.start, places.end);
  }

  /** The same in a record of its own, without holding the event loop while the device is read. */
  async read(sequence: number): Promise<EventRecord> {
    return new EventRecord().read(await this.#readBytes(sequence));
  }

  async #readBytes(sequence: number): Promise<Uint8Array> {
    const { index } = this;
    const [segmentId, offset] = [index.segments.of(sequence), index.offsetBefore(sequence)];
    try {
      return await this.#places.read(segmentId, offset, sequence);
    } catch (error) {
      this.#follow(error, sequence, segmentId, offset);
      return this.#places.read(index.segments.of(sequence), index.offsetBefore(sequence), sequence);
    }
  }

  /** Throws the error unless looking again may help. Of several that look at once, only the first has the segment read again. */
  #follow(error: unknown, sequence: number, segmentId: number, offset: number): void {
    if (!mayHaveMoved(error) || this.#relocate === undefined) throw error;
    const { index } = this;
    const isKnown = index.segments.of(sequence) !== segmentId || index.offsetBefore(sequence) !== offset;
    if (isKnown) return;
    try {
      this.#relocate(sequence);
    } catch {
      throw error; // of this event, while the segment may be damaged elsewhere besides
    }
  }

  /** Where the frame of the event that was viewed last ends; undefined for one that was in memory. */
  placeBehind(): WalkPlace | undefined {
    const { isPlaced, endOffset, frameLsn, span, chain } = this.#places;
    if (!isPlaced) return undefined;
    return { segmentId: this.index.segments.of(frameLsn), offset: endOffset, nextLsn: frameLsn + span, chain };
  }

  /** The hash of an event, computed. */
  hashOf(sequence: number): Uint8Array {
    return this.#hasher.hashOf(this.view(sequence), sequence);
  }

  /** Sequence of the event with this id, up to `last`; 0 when there is none. */
  findId(id: Uint8Array, last: number): number {
    return this.index.findId(id, (sequence) => {
      if (sequence > last) return false;
      const { bytes, start } = this.view(sequence);
      return isSame(bytes, start + layoutAt.id, id, 0, ID_BYTES);
    });
  }
}
