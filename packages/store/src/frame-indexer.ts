import type { Directory } from "@holdfast/fs-seam";
import { openRecordWalk, type LogSegment, type RecordWalk, type WalkPlace } from "@holdfast/wal/places";
import type { EventIndex } from "./event-index.js";
import { EventRecord } from "./event-record.js";
import { mayHaveMoved } from "./moved-places.js";
import { StoreError } from "./store-error.js";

/**
 * Fills an index from the frames of the log, every one of them verified. Called again, it goes on behind the last frame it has seen;
 * where an open of the log has written events again to another segment, it notes their places anew.
 */
export class FrameIndexer {
  readonly #directory: Directory;
  readonly #maxRecordBytes: number;
  readonly #record = new EventRecord();
  #behind: WalkPlace | undefined = undefined;

  constructor(directory: Directory, maxRecordBytes: number) {
    this.#directory = directory;
    this.#maxRecordBytes = maxRecordBytes;
  }

  /**
   * Brings the index up to the last event of these segments.
   *
   * @throws `WalError` `WAL_CORRUPT` for a damaged frame, `StoreError` for events that do not follow one another.
   */
  catchUp(index: EventIndex, segments: readonly LogSegment[]): void {
    try {
      this.#readOn(index, segments);
    } catch (error) {
      if (this.#behind === undefined || !mayHaveMoved(error)) throw error;
      this.#behind = undefined; // retention has written the segment again in which the last look ended
      this.#readOn(index, segments);
    }
  }

  /** Notes anew where the events of a segment are: of the one that holds this event. */
  relocate(index: EventIndex, segments: readonly LogSegment[], sequence: number): void {
    const segment = segments.find(({ segmentId }) => segmentId === index.segments.of(sequence));
    if (segment === undefined) return;
    const [directory, maxRecordBytes] = [this.#directory, this.#maxRecordBytes];
    const to = Math.min(segment.lastLsn, index.lastSequence);
    const walk = openRecordWalk({ directory, segments: [segment], to, maxRecordBytes });
    try {
      while (walk.next()) index.columns.moveFrame(walk.lsn - 1, walk.offset);
    } finally {
      walk.close();
    }
    index.segments.noteRewritten();
  }

  #readOn(index: EventIndex, segments: readonly LogSegment[]): void {
    const walk = this.#walk(index, segments);
    if (walk !== undefined) this.#follow(walk, index);
  }

  /** Adds the events of a segment that has some, which are the next ones of the index. Throws as {@link catchUp} does. */
  addSegment(index: EventIndex, segment: LogSegment): void {
    const [directory, maxRecordBytes] = [this.#directory, this.#maxRecordBytes];
    this.#follow(openRecordWalk({ directory, segments: [segment], maxRecordBytes }), index);
  }

  /** The index has come up to this boundary by other ways. */
  goOnBehind(place: WalkPlace): void {
    this.#behind = place;
  }

  #follow(walk: RecordWalk, index: EventIndex): void {
    try {
      while (walk.next()) this.#take(walk, index);
      if (walk.lsn > 0) this.#behind = placeBehind(walk);
    } finally {
      walk.close();
    }
  }

  #walk(index: EventIndex, segments: readonly LogSegment[]): RecordWalk | undefined {
    const log = { directory: this.#directory, segments, maxRecordBytes: this.#maxRecordBytes };
    const moved = segments.find(({ baseLsn, segmentId }) => {
      return baseLsn <= index.lastSequence && index.segments.of(baseLsn) !== segmentId;
    });
    if (moved !== undefined) return openRecordWalk({ ...log, from: moved.baseLsn });
    const behind = this.#behind;
    if (behind !== undefined && segments.some(({ segmentId }) => segmentId === behind.segmentId)) {
      return openRecordWalk({ ...log, behind });
    }
    // Nothing was read yet, or the segment that was to be written to next has been replaced before anything was.
    const from = index.lastSequence + 1;
    return from > (segments.at(-1)?.lastLsn ?? 0) ? undefined : openRecordWalk({ ...log, from });
  }

  #take(walk: RecordWalk, index: EventIndex): void {
    const { lsn, segmentId, offset } = walk;
    if (lsn <= index.lastSequence) {
      if (index.segments.of(lsn) !== segmentId) index.segments.replace(segmentId, lsn);
      index.columns.moveFrame(lsn - 1, offset);
      return;
    }
    try {
      index.add(this.#record.read(walk.bytes, walk.start, walk.end), lsn, walk);
    } catch (error) {
      throw error instanceof StoreError ? located(error, walk) : error;
    }
  }
}

function placeBehind({ segmentId, endOffset, frameLsn, span, chain }: RecordWalk): WalkPlace {
  return { segmentId, offset: endOffset, nextLsn: frameLsn + span, chain };
}

/** The same error, with the event it is about. */
function located(error: StoreError, { lsn, segmentId, offset }: RecordWalk): StoreError {
  const message = `event ${lsn}, in the frame at ${offset} of segment ${segmentId}: ${error.message}`;
  return new StoreError(
    error.code,
    message,
    { ...error.context, sequence: lsn, segmentId, frameOffset: offset },
    { cause: error },
  );
}
