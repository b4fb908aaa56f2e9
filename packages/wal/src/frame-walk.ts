import type { Directory } from "@holdfast/fs-seam";
import { FrameCursor, SEGMENT_HEADER_BYTES, successorAt, type SegmentHeader } from "@holdfast/segment-codec";
import { nextFrame, openSegment, type SegmentSource, type SoundSegment } from "./segment-survey.js";
import { WalError } from "./wal-error.js";

/** Where a walk over frames begins: a boundary, or the beginning of a segment. */
export interface WalkStart {
  readonly segment: SoundSegment;
  /** Absent: the segment's first frame. */
  readonly position?: { readonly offset: number; readonly nextLsn: number; readonly chain: number };
}

export interface FrameWalkOptions {
  readonly maxPayloadBytes: number;
  /** Every sound segment of the log, by ascending id. */
  readonly segments: readonly SoundSegment[];
}

/**
 * Walks over the frames of a log from segment to segment, by the rules of docs/formats/segment.md: at every boundary a later
 * segment that continues there comes first. Ends where neither a frame nor a segment follows; whoever walks knows which LSN
 * should be there, and judges that end.
 */
export class FrameWalk {
  /** The current frame. Its fields are those of the cursor, valid until the next call. */
  cursor: FrameCursor;
  segment: SoundSegment;
  readonly #directory: Directory;
  readonly #maxPayloadBytes: number;
  readonly #segments: readonly SoundSegment[];
  readonly #headers: readonly SegmentHeader[];
  /** LSNs that segments begin with, ascending, and the first of them that is not behind the walk. */
  readonly #bases: readonly number[];
  #dueBase = 0;
  #source: SegmentSource;

  constructor(directory: Directory, start: WalkStart, options: FrameWalkOptions) {
    this.#directory = directory;
    this.#maxPayloadBytes = options.maxPayloadBytes;
    this.#segments = options.segments;
    this.#headers = options.segments.map(({ header }) => header);
    this.#bases = this.#headers.map(({ baseLsn }) => baseLsn).toSorted((a, b) => a - b);
    this.segment = start.segment;
    this.#source = openSegment(directory, start.segment.file);
    this.cursor = this.#cursorAt(start.position);
  }

  /** LSN that is due behind the current frame. */
  get nextLsn(): number {
    return this.cursor.nextLsn;
  }

  /** Moves to the next frame; false at the end. */
  next(): boolean {
    for (;;) {
      const successor = this.#successor();
      if (successor === undefined) return nextFrame(this.cursor, this.segment);
      this.#enter(successor);
    }
  }

  close(): void {
    this.#source.close();
  }

  #successor(): SoundSegment | undefined {
    const { nextLsn } = this.cursor;
    let base = this.#bases[this.#dueBase] ?? Number.POSITIVE_INFINITY;
    // LSNs of a walk never go back, and stay where they are behind a frame without a record.
    while (base < nextLsn) base = this.#bases[(this.#dueBase += 1)] ?? Number.POSITIVE_INFINITY;
    if (base > nextLsn) return undefined;
    const { chain } = this.cursor;
    const { logId, segmentId } = this.segment.header;
    const header = successorAt({ logId, segmentId, nextLsn, chain }, this.#headers);
    if (header === undefined) return undefined;
    return this.#segments.find((segment) => segment.header.segmentId === header.segmentId);
  }

  #enter(segment: SoundSegment): void {
    const source = openSegment(this.#directory, segment.file);
    this.#source.close();
    this.#source = source;
    this.segment = segment;
    this.cursor = this.#cursorAt(undefined);
  }

  #cursorAt(from: WalkStart["position"]): FrameCursor {
    const options = { maxPayloadBytes: this.#maxPayloadBytes, ...(from === undefined ? {} : { from }) };
    if (this.#source.sizeBytes < (from?.offset ?? SEGMENT_HEADER_BYTES)) {
      const { file, header } = this.segment;
      const context = { file, segmentId: header.segmentId, offset: this.#source.sizeBytes };
      throw new WalError("WAL_SEGMENT_GONE", `${file} has become shorter than what was read from it`, context);
    }
    return new FrameCursor(this.#source, this.segment.header, options);
  }
}
