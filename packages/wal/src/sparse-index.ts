/** A place between two frames of a segment, as a walk needs it to begin there. */
export interface IndexedPlace {
  readonly offset: number;
  /** LSN of the next record there. */
  readonly nextLsn: number;
  readonly chain: number;
}

/** Bytes between two places that are remembered at least. */
const STEP_BYTES = 1024 * 1024;

/**
 * Remembers a place for every megabyte or so that was written or read, so that reading from an LSN need not begin at the
 * beginning of its segment. Costs some hundred bytes for each megabyte of log; nothing depends on what it holds.
 */
export class SparseIndex {
  readonly #segments = new Map<number, IndexedPlace[]>();

  /** Remembers a place, unless it is close behind the last one of its segment. */
  add(segmentId: number, place: IndexedPlace): void {
    let places = this.#segments.get(segmentId);
    if (places === undefined) this.#segments.set(segmentId, (places = []));
    if (place.offset >= (places.at(-1)?.offset ?? 0) + STEP_BYTES) places.push(place);
  }

  /** The last place of the segment from which a record with this LSN is still ahead, or undefined for the segment's beginning. */
  before(segmentId: number, lsn: number): IndexedPlace | undefined {
    return this.#segments.get(segmentId)?.findLast(({ nextLsn }) => nextLsn <= lsn);
  }

  /** Forgets a segment that is gone. */
  remove(segmentId: number): void {
    this.#segments.delete(segmentId);
  }
}
