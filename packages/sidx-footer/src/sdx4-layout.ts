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
 *   rows, 88 bytes      0 length   4 CRC   8 least and greatest of each of ZONE_COLUMNS, 8 bytes each
 *   index, 16 bytes     0 length   4 CRC   8 first key   12 last key
 *   strings, 8 bytes    0 length   4 CRC
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

export const NUMERIC_COLUMNS: readonly Sdx4Column[] = [
  "sequence",
  "frameOffset",
  "frameLength",
  "batchIndex",
  "entity",
  "scope",
  "revision",
  "lane",
  "depth",
  "kind",
  "timestampUs",
  "flags",
];

export const ID_BYTES = 16;
export const HASH_BYTES = 32;
export const BYTE_COLUMNS: readonly Sdx4ByteColumn[] = ["eventId", "hash", "correlationId", "causationId"];
/** All but the first may be left out of a block, with width 0. */
export const BYTE_WIDTHS: readonly number[] = [ID_BYTES, HASH_BYTES, ID_BYTES, ID_BYTES];

/** Columns of a block of an index. */
export const INDEX_KEYS = 0;
export const INDEX_PLACES = 1;

/** The first 8 bytes of every record. */
export const RECORD_LENGTH = 0;
export const RECORD_CRC = 4;
/** A block of rows also says what it holds at least and at most, so that a search can pass it by. */
export const ROW_RECORD_BYTES = 88;
export const ROW_RECORD_ZONES = 8;
export const ZONE_COLUMNS: readonly ["sequence", "scope", "lane", "kind", "timestampUs"] = [
  "sequence",
  "scope",
  "lane",
  "kind",
  "timestampUs",
];
export const INDEX_RECORD_BYTES = 16;
export const INDEX_RECORD_FIRST_KEY = 8;
export const INDEX_RECORD_LAST_KEY = 12;
export const STRING_RECORD_BYTES = 8;

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

// A layout edited in one place only must not load: a footer has to stay a multiple of 8, and its records to fill theirs.
if (
  TRAILER_MAGIC + 4 !== TRAILER_BYTES ||
  ROW_RECORD_ZONES + ZONE_COLUMNS.length * 16 !== ROW_RECORD_BYTES ||
  BYTE_COLUMNS.length !== BYTE_WIDTHS.length
) {
  throw new Error("the layout of SDX4 contradicts itself");
}
