import type { Sdx4ByteColumn, Sdx4Column } from "./sdx4-row.js";

/**
 * Where every field of SDX4 lies. Integers are little-endian; docs/formats/sidx.md explains each, and ADR 0009 why it is there.
 * Every block is padded with zeros to a multiple of 8, so a footer is one too and ends where the frame around it ends.
 *
 * ```
 * | rows | event id index | entity index | strings | string index | directory | trailer |
 *
 * block of up to 1024 rows, or of up to 4096 pairs of an index
 *   0 width of each column, padded to a multiple of 8
 *   . base of each numeric column, 8 bytes
 *   . the numeric columns, distances from the base   rows: 12, see NUMERIC_COLUMNS; index: keys, places
 *   . the byte columns                               rows: 4, see BYTE_COLUMNS; index: none
 *
 * block of up to 256 strings
 *   0 length of each, 2 bytes
 *   . their bytes, UTF-8
 *
 * directory: a record for every block, in the order of the blocks
 *   0 length   4 CRC   8 zones, least and greatest number of a column, 8 bytes each
 *                        rows: the first 5 columns; index: keys; strings: none
 *
 * trailer, the last 32 bytes
 *   0 covered bytes   8 entry count   12 string count   16 CRC of the segment header   20 chain
 *  24 CRC of the directory and bytes 0 to 24   28 magic "SDX4"
 * ```
 */

/** "SDX4" as the little-endian word at the very end. */
export const MAGIC = 0x34_58_44_53;
/** From one format to the next the digit grows by one, up to "SDX9". */
export const NEXT_MAGIC = 0x01_00_00_00;
export const LAST_MAGIC = 0x39_58_44_53;

export const TRAILER_BYTES = 32;
export const TRAILER_COVERED = 0;
export const TRAILER_ENTRY_COUNT = 8;
export const TRAILER_STRING_COUNT = 12;
export const TRAILER_SEGMENT_CRC = 16;
export const TRAILER_CHAIN = 20;
export const TRAILER_ROOT_CRC = 24;
export const TRAILER_MAGIC = 28;

export const ROWS_PER_BLOCK = 1024;
export const PAIRS_PER_BLOCK = 4096;
export const STRINGS_PER_BLOCK = 256;

/** Names of entities and scopes, in bytes of UTF-8. */
export const MAX_STRING_BYTES = 1024;

/** The first ZONE_COLUMNS of them have their least and greatest number in the record of the block, so that a search can pass it by. */
export const NUMERIC_COLUMNS: readonly Sdx4Column[] = [
  "sequence",
  "scope",
  "lane",
  "kind",
  "timestampUs",
  "entity",
  "revision",
  "depth",
  "flags",
  "frameOffset",
  "frameLength",
  "batchIndex",
];
export const ZONE_COLUMNS = 5;

export const ID_BYTES = 16;
export const HASH_BYTES = 32;
export const BYTE_COLUMNS: readonly Sdx4ByteColumn[] = ["eventId", "hash", "correlationId", "causationId"];
/** All but the first may be left out of a block, with width 0. */
export const BYTE_WIDTHS: readonly number[] = [ID_BYTES, HASH_BYTES, ID_BYTES, ID_BYTES];

/** Columns of a block of an index. */
export const INDEX_KEYS = 0;
export const INDEX_PLACES = 1;

export const RECORD_LENGTH = 0;
export const RECORD_CRC = 4;
export const RECORD_ZONES = 8;
export const ZONE_BYTES = 16;

export const MAX_UINT16 = 0xffff;
export const MAX_UINT32 = 0xffff_ffff;

/** Little-endian access to bytes, wherever they lie in their buffer. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The next multiple of 8. */
export function padded(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}

// A layout edited in one place only must not load: a footer has to stay a multiple of 8.
if (TRAILER_MAGIC + 4 !== TRAILER_BYTES || TRAILER_BYTES % 8 !== 0 || BYTE_COLUMNS.length !== BYTE_WIDTHS.length) {
  throw new Error("the layout of SDX4 contradicts itself");
}
