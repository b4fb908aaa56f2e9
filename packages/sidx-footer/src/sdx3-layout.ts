/**
 * Footers of batpak segments: SDX3, which 0.9.0 writes, and SDX2, which 0.8 wrote. Everything is little-endian.
 *
 * ```
 * S                                            size-20            size-16  size-8   size-4   size
 * | names | N rows of 162 bytes | CRC-32 of both, u32, SDX3 only | S, u64 | N, u32 | magic |
 * ```
 *
 * S is where the frames end and the footer begins. The CRC covers names and rows, and S with them, because another S is another
 * range. It does not cover N; but names end where their count says, so with S and the size of the file they leave room for one N
 * alone. In SDX2 nothing is covered.
 */

export type Sdx3Format = "SDX3" | "SDX2";

/** The last four bytes of a file, as a little-endian word. */
export const SDX3_MAGIC = 0x33_58_44_53;
export const SDX2_MAGIC = 0x32_58_44_53;
/** The first three letters that every later version shares, as the low bytes of that word. */
export const SDX_PREFIX = 0x58_44_53;

/** S, N and magic. */
export const SDX3_TRAILER_BYTES = 16;
const SDX3_CRC_BYTES = 4;
export const SDX3_ROW_BYTES = 162;

/** Bytes between the last row and the trailer. */
export function checksumBytes(format: Sdx3Format): number {
  return format === "SDX3" ? SDX3_CRC_BYTES : 0;
}

/** Where each field of a row lies. */
export const rowAt = {
  eventId: 0,
  entity: 16,
  scope: 20,
  kind: 24,
  wallMs: 26,
  clock: 34,
  lane: 38,
  depth: 42,
  previousHash: 46,
  eventHash: 78,
  frameOffset: 110,
  frameLength: 118,
  globalSequence: 122,
  correlationId: 130,
  causationId: 146,
} as const;

export const ID_BYTES = 16;
export const HASH_BYTES = 32;

/** Magic and header length of a segment: no frame begins before. */
export const LEAST_FRAME_OFFSET = 8;
/** A frame's header and one byte of payload; an empty frame is none. */
export const LEAST_FRAME_BYTES = 9;
/** A frame's header and 256 MiB. */
export const MOST_FRAME_BYTES = 268_435_464;
/** Batch markers: they are no events and have no rows. */
export const MARKER_KINDS: ReadonlySet<number> = new Set([0x0006, 0x0007]);
