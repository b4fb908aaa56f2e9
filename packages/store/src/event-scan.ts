import type { Directory } from "@holdfast/fs-seam";
import { openRecordWalk, type LogSegment, type RecordWalk, type WalkPlace } from "@holdfast/wal/places";
import type { EventLookup } from "./event-lookup.js";
import { EventRecord } from "./event-record.js";
import { mayHaveMoved } from "./moved-places.js";

export interface EventScanOptions {
  readonly lookup: EventLookup;
  readonly directory: Directory;
  readonly segments: () => readonly LogSegment[];
  readonly maxRecordBytes: number;
  /** The last event that is asked for. */
  readonly last: number;
}

/** So many events are walked over rather than looked up; each costs its checksum. */
const MAX_SKIPPED = 16;

/**
 * Views events in ascending order. Those that lie close together are walked to, many with one read; one that is further away is looked
 * up by its place.
 */
export class EventScan {
  readonly #options: EventScanOptions;
  readonly #record = new EventRecord();
  #walk: RecordWalk | undefined = undefined;
  #previous = Number.NEGATIVE_INFINITY;
  #behind: WalkPlace | undefined = undefined;

  constructor(options: EventScanOptions) {
    this.#options = options;
  }

  /** The event with the sequence, which is above that of the call before; lent until the next call. */
  view(sequence: number): EventRecord {
    const isNear = sequence - this.#previous <= MAX_SKIPPED;
    this.#previous = sequence;
    return (isNear ? this.#walkTo(sequence) : undefined) ?? this.#lookUp(sequence);
  }

  close(): void {
    this.#walk?.close();
    this.#walk = undefined;
  }

  #lookUp(sequence: number): EventRecord {
    this.close();
    const record = this.#options.lookup.view(sequence);
    this.#behind = this.#options.lookup.placeBehind();
    return record;
  }

  /** Undefined where no walk leads: inside the frame that was looked up, and where the files have been replaced. */
  #walkTo(sequence: number): EventRecord | undefined {
    const behind = this.#behind;
    if (behind === undefined || sequence < behind.nextLsn) return undefined;
    try {
      const walk = (this.#walk ??= this.#begin(behind));
      while (walk.lsn < sequence) if (!walk.next()) return undefined;
      return this.#record.read(walk.bytes, walk.start, walk.end);
    } catch (error) {
      if (!mayHaveMoved(error)) throw error; // the look-up decides whether it is damage
      return undefined;
    }
  }

  #begin(behind: WalkPlace): RecordWalk {
    const { directory, segments, maxRecordBytes, last } = this.#options;
    return openRecordWalk({ directory, segments: segments(), behind, to: last, maxRecordBytes });
  }
}
