import {
  FrameEncoder,
  SEGMENT_HEADER_BYTES,
  continuesFrom,
  encodeSegmentHeader,
  frameBytes,
  inspectSegmentHeader,
  type SegmentHeader,
  type SegmentIdentity,
} from "@holdfast/segment-codec";
import type { SegmentSource } from "./segment-survey.js";
import { WalError } from "./wal-error.js";

/**
 * What one open of a record log writes to its file: the header of a segment, a frame with the same header once more, the frames
 * of its records, and when it is closed one more frame with the header. That is how the frames of a section are found whose
 * first header is damaged: without its nonce they could not be told from noise.
 */

/** Kind of the frames that hold the section's header once more; span 0. The first frame of every section is one. */
export const sectionFrameKind = 16;

/** Bytes of a section without records. */
export const SECTION_BYTES: number = SEGMENT_HEADER_BYTES + frameBytes(SEGMENT_HEADER_BYTES);

/** A part of a record log that one open has written, from its header to the next one. */
export interface Section {
  /** Name of the record log's file. */
  readonly file: string;
  /** Where the header lies in it. */
  readonly offset: number;
  /** Who the section is. */
  readonly header: SegmentHeader;
}

/** A place between two frames of a record log. */
export interface SectionBoundary {
  /** The section that the place is in. */
  readonly section: Section;
  /** Byte offset in the file. */
  readonly offset: number;
  /** LSN that the next record gets there. */
  readonly nextLsn: number;
  /** Chain of the frame before it. */
  readonly chain: number;
}

/** The first bytes of a section, and the encoder of its frames. */
export function encodeSection(identity: SegmentIdentity): {
  readonly bytes: Uint8Array;
  readonly header: SegmentHeader;
  readonly encoder: FrameEncoder;
} {
  const bytes = new Uint8Array(SECTION_BYTES);
  const header = encodeSegmentHeader(identity, bytes);
  const encoder = new FrameEncoder(header);
  const copy = bytes.slice(0, SEGMENT_HEADER_BYTES);
  encoder.append(bytes, SEGMENT_HEADER_BYTES, copy, { kind: sectionFrameKind, flags: 0, span: 0 });
  return { bytes, header, encoder };
}

/**
 * The section that goes on at a boundary, or undefined.
 *
 * @throws {@link WalError} `WAL_UNSUPPORTED` for a sound header of a later version.
 */
export function sectionAt(source: SegmentSource, boundary: SectionBoundary): Section | undefined {
  const { section, offset, nextLsn, chain } = boundary;
  if (source.sizeBytes - offset < SEGMENT_HEADER_BYTES) return undefined; // what a writer adds meanwhile is seen another time
  const bytes = new Uint8Array(SEGMENT_HEADER_BYTES);
  const outcome = inspectSegmentHeader(bytes.subarray(0, source.readAt(bytes, offset)));
  if (outcome.kind === "unsupported") throw unsupported(section.file, offset, outcome);
  if (outcome.kind !== "segment") return undefined;
  const { logId, segmentId } = section.header;
  const { header } = outcome;
  return continuesFrom(header, { logId, segmentId, nextLsn, chain })
    ? { file: section.file, offset, header }
    : undefined;
}

/**
 * The section that a file begins with.
 *
 * @throws {@link WalError} `WAL_CORRUPT`, `WAL_FOREIGN_SEGMENT`, `WAL_UNSUPPORTED`: a record log gets its name only once its
 * first section is durable, so no crash leaves a file without.
 */
export function firstSection(source: SegmentSource, file: string): Section {
  const bytes = new Uint8Array(SEGMENT_HEADER_BYTES);
  const outcome = inspectSegmentHeader(bytes.subarray(0, source.readAt(bytes, 0)));
  if (outcome.kind === "unsupported") throw unsupported(file, 0, outcome);
  if (outcome.kind !== "segment") {
    throw new WalError("WAL_CORRUPT", `${file}: the header at its beginning is ${outcome.kind}`, { file, offset: 0 });
  }
  const { header } = outcome;
  if (header.baseLsn === 1 && header.previousChain === 0) return { file, offset: 0, header };
  const message = `${file} is a segment that begins with LSN ${header.baseLsn}, and no record log`;
  throw new WalError("WAL_FOREIGN_SEGMENT", message, { file, segmentId: header.segmentId, offset: 0 });
}

function unsupported(
  file: string,
  offset: number,
  { field, value }: { readonly field: string; readonly value: number },
): WalError {
  const message = `${file}: ${field} ${value} at offset ${offset} is not known`;
  return new WalError("WAL_UNSUPPORTED", message, { file, offset, actual: value });
}
