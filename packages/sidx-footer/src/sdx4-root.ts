import { crc32, peekUint64 } from "@holdfast/segment-codec";
import type { BlockReader } from "./sdx4-blocks.js";
import { Sdx4Directory } from "./sdx4-directory.js";
import * as at from "./sdx4-layout.js";
import { sectionsOf } from "./sdx4-sections.js";
import { SidxError, malformed } from "./sidx-error.js";

/** The numbers of the trailer. */
export interface Sdx4Trailer {
  /** The entries cover the file up to here: where the frame of the footer begins, or where a scan has to go on. */
  readonly coveredBytes: number;
  /** Events that the footer lists. */
  readonly entryCount: number;
  /** Names of entities and scopes among them. */
  readonly stringCount: number;
  /** CRC of the segment header under which the frames were written. */
  readonly segmentCrc: number;
  /** Chain of the last covered frame. */
  readonly chain: number;
}

/** What one checksum covers, and what says what every other byte has to add up to. */
export interface Sdx4Root {
  readonly trailer: Sdx4Trailer;
  readonly directory: Sdx4Directory;
}

/**
 * Reads the root of the footer at the end of a file; undefined when the file does not end in one.
 *
 * @throws {@link SidxError} `SIDX_UNSUPPORTED_VERSION`, `SIDX_OUT_OF_BOUNDS`, `SIDX_CHECKSUM_MISMATCH`, `SIDX_MALFORMED`.
 */
export function readRoot(reader: BlockReader): Sdx4Root | undefined {
  const { sizeBytes } = reader;
  const trailerOffset = sizeBytes - at.TRAILER_BYTES;
  if (trailerOffset < 0) return undefined;
  const view = at.viewOf(reader.view(trailerOffset, at.TRAILER_BYTES));
  const magic = view.getUint32(at.TRAILER_MAGIC, true);
  if (magic !== at.MAGIC) return refuseLater(magic, trailerOffset + at.TRAILER_MAGIC);
  const entryCount = view.getUint32(at.TRAILER_ENTRY_COUNT, true);
  const stringCount = view.getUint32(at.TRAILER_STRING_COUNT, true);
  const sections = sectionsOf(entryCount, stringCount);
  // Bound first, read second: a flipped bit in a count must cost one error, not four gigabytes.
  const { leastBytes, directoryBytes: length } = sections;
  if (leastBytes > sizeBytes) {
    const message = `${entryCount} entries and ${stringCount} strings take ${leastBytes} bytes, the file has ${sizeBytes}`;
    const [offset, field] = [trailerOffset + at.TRAILER_ENTRY_COUNT, "count"];
    throw new SidxError("SIDX_OUT_OF_BOUNDS", message, { offset, expected: sizeBytes, actual: leastBytes, field });
  }
  const offset = trailerOffset - length;
  const bytes = reader.view(offset, length + at.TRAILER_BYTES);
  const expected = crc32(bytes, 0, length + at.TRAILER_ROOT_CRC);
  const actual = view.getUint32(at.TRAILER_ROOT_CRC, true);
  if (actual !== expected) {
    const message = "the directory or the trailer of the footer is damaged";
    throw new SidxError("SIDX_CHECKSUM_MISMATCH", message, { offset, expected, actual, field: "directory" });
  }
  const trailer: Sdx4Trailer = {
    coveredBytes: peekUint64(view, at.TRAILER_COVERED),
    entryCount,
    stringCount,
    segmentCrc: view.getUint32(at.TRAILER_SEGMENT_CRC, true),
    chain: view.getUint32(at.TRAILER_CHAIN, true),
  };
  const directory = new Sdx4Directory(bytes.subarray(0, length), offset, sections);
  if (trailer.coveredBytes < 0) throw malformed("trailer", trailerOffset, "coveredBytes"); // above 2^53-1
  // Each entry names an entity and a scope, and no string is there for nothing.
  const strings = stringCount <= 2 * entryCount && stringCount >= Math.min(entryCount, 1);
  if (!strings) throw malformed("trailer", trailerOffset, "stringCount");
  return { trailer, directory };
}

/** A later footer is one that this code cannot read; anything else is no footer of ours. */
function refuseLater(magic: number, offset: number): undefined {
  const isLater = magic > at.MAGIC && magic <= at.LAST_MAGIC && (magic - at.MAGIC) % at.NEXT_MAGIC === 0;
  if (!isLater) return undefined;
  const message = "the file ends in a footer of a later format";
  throw new SidxError("SIDX_UNSUPPORTED_VERSION", message, { offset, expected: at.MAGIC, actual: magic });
}
