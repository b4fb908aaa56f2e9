import { FrameCursor, SEGMENT_HEADER_BYTES } from "@holdfast/segment-codec";
import type { FrameSource } from "./record-cursor.js";
import { sectionAt, sectionFrameKind, type Section, type SectionBoundary } from "./record-log-section.js";
import { nextFrame, type SegmentSource } from "./segment-survey.js";
import type { IndexedPlace } from "./sparse-index.js";
import { WalError } from "./wal-error.js";

/** Where a walk begins: behind a section's header, or at a boundary further on. */
export interface SectionStart {
  /** Where frames are read from. */
  readonly section: Section;
  /** The boundary further on; left out, behind the header. */
  readonly position?: IndexedPlace | undefined;
}

/** A section is entered for every open there ever was, and many are short. */
const WINDOW_BYTES = 64 * 1024;

/**
 * Walks over the frames of a record log, from section to section. Offsets are those of the file. Where no frame can be accepted,
 * a sound header that goes on exactly there is the next section; otherwise the walk ends, and whoever walks judges that end.
 */
export class SectionWalk implements FrameSource {
  cursor: FrameCursor;
  segment: Section;
  readonly #source: SegmentSource;
  readonly #maxPayloadBytes: number;

  /** @param source - the walk's own from now on. */
  constructor(source: SegmentSource, { section, position }: SectionStart, maxRecordBytes: number) {
    this.#source = source;
    this.#maxPayloadBytes = Math.max(maxRecordBytes, SEGMENT_HEADER_BYTES); // a section's first frame holds a header
    this.segment = section;
    this.cursor = this.#cursorAt(position);
  }

  get nextLsn(): number {
    return this.cursor.nextLsn;
  }

  /** Behind the current frame. */
  get boundary(): SectionBoundary {
    const { segment: section, cursor } = this;
    const { endOffset: offset, nextLsn } = cursor;
    // Before its first frame, a section hands on the chain that it continues from.
    const isAtHeader = offset === section.offset + SEGMENT_HEADER_BYTES;
    return { section, offset, nextLsn, chain: isAtHeader ? section.header.previousChain : cursor.chain };
  }

  /**
   * Moves to the next frame; false at the end.
   *
   * @throws {@link WalError} `WAL_FOREIGN_SEGMENT` for a file of format 2 that is no record log, `WAL_UNSUPPORTED`.
   */
  next(): boolean {
    for (;;) {
      if (nextFrame(this.cursor, this.segment)) {
        this.#checkFirst();
        return true;
      }
      const section = sectionAt(this.#source, this.boundary);
      if (section === undefined) return false;
      this.segment = section;
      this.cursor = this.#cursorAt(undefined);
    }
  }

  /** Closes the file. */
  close(): void {
    this.#source.close();
  }

  #checkFirst(): void {
    const { cursor, segment } = this;
    const isFirst = cursor.offset === segment.offset + SEGMENT_HEADER_BYTES;
    if (!isFirst || cursor.kind === sectionFrameKind) return;
    const { file, header } = segment;
    const message = `${file}: the segment at offset ${segment.offset} is none of a record log`;
    throw new WalError("WAL_FOREIGN_SEGMENT", message, { file, segmentId: header.segmentId, offset: segment.offset });
  }

  #cursorAt(position: IndexedPlace | undefined): FrameCursor {
    const { file, header, offset } = this.segment;
    // The first frame's chain continues the CRC of the header before it, and not the chain at the boundary.
    const first = { offset: offset + SEGMENT_HEADER_BYTES, nextLsn: header.baseLsn, chain: header.crc };
    const from = position === undefined || position.offset === first.offset ? first : position;
    if (this.#source.sizeBytes < from.offset) {
      const context = { file, segmentId: header.segmentId, offset: this.#source.sizeBytes };
      throw new WalError("WAL_CORRUPT", `${file} has become shorter than what was read from it`, context);
    }
    const options = { maxPayloadBytes: this.#maxPayloadBytes, windowBytes: WINDOW_BYTES, from };
    return new FrameCursor(this.#source, header, options);
  }
}
