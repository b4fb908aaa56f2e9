import { crc32, writeUint64 } from "@holdfast/segment-codec";
import type { Zone } from "./sdx4-columns.js";
import * as at from "./sdx4-layout.js";
import type { Sdx4Trailer } from "./sdx4-root.js";
import { sectionNames, sectionsOf, type SectionName } from "./sdx4-sections.js";
import { SidxError } from "./sidx-error.js";

/** A block of a footer, padded, and the zones that its record states. */
export interface EncodedBlock {
  readonly bytes: Uint8Array;
  readonly zones: readonly Zone[];
}

export interface EncodedSize {
  /** Zeros before the footer. */
  readonly reserveBytes: number;
  readonly maxBytes: number;
}

/**
 * Lays blocks, directory and trailer one behind the other.
 *
 * @throws {@link SidxError} `SIDX_TOO_LARGE` before memory is taken for it.
 */
export function encodeFooter(
  blocks: Readonly<Record<SectionName, readonly EncodedBlock[]>>,
  trailer: Sdx4Trailer,
  { reserveBytes, maxBytes }: EncodedSize,
): Uint8Array {
  const sections = sectionsOf(trailer.entryCount, trailer.stringCount);
  const rootBytes = sections.directoryBytes + at.TRAILER_BYTES;
  const all = sectionNames.flatMap((name) => blocks[name]);
  const sizeBytes = all.reduce((sum, { bytes }) => sum + bytes.length, rootBytes);
  if (sizeBytes > maxBytes) {
    const message = `the footer of ${trailer.entryCount} entries has ${sizeBytes} bytes, maxBytes is ${maxBytes}`;
    throw new SidxError("SIDX_TOO_LARGE", message, { expected: maxBytes, actual: sizeBytes });
  }
  const target = new Uint8Array(reserveBytes + sizeBytes);
  const view = new DataView(target.buffer);
  const root = target.length - rootBytes;
  let offset = reserveBytes;
  for (const { name, recordsOffset, recordBytes } of sections.list) {
    let record = root + recordsOffset;
    for (const { bytes, zones } of blocks[name]) {
      target.set(bytes, offset);
      view.setUint32(record + at.RECORD_LENGTH, bytes.length, true);
      view.setUint32(record + at.RECORD_CRC, crc32(bytes), true);
      zones.flat().forEach((number, index) => writeUint64(view, record + at.RECORD_ZONES + index * 8, number));
      offset += bytes.length;
      record += recordBytes;
    }
  }
  const start = target.length - at.TRAILER_BYTES;
  writeUint64(view, start + at.TRAILER_COVERED, trailer.coveredBytes);
  view.setUint32(start + at.TRAILER_ENTRY_COUNT, trailer.entryCount, true);
  view.setUint32(start + at.TRAILER_STRING_COUNT, trailer.stringCount, true);
  view.setUint32(start + at.TRAILER_SEGMENT_CRC, trailer.segmentCrc, true);
  view.setUint32(start + at.TRAILER_CHAIN, trailer.chain, true);
  view.setUint32(start + at.TRAILER_ROOT_CRC, crc32(target, root, start + at.TRAILER_ROOT_CRC), true);
  view.setUint32(start + at.TRAILER_MAGIC, at.MAGIC, true);
  return target;
}
