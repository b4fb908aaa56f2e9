import { FRAME_HEADER_BYTES } from "@holdfast/segment-codec";

/**
 * Where everything of a table lies. The normative page is docs/formats/table.md.
 *
 * ```
 * | segment header | data … | spans? | filter? | index | properties | trailer |     all but the header are frames
 * ```
 */

/** The content byte of a table's segment header. */
export const TABLE_CONTENT = 3;

/** The version of what a reader has to know of a whole table; the trailer states it. */
export const TABLE_VERSION = 1;

/** Kinds of frames in tables. 34, 35, 38, 40 and 41 are kept for range deletes, blobs, an index of indexes and parity. */
export const tableFrameKinds = { data: 33, filter: 36, index: 37, properties: 39, trailer: 42 } as const;

/** The low byte of a frame's flags is its codec; nothing else may be set. */
export const CODEC_MASK = 0xff;

/** In front of a payload that is compressed: its size before, as a u32. */
export const RAW_BYTES_FIELD = 4;

/** The largest block before compression, 65 MiB: one value with its key. A reader allocates at most this for one. */
export const MAX_BLOCK_BYTES = 0x410_0000;

/** The largest size at which a block may be said to be full. */
export const MAX_TARGET_BYTES = 0x10_0000;

/** All keys of an index together, whole, may have 256 MiB. */
export const MAX_SEPARATOR_BYTES = 0x1000_0000;

/** A table may not be larger: offsets are kept in 32 bits in memory. */
export const MAX_TABLE_BYTES = 0x7fff_ffff;

/**
 * The end of a data block: first the places of the restarts, then these.
 *
 * ```
 *  0  8  base seqno: that of the first entry     12  1  restart interval
 *  8  4  entries                                 13  1  flags: 1 = places of restarts have 4 bytes, else 2
 *                                                14  2  zero
 * ```
 */
export const blockFooter = {
  baseSeqno: 0,
  entryCount: 8,
  restartInterval: 12,
  flags: 13,
  zero: 14,
  bytes: 16,
} as const;
export const WIDE_RESTARTS = 1;

/** The byte in front of an entry's seqno: kind in the low half, how the seqno is spelled in the high one. */
export const entryTag = { kindMask: 0x0f, belowBase: 0x40, equalsBase: 0x80, reserved: 0x30 } as const;

/**
 * The payload of the trailer, the last frame. Sections are three fields: offset of the frame, its bytes, and the chain before it.
 *
 * ```
 *  0 16  properties        48  4  chain before the trailer
 * 16 16  index             52  2  version
 * 32 16  filter, or zeros  54  2  zero
 * ```
 */
export const trailerAt = {
  properties: 0,
  index: 16,
  filter: 32,
  chainBefore: 48,
  version: 52,
  zero: 54,
  bytes: 56,
} as const;
export const TRAILER_FRAME_BYTES: number = FRAME_HEADER_BYTES + trailerAt.bytes;

// A trailer is found from the end of the file, so its size may not depend on anything.
if (trailerAt.bytes % 8 !== 0 || trailerAt.zero + 2 !== trailerAt.bytes || blockFooter.zero + 2 !== blockFooter.bytes) {
  throw new Error("the layout of tables contradicts itself");
}
